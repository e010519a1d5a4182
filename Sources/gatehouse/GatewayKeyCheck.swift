internal import Cryptography
internal import NIOCore
internal import RedisClient
internal import Synchronization

/// All nodes have the same gateway key: the first one leaves the key's digest in Redis, the others compare. A node with
/// another key could read nothing of what the others sealed, and its forms and tickets would fail on them.
final class GatewayKeyCheck: Sendable {
    private static let key = "gh:key-digest"

    /// KEYS: the digests. ARGV: ours, then those of keys before. What is there is the same list of the node with the newest
    /// key: whoever is in it belongs to the others, and whoever knows its first as a key of before brings a newer one.
    /// Answers the first where neither is so.
    private static let script = RedisScript(
        """
        local ours = table.concat(ARGV, ' ')
        local found = redis.call('GET', KEYS[1])
        if found then
            local first, isListed, isOurs = string.match(found, '%S+'), false, false
            for digest in string.gmatch(found, '%S+') do isListed = isListed or digest == ARGV[1] end
            for i = 1, #ARGV do isOurs = isOurs or first == ARGV[i] end
            if isListed and (not isOurs or first == ARGV[1] and #found >= #ours) then return '' end
            if not isOurs then return first or '-' end
        end
        redis.call('SET', KEYS[1], ours)
        return ''
        """
    )

    private let keys: GatewayKeys
    private let file: String
    private let wasRefused = Atomic(false)

    init(keys: GatewayKeys, file: String) {
        self.keys = keys
        self.file = file
    }

    /// Leaves our digest where there is none; a node that was refused once never does. Fails with a ``RedisError`` that is `misconfigured` where the nodes differ.
    func check(_ connection: RedisConnection) -> EventLoopFuture<Void> {
        if wasRefused.load(ordering: .relaxed) { return compare(connection) }
        return connection.evaluate(Self.script, keys: [Self.key], arguments: digests.map { RedisArgument($0) })
            .flatMapThrowing { [self] value in
                guard let theirs = value.text else {
                    throw RedisError(.protocolViolation, "The key's digest is no text.")
                }
                guard theirs.isEmpty else { throw difference(theirs) }
            }
    }

    /// The same, and changes nothing.
    func compare(_ connection: RedisConnection) -> EventLoopFuture<Void> {
        connection.send(RedisCommand("GET", Self.key)).flatMapThrowing { [self] value in
            let theirs = (value.text ?? "").split(separator: " ").map(String.init)
            guard let first = theirs.first, !theirs.contains(keys.current.digest), !digests.contains(first) else {
                return
            }
            throw difference(first)
        }
    }

    /// Ours, then those of keys before.
    private var digests: [String] { ([keys.current] + keys.previous).map(\.digest) }

    private func difference(_ theirs: String) -> RedisError {
        wasRefused.store(true, ordering: .relaxed)
        return RedisError(
            .misconfigured,
            "The gateway key in \(file) has the digest \(keys.current.digest); the nodes that share this Redis have "
                + "\(theirs). Copy their key file here; after a rotation, name the key of before in \"keys.previous\"."
        )
    }
}
