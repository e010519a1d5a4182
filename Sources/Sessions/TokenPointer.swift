internal import GatehouseCore

/// What `gh:t:<digest>` says.
enum TokenPointer: Sendable, Equatable {
    case session(PersonKeys, SessionID, host: String)
    /// The token alone was given back; its session may go on elsewhere.
    case dropped(SessionEnd, host: String)

    var encoded: [UInt8] {
        var writer = NetstringWriter()
        writer.add("1")
        switch self {
        case .session(let keys, let id, let host):
            for text in ["session", keys.tag, id.description, host] { writer.add(text) }
        case .dropped(let cause, let host):
            for text in ["dropped", cause.rawValue, host] { writer.add(text) }
        }
        return writer.bytes
    }

    /// - Returns: `nil` for what another version wrote, or nobody of ours.
    init?(encoded: [UInt8]) {
        var reader = NetstringReader(encoded)
        do throws(NetstringReader.Malformed) {
            guard try reader.next() == "1" else { return nil }
            switch try reader.next() {
            case "session":
                self = .session(
                    PersonKeys(tag: try reader.next()),
                    SessionID(try reader.next()),
                    host: try reader.next()
                )
            case "dropped":
                guard let cause = SessionEnd(rawValue: try reader.next()) else { return nil }
                self = .dropped(cause, host: try reader.next())
            default: return nil
            }
        } catch {
            return nil
        }
    }

    init(session: SessionID, _ keys: PersonKeys, host: String) {
        self = .session(keys, session, host: host)
    }
}

/// What `gh:k:<digest>` says: a ticket on its way from the portal to an app host.
struct StoredTicket: Sendable {
    let keys: PersonKeys
    let session: SessionID
    let host: String
    let state: String
    let destination: String

    init(_ ticket: Ticket) {
        keys = PersonKeys(ticket.subject)
        session = ticket.session
        host = ticket.host
        state = ticket.state
        destination = ticket.destination
    }

    var encoded: [UInt8] {
        var writer = NetstringWriter()
        for text in ["1", keys.tag, session.description, host, state, destination] { writer.add(text) }
        return writer.bytes
    }

    init?(encoded: [UInt8]) {
        var reader = NetstringReader(encoded)
        do throws(NetstringReader.Malformed) {
            guard try reader.next() == "1" else { return nil }
            keys = PersonKeys(tag: try reader.next())
            session = SessionID(try reader.next())
            host = try reader.next()
            state = try reader.next()
            destination = try reader.next()
        } catch {
            return nil
        }
    }
}
