internal import Cryptography
internal import GatehouseCore
internal import Glibc
internal import NIOPosix
internal import RedisClient

/// Where the keys that sign assertions lie, sealed under the gateway key: in Redis for all nodes, or beside the key file for
/// the one node that there is.
enum SigningKeyStore: Sendable {
    case redis(RedisClient)
    case file(String)

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What a sealed ring is sealed for.
    static let context = "signing-keys"
    private static let key = "gh:signing-keys"
    private static let limit = 64 * 1024

    /// KEYS: the ring. ARGV: what was read, what replaces it. Answers 1 when nobody was faster.
    private static let replace = RedisScript(
        """
        if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
        redis.call('SET', KEYS[1], ARGV[2])
        return 1
        """
    )

    /// - Returns: the sealed ring; `nil` where there is none yet.
    func load() async throws -> [UInt8]? {
        switch self {
        case .redis(let redis):
            return try await redis.send(RedisCommand("GET", Self.key)).bytes
        case .file(let path):
            return try await NIOThreadPool.singleton.runIfActive { try Self.read(path) }
        }
    }

    /// - Returns: whether the ring was still the old one and is the new one now.
    func replace(_ old: [UInt8]?, by new: [UInt8]) async throws -> Bool {
        switch self {
        case .redis(let redis):
            let arguments = [RedisArgument(old ?? []), RedisArgument(new)]
            return try await redis.evaluate(Self.replace, keys: [Self.key], arguments: arguments).int == 1
        case .file(let path):
            try await NIOThreadPool.singleton.runIfActive { try Self.write(new, path) }
            return true
        }
    }

    private static func read(_ path: String) throws -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure(path, "cannot be read")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw failure(path, "cannot be read") }
        return Array(bytes.prefix(count))
    }

    /// Made aside and put in its place, so that no half of it is ever read.
    private static func write(_ bytes: [UInt8], _ path: String) throws {
        let aside = "\(path).\(getpid()).new"
        _ = unsafe unlink(aside)
        let descriptor = unsafe open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path, "cannot be made") }
        defer { _ = unsafe unlink(aside) }
        let written = unsafe Glibc.write(descriptor, bytes, bytes.count)
        let isSafe = written == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isSafe, unsafe rename(aside, path) == 0 else { throw failure(path, "cannot be written") }
    }

    private static func failure(_ path: String, _ what: String) -> Failure {
        Failure(description: "\(path): \(unsafe String(cString: strerror(errno))); the signing keys \(what) there")
    }
}
