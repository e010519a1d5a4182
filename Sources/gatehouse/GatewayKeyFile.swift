internal import Cryptography
internal import GatehouseConfiguration
internal import GatehouseCore
internal import Glibc

/// The file with the gateway's own secret (`keys.file`): 32 random bytes, made with mode 0600 at the first start.
enum GatewayKeyFile {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The key of the configuration, made where there is none, and those of before.
    static func load(_ configuration: GatewayConfiguration) throws(Failure) -> GatewayKeys {
        let current = try loadOrCreate(configuration.keyFile)
        var previous: [GatewayKey] = []
        for path in configuration.previousKeyFiles { previous.append(try read(path)) }
        return GatewayKeys(current: current, previous: previous)
    }

    /// The same for a command: only `serve` makes a key, under the account that it runs as.
    static func loadExisting(_ configuration: GatewayConfiguration) throws(Failure) -> GatewayKeys {
        guard unsafe access(configuration.keyFile, F_OK) == 0 else {
            throw Failure(
                description:
                    "\(configuration.keyFile): there is no gateway key; \"gatehouse serve\" makes it at its first "
                    + "start"
            )
        }
        return try load(configuration)
    }

    static func loadOrCreate(_ path: String) throws(Failure) -> GatewayKey {
        var status = stat()
        if unsafe lstat(path, &status) != 0, errno == ENOENT { return try create(path) }
        return try read(path)
    }

    private static func read(_ path: String) throws(Failure) -> GatewayKey {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw Failure(description: "\(path): \(reason()); the gateway's key cannot be read")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Failure(description: "\(path): \(reason())") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(description: "\(path): the gateway's key is no file")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw Failure(description: "\(path): others can read the gateway's key; run \"chmod 600 \(path)\"")
        }
        var bytes = [UInt8](repeating: 0, count: GatewayKey.byteCount + 1)
        let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
        guard count == GatewayKey.byteCount, let key = GatewayKey(bytes: Array(bytes.prefix(count))) else {
            throw Failure(
                description: "\(path): the gateway's key must have \(GatewayKey.byteCount) bytes; "
                    + "remove the file and it is made anew, which ends what was sealed with the old one"
            )
        }
        return key
    }

    /// Made aside and put in place by a link, so that two first starts agree on one key.
    private static func create(_ path: String) throws(Failure) -> GatewayKey {
        let aside = "\(path).\(getpid()).new"
        _ = unsafe unlink(aside)
        let descriptor = unsafe open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Failure(description: "\(path): \(reason()); the gateway's key cannot be made there")
        }
        defer { _ = unsafe unlink(aside) }
        let bytes = RandomBytes.make(GatewayKey.byteCount)
        let written = unsafe write(descriptor, bytes, bytes.count)
        let isSafe = written == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isSafe else { throw Failure(description: "\(path): \(reason()); the gateway's key cannot be written") }
        if unsafe link(aside, path) != 0 {
            guard errno == EEXIST else {
                throw Failure(description: "\(path): \(reason()); the gateway's key cannot be made")
            }
            return try loadOrCreate(path)
        }
        guard let key = GatewayKey(bytes: bytes) else { throw Failure(description: "\(path): no key") }
        return key
    }

    private static func reason() -> String {
        unsafe String(cString: strerror(errno))
    }
}
