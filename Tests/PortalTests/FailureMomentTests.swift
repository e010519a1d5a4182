import Testing

@testable import Portal

@Suite("The moment of failed sign-ins")
struct FailureMomentTests {
    private let now = ContinuousClock.now

    @Test("Without samples it is the least")
    func least() {
        #expect(FailureMoment().delay(at: now) == .milliseconds(250))
    }

    @Test("Fast binds do not bring it below the least")
    func fast() {
        var moment = FailureMoment()
        for _ in 0..<20 { moment.record(.milliseconds(17), realm: "staff", at: now) }
        #expect(moment.delay(at: now) == .milliseconds(250))
    }

    @Test("It is the 95th percentile of the last ten minutes")
    func percentile() {
        var moment = FailureMoment()
        for number in 1...100 { moment.record(.milliseconds(300 + number), realm: "staff", at: now) }
        #expect(moment.delay(at: now) == .milliseconds(395))
        #expect(moment.delay(at: now + .seconds(599)) == .milliseconds(395))
        #expect(moment.delay(at: now + .seconds(600)) == .milliseconds(250))
    }

    @Test("The slowest directory sets it for all")
    func realms() {
        var moment = FailureMoment()
        for _ in 0..<500 { moment.record(.milliseconds(20), realm: "staff", at: now) }
        moment.record(.milliseconds(700), realm: "partners", at: now)
        #expect(moment.delay(at: now) == .milliseconds(700))
    }

    @Test("A directory that hangs does not hold people for minutes")
    func most() {
        var moment = FailureMoment()
        moment.record(.seconds(40), realm: "staff", at: now)
        #expect(moment.delay(at: now) == .seconds(5))
    }

    @Test("It forgets the oldest samples when there are many")
    func bounded() {
        var moment = FailureMoment()
        for _ in 0..<512 { moment.record(.milliseconds(900), realm: "staff", at: now) }
        for _ in 0..<512 { moment.record(.milliseconds(400), realm: "staff", at: now) }
        #expect(moment.delay(at: now) == .milliseconds(400))
    }

    @Test("An answer comes no sooner than a slow bind that began when the directory was asked")
    func answer() {
        var moment = FailureMoment()
        let asked = now + .milliseconds(300)
        #expect(moment.answer(since: now, asked: asked, at: asked) == asked)
        moment.record(.milliseconds(600), realm: "staff", at: now)
        #expect(moment.answer(since: now, asked: nil, at: now) == now + .milliseconds(600))
        #expect(moment.answer(since: now, asked: asked, at: now) == now + .milliseconds(900))
    }

    @Test("The jitter is below 20 ms")
    func jitter() {
        for _ in 0..<200 {
            let jitter = FailureMoment.randomJitter()
            #expect(jitter >= .zero && jitter < .milliseconds(20))
        }
    }
}
