internal import GatehouseCore

extension AuditEvent {
    /// What one value may take in a line, in bytes as they are written (an escaped character has six). With at most
    /// ``detailLimit`` details no line of a ``trimmed`` event reaches ``AuditChain/lineLimit``, whatever a client sent.
    private static let valueLimit = 1024
    private static let longValueLimit = 4096
    private static let detailLimit = 8

    /// The event with values that are not longer than a line may show. Done before it waits anywhere.
    var trimmed: AuditEvent {
        func cut(_ value: String?) -> String? { value.map { Self.cut($0, to: Self.valueLimit) } }
        var event = self
        event.reason = cut(reason)
        event.subject = subject.map { subject in
            SubjectID(realm: cut(subject.realm) ?? "", immutableID: cut(subject.immutableID) ?? "")
        }
        event.login = cut(login)
        event.directory = cut(directory)
        event.app = cut(app)
        event.method = cut(method)
        event.path = path.map { Self.cut($0, to: Self.longValueLimit) }
        event.userAgent = cut(userAgent)
        event.session = session.map { SessionID(Self.cut($0.description, to: Self.valueLimit)) }
        event.details = details.prefix(Self.detailLimit).map { detail in
            detail.isNumber ? detail : Detail(detail.name, Self.cut(detail.value, to: Self.longValueLimit))
        }
        return event
    }

    /// The members of the contract in its order, then the details; absent ones are left out.
    func addMembers(to line: inout JSONLine) {
        line.add("event", name.rawValue)
        line.add("outcome", outcome.rawValue)
        line.add("reason", reason)
        line.add("subject", subject?.description)
        line.add("login", login)
        line.add("directory", directory)
        line.add("app", app)
        line.add("method", method)
        line.add("path", path)
        line.add("rule", rule.map(Int64.init))
        line.add("ip", address?.description)
        line.add("user_agent", userAgent)
        line.add("request_id", requestID?.description)
        line.add("session", session?.description)
        for detail in details {
            if detail.isNumber, let number = Int64(detail.value) {
                line.add(dynamic: detail.name, number)
            } else {
                line.add(dynamic: detail.name, detail.value)
            }
        }
    }

    /// The text, or its beginning and `…` where its escaped form has more bytes than `limit`.
    static func cut(_ text: String, to limit: Int) -> String {
        if text.utf8.count * 6 <= limit { return text }
        var size = 0
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            size += escapedSize(scalar)
            if size > limit - 6 { break }
            kept.append(scalar)
        }
        return kept.count == text.unicodeScalars.count ? text : String(kept) + "\u{2026}"
    }

    private static func escapedSize(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x22, 0x5C: 2
        case 0x20...0x7E: 1
        case 0...0xFFFF: 6
        default: 12
        }
    }

    /// What the event holds in memory while it waits, in bytes and on the high side.
    var memorySize: Int {
        let texts = [
            reason, subject?.realm, subject?.immutableID, login, directory, app, method, path, userAgent,
            session?.description,
        ]
        return texts.reduce(512) { $0 + ($1?.utf8.count ?? 0) }
            + details.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 64 }
    }
}
