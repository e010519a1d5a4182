import Foundation
import Synchronization
import Testing

@testable import Operations

@Suite("Readiness")
struct ReadinessTests {
    private let start = ContinuousClock.now

    private enum Step: Sendable {
        case enter(Readiness.Phase)
        case redis(String?)
        case problem(String, String, String?)
        case pass(Int)
    }

    private func report(_ steps: [Step]) -> ReadinessReport {
        var state = Readiness.State(redisGrace: .seconds(30))
        var now = start
        for step in steps {
            switch step {
            case .enter(let phase): state.enter(phase)
            case .redis(let problem): state.setRedis(problem: problem, now: now)
            case .problem(let check, let name, let problem): state.set(check: check, name: name, problem: problem)
            case .pass(let milliseconds): now += .milliseconds(milliseconds)
            }
        }
        return state.report(now: now)
    }

    @Test("a node is ready while it serves, and only then")
    func phases() {
        let table: [([Step], ReadinessReport.Status)] = [
            ([], .starting),
            ([.enter(.serving)], .ready),
            ([.enter(.serving), .enter(.draining)], .draining),
            ([.enter(.draining), .enter(.serving)], .draining),
            ([.enter(.draining), .enter(.starting)], .draining),
            ([.redis("refused"), .pass(60_000)], .starting),
            ([.enter(.serving), .redis("refused"), .pass(60_000), .enter(.draining)], .draining),
        ]
        for (steps, status) in table {
            #expect(report(steps).status == status, "\(steps)")
            #expect(report(steps).httpStatus == (status == .ready ? 200 : 503))
        }
    }

    @Test("Redis may be unusable for 30 seconds, counted from the first of them")
    func redis() {
        let down: [Step] = [.enter(.serving), .redis(nil), .pass(5_000), .redis("refused")]
        let table: [([Step], ReadinessReport.Status)] = [
            ([.enter(.serving), .redis(nil), .pass(100_000)], .ready),
            (down, .ready),
            (down + [.pass(29_999)], .ready),
            (down + [.pass(30_000)], .unready),
            (down + [.pass(20_000), .redis("timed out"), .pass(10_000)], .unready),
            (down + [.pass(90_000), .redis(nil)], .ready),
            (down + [.pass(29_000), .redis(nil), .pass(1), .redis("refused"), .pass(29_000)], .ready),
            (down + [.pass(29_000), .redis(nil), .pass(1), .redis("refused"), .pass(30_000)], .unready),
        ]
        for (steps, status) in table {
            #expect(report(steps).status == status, "\(steps)")
        }
        #expect(report(down).degraded == [.init(check: "redis", name: "", problem: "refused")])
        #expect(report(down + [.redis("timed out")]).degraded.map(\.problem) == ["timed out"])
        #expect(report(down + [.redis(nil)]).degraded == [])
    }

    @Test("a directory or an upstream that is down is told, and makes nobody unready")
    func degraded() {
        let report = report([
            .enter(.serving), .problem("upstream", "wiki", "refused"), .problem("directory", "staff", "no answer"),
            .problem("directory", "partners", "no answer"), .problem("upstream", "crm", "refused"),
            .problem("upstream", "wiki", nil), .pass(1_000_000),
        ])
        #expect(report.httpStatus == 200)
        #expect(
            report.degraded.map { "\($0.check) \($0.name)" } == [
                "directory partners", "directory staff", "upstream crm",
            ]
        )
    }

    @Test("what a reload took out of the configuration is no problem any more")
    func reload() {
        var state = Readiness.State(redisGrace: .seconds(30))
        state.set(check: "directory", name: "old", problem: "gone")
        state.set(check: "directory", name: "new", problem: "slow")
        state.set(check: "upstream", name: "old", problem: "refused")
        state.keep(check: "directory", names: ["new"])
        #expect(state.report(now: start).degraded.map(\.problem) == ["slow", "refused"])
    }

    @Test("the answer is one line of JSON, whatever a problem's text is")
    func json() throws {
        let report = ReadinessReport(
            status: .ready,
            degraded: [
                .init(check: "directory", name: "staff", problem: "\"}]\n\u{1B}[31m\\ ü \u{2028}"),
                .init(check: "redis", name: "", problem: "refused"),
            ]
        )
        #expect(report.json.last == 0x0A && report.json.dropLast().allSatisfy { (0x20...0x7E).contains($0) })
        let object = try #require(try JSONSerialization.jsonObject(with: Data(report.json)) as? [String: Any])
        #expect(object["status"] as? String == "ready")
        let degraded = try #require(object["degraded"] as? [[String: String]])
        #expect(degraded[0] == ["check": "directory", "name": "staff", "problem": "\"}]\n\u{1B}[31m\\ ü \u{2028}"])
        #expect(degraded[1]["check"] == "redis")
        #expect(
            String(decoding: ReadinessReport(status: .draining, degraded: []).json, as: UTF8.self)
                == "{\"status\":\"draining\",\"degraded\":[]}\n"
        )
    }

    @Test("time comes from the clock that was handed in")
    func clock() {
        let now = Mutex(ContinuousClock.now)
        let readiness = Readiness { now.withLock { $0 } }
        readiness.enter(.serving)
        readiness.setRedis(problem: "refused")
        #expect(readiness.report.status == .ready)
        now.withLock { $0 += .seconds(30) }
        #expect(readiness.report.status == .unready)
        readiness.set(check: "audit", problem: "disk full")
        readiness.keep(check: "audit", names: [])
        readiness.setRedis(problem: nil)
        #expect(readiness.report == ReadinessReport(status: .ready, degraded: []))
    }
}
