internal import Cryptography
internal import GatehouseCore

/// A Lua script that Redis runs as a whole.
///
/// Every key that it reads or writes is named in `KEYS`: Redis tracks no other one (the cache would not hear of its
/// change), and a cluster routes by them.
package struct RedisScript: Sendable {
    /// 40 hexadecimal digits: its name in Redis' script cache.
    package let sha1: String
    private let source: String
    private let isReadOnly: Bool

    /// - Parameters:
    ///   - parts: what several scripts begin with, and the rest.
    ///   - readOnly: whether it only reads; Redis (7.0 and later) then refuses its writes, and runs it on a full server
    ///     and on a replica too.
    package init(_ parts: StaticString..., readOnly: Bool = false) {
        source = parts.map(\.description).joined()
        sha1 = Hexadecimal.encode(SHA1.hash(Array(source.utf8)))
        isReadOnly = readOnly
    }

    func byName(keys: [String], arguments: [RedisArgument]) -> RedisCommand {
        command(isReadOnly ? "EVALSHA_RO" : "EVALSHA", sha1, keys, arguments)
    }

    /// With its text, for a server that does not know it; from then on it does.
    func byText(keys: [String], arguments: [RedisArgument]) -> RedisCommand {
        command(isReadOnly ? "EVAL_RO" : "EVAL", source, keys, arguments)
    }

    private func command(
        _ name: RedisArgument,
        _ script: String,
        _ keys: [String],
        _ arguments: [RedisArgument]
    ) -> RedisCommand {
        var words: [RedisArgument] = [name, RedisArgument(script), RedisArgument(Int64(keys.count))]
        words.reserveCapacity(3 + keys.count + arguments.count)
        for key in keys { words.append(RedisArgument(key)) }
        words += arguments
        return RedisCommand(words: words)
    }
}
