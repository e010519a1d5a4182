internal import GatehouseCore

/// Lets a failure through once and counts the equal ones that follow from the same network, so that strangers can
/// neither fill the disk nor bury what matters. No clock in it: time comes with each call.
///
/// Equal is the same event, reason, app and network, and the same person where one is known: what befalls somebody is
/// never one of many made-up names. A network is one IPv4 address or an IPv6 /64, and whoever has no known address is one
/// network. A window begins with a failure that is let through and lasts ``length``; what was counted in it is one event at
/// its end, and the window goes on while there was something to count.
///
/// Where there is no room for one more window a person has one for "other networks", and what is then left is counted in
/// one window for each event and reason (both are words of ours). Strangers and persons have room of their own: whatever
/// strangers do takes nothing from a person.
struct FailureFolding: Sendable {
    /// Windows in which nobody is known.
    static let strangerLimit = 1024
    /// Windows in which somebody is known.
    static let personLimit = 4096
    /// Windows of one person, that for other networks not among them: somebody who signed in and has a million networks
    /// does not fill the room of all.
    static let windowsOfPersonLimit = 64

    let length: Duration
    private var windows: [Key: Window] = [:]
    /// When each window ends. All last equally long, so that they stand in the order in which they were begun.
    private var ends: ArraySlice<(time: ContinuousClock.Instant, key: Key)> = []
    private var strangers = 0
    private var persons = 0
    /// Without those for other networks.
    private var windowsOfPerson: [SubjectID: Int] = [:]

    init(length: Duration) {
        self.length = length
    }

    var nextEnd: ContinuousClock.Instant? { ends.first?.time }

    /// - Returns: whether the event is to be written now; otherwise it is counted.
    mutating func admit(_ event: AuditEvent, at time: Timestamp, now: ContinuousClock.Instant) -> Bool {
        guard event.outcome == .failure else { return true }
        let key = finestKey(of: event)
        if let index = windows.index(forKey: key) {
            windows.values[index].count(event, at: time)
            return false
        }
        windows[key] = Window()
        ends.append((now + length, key))
        changeCount(of: key, by: 1)
        return true
    }

    /// Ends the windows whose time has come.
    /// - Parameter all: ends every window, because nothing comes any more.
    /// - Returns: an event, with its time, for each that counted something; the earliest first.
    mutating func collect(
        now: ContinuousClock.Instant,
        all: Bool = false
    ) -> [(event: AuditEvent, time: Timestamp)] {
        let due = Array(ends.prefix { all || $0.time <= now })
        ends.removeFirst(due.count)
        var collected: [(event: AuditEvent, time: Timestamp)] = []
        for (_, key) in due {
            guard let window = windows[key] else { continue }
            if window.count > 0 { collected.append((window.folded(isOthers: key.source == .others), window.first)) }
            if all || window.count == 0 {
                windows[key] = nil
                changeCount(of: key, by: -1)
            } else {
                windows[key] = Window()
                ends.append((now + length, key))
            }
        }
        return collected.sorted { $0.time < $1.time }
    }

    private func finestKey(of event: AuditEvent) -> Key {
        let own = Key(event)
        for key in [own, own.fromAnywhere] where windows[key] != nil || hasRoom(for: key) { return key }
        return own.ofAnybody
    }

    private func hasRoom(for key: Key) -> Bool {
        guard let subject = key.subject else { return key.source != .others && strangers < Self.strangerLimit }
        return persons < Self.personLimit
            && (key.source == .others || windowsOfPerson[subject, default: 0] < Self.windowsOfPersonLimit)
    }

    private mutating func changeCount(of key: Key, by number: Int) {
        switch (key.subject, key.source) {
        case (nil, .network): strangers += number
        case (nil, .others): break
        case (_?, .others): persons += number
        case (let subject?, .network):
            persons += number
            let count = windowsOfPerson[subject, default: 0] + number
            windowsOfPerson[subject] = count == 0 ? nil : count
        }
    }
}

extension FailureFolding {
    fileprivate enum Source: Hashable {
        case network(SourceAddress?)
        case others
    }

    /// What the failures of a window have in common.
    fileprivate struct Key: Hashable {
        let name: AuditEvent.Name
        let reason: String?
        var app: String?
        var source: Source
        var subject: SubjectID?
        var login: String?

        init(_ event: AuditEvent) {
            name = event.name
            reason = event.reason
            app = event.app
            source = .network(event.address?.network)
            subject = event.subject
            // Nobody was looked up for a locked name, and it may be a person's. Names that are locked are few: each has
            // cost its network some of the failures that it may have.
            if event.name == .signInLocked, event.reason == "account_throttled" { login = event.login }
        }

        /// The person's window for other networks.
        var fromAnywhere: Key {
            var key = self
            key.app = nil
            key.login = nil
            key.source = .others
            return key
        }

        var ofAnybody: Key {
            var key = fromAnywhere
            key.subject = nil
            return key
        }
    }
}
