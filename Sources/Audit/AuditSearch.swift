package import GatehouseCore

/// Finds lines in files of a trail. It looks at no hash: that is what ``AuditVerifier`` is for.
package struct AuditSearch: Sendable {
    /// Names of events, or a prefix with `.*` (`sign_in.*`); empty: all.
    package var events: [String] = []
    package var outcome: AuditEvent.Outcome?
    package var reason: String?
    /// A login as it would be typed, a subject (`staff/9d1f…`) or the immutable id alone.
    package var user: String?
    package var app: String?
    package var network: Network?
    /// Inclusive, both.
    package var since: Timestamp?
    package var until: Timestamp?
    package var session: String?
    package var requestID: String?

    package init() {}

    /// A line of a file.
    package struct Found: Sendable {
        package let file: String
        /// From 1.
        package let line: Int
        /// As it stands there, without its end: printable ASCII.
        package let bytes: [UInt8]
        package let record: AuditRecord
    }

    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - found: called for each line that matches, in their order.
    ///   - malformed: called with the number of each line that is none of a trail.
    /// - Throws: ``AuditError/Code/unreadable``.
    package func run(file path: String, found: (Found) -> Void, malformed: (Int) -> Void) throws(AuditError) {
        var reader = try AuditLineReader(path)
        var line = 0
        while let next = try reader.next() {
            line += 1
            guard case .whole(let bytes) = next, let record = AuditRecord(bytes), record.text("event") != nil else {
                malformed(line)
                continue
            }
            if matches(record) { found(Found(file: path, line: line, bytes: bytes, record: record)) }
        }
    }

    package func matches(_ record: AuditRecord) -> Bool {
        isOfEvent(record.text("event") ?? "")
            && (outcome == nil || record.text("outcome") == outcome?.rawValue)
            && (reason == nil || record.text("reason") == reason)
            && (app == nil || record.text("app") == app)
            && (session == nil || record.text("session") == session)
            && (requestID == nil || record.text("request_id")?.lowercased() == requestID?.lowercased())
            && isFromNetwork(record) && isInTime(record) && isOfUser(record)
    }

    private func isOfEvent(_ name: String) -> Bool {
        events.isEmpty
            || events.contains { event in
                event.hasSuffix(".*") ? name.hasPrefix(event.dropLast()) : name == event
            }
    }

    private func isFromNetwork(_ record: AuditRecord) -> Bool {
        guard let network else { return true }
        return record.text("ip").flatMap(SourceAddress.init).map(network.contains) ?? false
    }

    /// A folded event covers the time up to its `until`.
    private func isInTime(_ record: AuditRecord) -> Bool {
        guard since != nil || until != nil else { return true }
        guard let time = record.text("time").flatMap(MomentText.parseRFC3339) else { return false }
        let end = record.text("until").flatMap(MomentText.parseRFC3339) ?? time
        return since.map { max(time, end) >= $0 } ?? true && until.map { time <= $0 } ?? true
    }

    private func isOfUser(_ record: AuditRecord) -> Bool {
        guard let user else { return true }
        if let subject = record.text("subject"), subject == user || subject.hasSuffix("/\(user)") { return true }
        let name = FoldedName(user)?.description ?? user
        // A name may have a comma in it: the list is not taken apart.
        return record.text("login") == name
            || record.text("logins").map { ", \($0), ".contains(", \(name), ") } ?? false
    }
}
