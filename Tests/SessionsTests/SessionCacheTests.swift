import GatehouseCore
import RedisClient
import TestSupport
import Testing

@testable import Sessions

@Suite("What one loop has at hand of the sessions in Redis")
struct SessionCacheTests {
    private let cache = SessionCache(limit: 16 * 1024)
    private let clock = ManualClock()
    private let token = SessionToken.random().digest
    private static let host = "crm.test"

    init() {
        cache.apply(.confirmed, at: clock.now)
    }

    @Test("a reply that was overtaken by its invalidation is used once and not kept")
    func overtaken() throws {
        let person = Person("alice")
        let (slot, read) = cache.beginRead(person.keys, person.id)
        cache.apply(.invalidated(key: person.keys.session(person.id)), at: clock.now)
        finish(slot, read, person)
        #expect(!isAtHand(token))
        keep(person)
        #expect(isAtHand(token))
    }

    @Test(
        "whatever may have changed what a session is worth takes it away",
        arguments: ["session", "tombstone", "epoch", "everything", "loss"]
    )
    func takenAway(what: String) {
        let person = Person("alice")
        let other = Person("bob")
        let otherToken = SessionToken.random().digest
        keep(person)
        keep(other, otherToken)
        switch what {
        case "session": cache.apply(.invalidated(key: person.keys.session(person.id)), at: clock.now)
        case "tombstone": cache.apply(.invalidated(key: person.keys.tombstone(person.id)), at: clock.now)
        case "epoch": cache.apply(.invalidated(key: person.keys.epoch), at: clock.now)
        case "everything": cache.apply(.invalidatedAll, at: clock.now)
        default: cache.apply(.unconfirmed, at: clock.now)
        }
        #expect(!isAtHand(token))
        #expect(isAtHand(otherToken) == ["session", "tombstone", "epoch"].contains(what))
    }

    @Test("what was read before a loss is read again after it, and a read that the loss interrupted is not kept")
    func generations() {
        let person = Person("alice")
        keep(person)
        cache.apply(.unconfirmed, at: clock.now)
        cache.apply(.confirmed, at: clock.now)
        #expect(!isAtHand(token))
        let (slot, read) = cache.beginRead(person.keys, person.id)
        cache.apply(.unconfirmed, at: clock.now)
        finish(slot, read, person)
        cache.apply(.confirmed, at: clock.now)
        #expect(!isAtHand(token))
        keep(person)
        #expect(isAtHand(token))
    }

    @Test("in an outage an entry decides until thirty seconds after the loss, however often links come and go")
    func grace() {
        let person = Person("alice")
        keep(person)
        cache.apply(.unconfirmed, at: clock.now)
        clock.move(by: .seconds(20))
        cache.apply(.confirmed, at: clock.now)
        cache.apply(.unconfirmed, at: clock.now)
        clock.move(by: .milliseconds(9_999))
        #expect(decidesUnconfirmed(token))
        clock.move(by: .milliseconds(1))
        #expect(!decidesUnconfirmed(token))
    }

    @Test("a deletion that was heard of counts in an outage too")
    func evictedInOutage() {
        let person = Person("alice")
        keep(person)
        cache.apply(.unconfirmed, at: clock.now)
        cache.invalidate(.session(person.keys, person.id))
        #expect(!decidesUnconfirmed(token))
    }

    @Test("each entry ends by the clock of this node, taken from the moment of the question")
    func ownEnds() {
        let person = Person("alice")
        keep(person)
        clock.move(by: .seconds(899))
        #expect(isAtHand(token))
        clock.move(by: .seconds(2))
        guard case .ended(.idle) = cache.find(token, host: Self.host, touching: true, at: clock.now) else {
            Issue.record("the session did not end")
            return
        }
    }

    @Test("a token is worth nothing on another host, and none that its session does not name is worth anything")
    func tokens() {
        let person = Person("alice")
        keep(person)
        guard case .unknown = cache.find(token, host: "wiki.test", touching: false, at: clock.now) else {
            Issue.record("a token is good on another host")
            return
        }
        let stranger = SessionToken.random().digest
        let (slot, _) = cache.beginRead(person.keys, person.id)
        cache.remember(stranger, slot, host: Self.host)
        guard case .ended(.replaced) = cache.find(stranger, host: Self.host, touching: false, at: clock.now) else {
            Issue.record("a token that is not the session's is good")
            return
        }
    }

    @Test("of more sessions than there is room for, those used longest ago go")
    func room() {
        var kept: [TokenDigest] = []
        for index in 0..<20 {
            let digest = SessionToken.random().digest
            keep(Person("person-\(index)"), digest)
            kept.append(digest)
            clock.move(by: .seconds(1))
            _ = cache.find(kept[0], host: Self.host, touching: false, at: clock.now)
        }
        #expect(isAtHand(kept[0]))
        #expect(!isAtHand(kept[1]))
        #expect(isAtHand(kept[19]))
        #expect(kept.count(where: isAtHand) <= 10)
    }

    // MARK: - Words of the tests

    private struct Person {
        let id = SessionID.random()
        let subject: Subject
        var keys: PersonKeys { PersonKeys(subject.id) }

        init(_ user: String) {
            subject = Subject(id: SubjectID(realm: "staff", immutableID: user), user: user, attributes: [:], groups: [])
        }

        func record(_ token: TokenDigest, at now: Timestamp) -> SessionRecord? {
            let facts = SessionFacts(subject: subject, checkedAt: now, digest: "d")
            var fields: [String: [UInt8]] = [
                "created": Array("\(now.milliseconds)".utf8),
                "absolute": Array("\(now.milliseconds + 28_800_000)".utf8), "idle": Array("900000".utf8),
                "idle_end": Array("\(now.milliseconds + 900_000)".utf8),
                RedisKeys.tokenField(token): Array("\(now.milliseconds) \(SessionCacheTests.host)".utf8),
            ]
            let written = SessionRecord.fields(facts, ["pwd"], SessionClient())
            for index in stride(from: 0, to: written.count, by: 2) {
                fields[String(decoding: written[index], as: UTF8.self)] = written[index + 1]
            }
            return SessionRecord(id: id, keys: keys, fields: fields)
        }
    }

    private func keep(_ person: Person, _ digest: TokenDigest? = nil) {
        let (slot, read) = cache.beginRead(person.keys, person.id)
        finish(slot, read, person, digest)
    }

    private func finish(_ slot: SessionCache.Slot, _ read: UInt64, _ person: Person, _ digest: TokenDigest? = nil) {
        let now = clock.now
        guard let record = person.record(digest ?? token, at: now) else {
            Issue.record("the record cannot be read")
            return
        }
        cache.remember(digest ?? token, slot, host: Self.host)
        cache.finishRead(slot, read, record, asked: now, redisNow: now, at: now)
    }

    private func isAtHand(_ digest: TokenDigest) -> Bool {
        if case .live = cache.find(digest, host: Self.host, touching: false, at: clock.now) { true } else { false }
    }

    private func decidesUnconfirmed(_ digest: TokenDigest) -> Bool {
        if case .live? = cache.findUnconfirmed(digest, host: Self.host, at: clock.now) { true } else { false }
    }
}
