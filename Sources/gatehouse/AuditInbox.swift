internal import Audit
internal import GatehouseCore
internal import Logging
internal import Operations
internal import RedisClient
internal import Sessions

/// The way from a command to the trail of a running gateway, which alone writes its file: a list in Redis. One of the nodes
/// takes each event, and has it on record; what no node has taken yet waits there.
struct AuditInbox {
    private static let key = "gh:audit-inbox"
    /// Whose turn it is.
    private static let turn = "gh:audit-inbox-turn"
    /// For how long an event waits for a gateway, in milliseconds.
    private static let patience: Int64 = 30 * 86_400_000
    private static let interval: Duration = .milliseconds(250)

    let gateway: Gateway

    func run() async {
        guard let redis = gateway.backend.redis else { return }
        let name = Base64URL.encode(RandomBytes.make(12))
        await repeated(each: Self.interval) {
            guard redis.status.isUsable, gateway.audit.isWritable else { return }
            do throws(RedisError) { try await empty(redis, name) } catch {
                gateway.logger.debug("the inbox of the audit trail", metadata: ["error": "\(error)"])
            }
        }
    }

    /// One node at a time, and an event goes only once it is in the file: rather twice on record than never.
    private func empty(_ redis: RedisClient, _ name: String) async throws(RedisError) {
        let waiting = try await redis.send(RedisCommand("LRANGE", Self.key, "0", "99")).elements ?? []
        guard !waiting.isEmpty else { return }
        let turn = RedisCommand("SET", Self.turn, name, "NX", "PX", "5000")
        guard try await !redis.send(turn).isNull else { return }
        for value in waiting {
            guard let bytes = value.bytes else { continue }
            if let revocation = AdministratorRevocation(encoded: bytes) {
                do throws(AuditError) { try await gateway.audit.commit(revocation.event) } catch { return }
                gateway.metrics.sessionsRevoked(cause: SessionEnd.revoked.rawValue)
            } else {
                gateway.logger.error("an event of another version was in the inbox of the audit trail")
            }
            _ = try await redis.send(RedisCommand(words: ["LREM", RedisArgument(Self.key), "1", RedisArgument(bytes)]))
        }
        _ = try await redis.send(RedisCommand("DEL", Self.turn))
    }

    /// Leaves an event for a node to put on record. Returns when Redis has it.
    static func put(_ revocation: AdministratorRevocation, into redis: RedisClient) async throws(RedisError) {
        _ = try await redis.send(RedisCommand(words: ["RPUSH", RedisArgument(key), RedisArgument(revocation.encoded)]))
        _ = try await redis.send(RedisCommand(words: ["PEXPIRE", RedisArgument(key), RedisArgument(patience)]))
    }
}

/// An administrator ends a session.
struct AdministratorRevocation: Equatable {
    let subject: SubjectID
    let user: String
    let session: SessionID
    /// The account that ran the command.
    let by: String

    init(_ session: Session, by: String) {
        subject = session.subject.id
        user = session.subject.user
        self.session = session.id
        self.by = by
    }

    var event: AuditEvent {
        var event = AuditEvent(.sessionRevoked, outcome: .success, reason: "administrator")
        event.subject = subject
        event.login = user
        event.directory = subject.realm
        event.session = session
        event.details = [.init("by", by)]
        return event
    }

    var encoded: [UInt8] {
        var writer = NetstringWriter()
        for text in ["1", subject.realm, subject.immutableID, user, session.description, by] { writer.add(text) }
        return writer.bytes
    }

    /// - Returns: `nil` for what another version wrote, or nobody of ours.
    init?(encoded: [UInt8]) {
        var reader = NetstringReader(encoded)
        do throws(NetstringReader.Malformed) {
            guard try reader.next() == "1" else { return nil }
            subject = SubjectID(realm: try reader.next(), immutableID: try reader.next())
            user = try reader.next()
            session = SessionID(try reader.next())
            by = try reader.next()
        } catch {
            return nil
        }
    }
}
