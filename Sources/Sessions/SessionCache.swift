internal import GatehouseCore
internal import RedisClient

/// The sessions that one event loop has at hand, kept true by Redis' invalidations (docs/architecture.md, "The cache").
/// Confined to that loop; no channel and no clock inside: time and events come in, answers go out.
///
/// A read first puts a placeholder; an invalidation takes it away; a reply whose placeholder is gone is used once and not
/// kept, because what it says may be older than the invalidation that overtook it.
final class SessionCache {
    /// What is at hand of one session.
    final class Slot {
        let keys: PersonKeys
        let id: SessionID
        fileprivate(set) var entry: Entry?
        /// The read that may fill this slot.
        fileprivate var placeholder: UInt64?
        /// Those that are known to point here.
        fileprivate var tokens: Set<TokenDigest> = []
        fileprivate var usedAt = Timestamp(milliseconds: 0)
        fileprivate var touchedAt: Timestamp?

        fileprivate init(_ keys: PersonKeys, _ id: SessionID) {
            self.keys = keys
            self.id = id
        }
    }

    /// A record as it was read. Immutable but for the moment from which nobody vouches for it.
    final class Entry {
        let record: SessionRecord
        /// The ends by this node's own clock, taken from the moment at which the question was sent: never late.
        let idleEnd: Timestamp
        let absoluteEnd: Timestamp
        /// Of the tracking under which it was read.
        fileprivate let generation: UInt64
        /// When the link that kept it true was lost; `nil` while it stands.
        fileprivate(set) var unconfirmedSince: Timestamp?
        /// In bytes, about.
        fileprivate let size: Int

        fileprivate init(_ record: SessionRecord, idleEnd: Timestamp, absoluteEnd: Timestamp, generation: UInt64) {
            self.record = record
            self.idleEnd = idleEnd
            self.absoluteEnd = absoluteEnd
            self.generation = generation
            size = record.estimatedSize
        }
    }

    /// What a token points to; remembered, because a pointer never changes to another session.
    private final class Pointer {
        let slot: Slot
        let host: String
        /// The entry in which the token was last found: looked up once for each record.
        var foundIn: Entry?

        init(_ slot: Slot, _ host: String) {
            self.slot = slot
            self.host = host
        }
    }

    enum Answer {
        /// Good to decide by.
        case live(Entry, touch: (PersonKeys, SessionID)?)
        case ended(SessionEnd)
        case unknown
        /// Redis has to be asked: with the slot where the pointer is known.
        case ask(Slot?)
    }

    /// Of a session that is known and not at hand, its pointers included, about.
    private static let slotSize = 512

    /// For how long an entry that nobody vouches for may decide while Redis does not answer (docs/security-rules.md, rule 23).
    static let grace: Duration = .seconds(30)

    /// Bytes of what is at hand, estimated.
    private let limit: Int
    private var bytes = 0
    private var people: [PersonKeys: [SessionID: Slot]] = [:]
    private var pointers: [TokenDigest: Pointer] = [:]
    private var generation: UInt64 = 0
    private var isConfirmed = false
    /// The latest moment that anybody asked at.
    private var lastUse = Timestamp(milliseconds: 0)
    private var lastRead: UInt64 = 0

    private(set) var counters = SessionCacheCounters()
    /// Nothing at hand, and nothing known of anybody.
    var isEmpty: Bool { people.isEmpty && pointers.isEmpty && bytes == 0 }

    init(limit: Int = 32 * 1024 * 1024) {
        self.limit = limit
    }

    // MARK: Looking up

    func find(_ token: TokenDigest, host: String, touching: Bool, at now: Timestamp) -> Answer {
        lastUse = now
        guard let pointer = pointers[token] else { return .ask(nil) }
        guard pointer.host == host else { return .unknown }
        guard isConfirmed, let entry = pointer.slot.entry, entry.generation == generation else {
            return .ask(pointer.slot)
        }
        counters.hits &+= 1
        pointer.slot.usedAt = now
        return judge(entry, pointer, token, touching: touching, at: now)
    }

    /// The same while Redis does not answer.
    /// - Returns: `nil` where nothing is at hand that may still decide.
    func findUnconfirmed(_ token: TokenDigest, host: String, at now: Timestamp) -> SessionLookup? {
        guard let pointer = pointers[token], pointer.host == host, let entry = pointer.slot.entry else { return nil }
        if let since = entry.unconfirmedSince, now - since >= Self.grace { return nil }
        if entry.unconfirmedSince != nil { counters.unconfirmed &+= 1 }
        return switch judge(entry, pointer, token, touching: false, at: now) {
        case .live(let entry, _): .live(entry.record.session)
        case .ended(let cause): .ended(cause)
        case .unknown: .unknown
        case .ask: nil
        }
    }

    private func judge(
        _ entry: Entry,
        _ pointer: Pointer,
        _ token: TokenDigest,
        touching: Bool,
        at now: Timestamp
    ) -> Answer {
        if pointer.foundIn !== entry {
            guard entry.record.tokens[token] == pointer.host else { return .ended(.replaced) }
            pointer.foundIn = entry
        }
        if now >= entry.absoluteEnd { return .ended(.absolute) }
        if now >= entry.idleEnd { return .ended(.idle) }
        let moves = touching && min(entry.absoluteEnd, now + entry.record.idle) - entry.idleEnd >= entry.leastMove
        return .live(entry, touch: moves ? (pointer.slot.keys, pointer.slot.id) : nil)
    }

    /// - Returns: by how much the idle end must move at least; `nil` when activity was reported a moment ago.
    func beginTouch(_ keys: PersonKeys, _ id: SessionID, at now: Timestamp) -> Duration? {
        guard let slot = people[keys]?[id], let entry = slot.entry else { return nil }
        if let touchedAt = slot.touchedAt, now - touchedAt < .seconds(5), now - touchedAt < entry.leastMove {
            return nil
        }
        slot.touchedAt = now
        return entry.leastMove
    }

    /// Where a token points to, whatever the state of that.
    func known(_ token: TokenDigest, host: String) -> Answer {
        guard let pointer = pointers[token] else { return .ask(nil) }
        return pointer.host == host ? .ask(pointer.slot) : .unknown
    }

    // MARK: Reading from Redis

    /// Announces a read of a session. What it answers may be kept if nothing happens to the session until then.
    func beginRead(_ keys: PersonKeys, _ id: SessionID) -> (slot: Slot, read: UInt64) {
        counters.misses &+= 1
        lastRead += 1
        let slot = people[keys]?[id] ?? makeSlot(keys, id)
        slot.placeholder = lastRead
        return (slot, lastRead)
    }

    /// A read that found no live session, or nothing at all. What nobody has at hand needs no slot.
    func cancelRead(_ slot: Slot, _ read: UInt64) {
        guard slot.placeholder == read else { return }
        slot.placeholder = nil
        if slot.entry == nil { drop(slot) }
    }

    func remember(_ token: TokenDigest, _ slot: Slot, host: String) {
        // An invalidation may have taken the slot away meanwhile.
        guard people[slot.keys]?[slot.id] === slot else { return }
        guard pointers[token] == nil else { return }
        pointers[token] = Pointer(slot, host)
        slot.tokens.insert(token)
    }

    /// - Parameters:
    ///   - asked: this node's clock when the question was sent.
    ///   - redisNow: Redis' clock when it answered.
    func finishRead(
        _ slot: Slot,
        _ read: UInt64,
        _ record: SessionRecord,
        asked: Timestamp,
        redisNow: Timestamp,
        at now: Timestamp
    ) {
        guard isConfirmed, slot.placeholder == read, people[slot.keys]?[slot.id] === slot else { return }
        slot.placeholder = nil
        slot.usedAt = now
        for token in slot.tokens where record.tokens[token] == nil {
            slot.tokens.remove(token)
            pointers[token] = nil
        }
        let entry = Entry(
            record,
            idleEnd: asked + (record.session.idleEnd - redisNow),
            absoluteEnd: asked + (record.session.absoluteEnd - redisNow),
            generation: generation
        )
        keep(entry, in: slot)
        if bytes > limit { evictHalf() }
    }

    // MARK: Events

    func apply(_ event: RedisTrackingEvent, at now: Timestamp) {
        switch event {
        case .invalidated(let key): invalidate(KeyMeaning(key))
        case .invalidatedAll: removeAll()
        case .confirmed:
            generation += 1
            isConfirmed = true
        case .unconfirmed:
            guard isConfirmed else { return }
            isConfirmed = false
            forEachSlot { slot in
                // What is being read may have changed without a word.
                slot.placeholder = nil
                if let entry = slot.entry, entry.unconfirmedSince == nil { entry.unconfirmedSince = now }
            }
        }
    }

    func invalidate(_ meaning: KeyMeaning) {
        switch meaning {
        case .session(let keys, let id): remove(keys, id)
        case .person(let keys): for id in (people[keys] ?? [:]).keys { remove(keys, id) }
        case .other: break
        }
    }

    private func remove(_ keys: PersonKeys, _ id: SessionID) {
        guard let slot = people[keys]?[id] else { return }
        empty(slot)
    }

    private func removeAll() { forEachSlot(empty) }

    /// The pointers stay: they say where, not whether.
    private func empty(_ slot: Slot) {
        keep(nil, in: slot)
        slot.placeholder = nil
    }

    private func keep(_ entry: Entry?, in slot: Slot) {
        bytes += (entry?.size ?? 0) - (slot.entry?.size ?? 0)
        slot.entry = entry
    }

    private func forEachSlot(_ body: (Slot) -> Void) {
        for sessions in people.values { for slot in sessions.values { body(slot) } }
    }

    // MARK: Room

    private func makeSlot(_ keys: PersonKeys, _ id: SessionID) -> Slot {
        let slot = Slot(keys, id)
        slot.usedAt = lastUse
        people[keys, default: [:]][id] = slot
        bytes += Self.slotSize
        if bytes > limit { evictHalf() }
        return slot
    }

    /// The half that was used longest ago goes. All at once: seldom, instead of a little at each request.
    private func evictHalf() {
        var moments: [Timestamp] = []
        forEachSlot { moments.append($0.usedAt) }
        moments.sort()
        let middle = moments[moments.count / 2]
        for sessions in people.values {
            for slot in sessions.values where slot.usedAt <= middle { drop(slot) }
        }
    }

    /// A read of it that is under way is used once and not kept.
    private func drop(_ slot: Slot) {
        guard people[slot.keys]?[slot.id] === slot else { return }
        keep(nil, in: slot)
        slot.placeholder = nil
        bytes -= Self.slotSize
        for token in slot.tokens { pointers[token] = nil }
        people[slot.keys]?[slot.id] = nil
        if people[slot.keys]?.isEmpty == true { people[slot.keys] = nil }
    }
}

extension SessionRecord {
    /// Objects, dictionaries and the texts in them, about.
    fileprivate var estimatedSize: Int {
        let subject = session.subject
        let texts = subject.attributes.reduce(0) {
            $0 + $1.key.utf8.count + $1.value.reduce(0) { $0 + $1.utf8.count + 32 }
        }
        let groups = subject.groups.reduce(0) { $0 + $1.description.utf8.count + 64 }
        return 1024 + texts + groups + tokens.count * 128
    }
}

extension SessionCache.Entry {
    fileprivate var leastMove: Duration { SessionTouch.least(of: record.idle) }
}
