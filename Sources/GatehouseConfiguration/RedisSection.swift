internal import GatehouseCore
internal import RedisClient

/// `redis`: the store that nodes share.
struct RedisSection {
    /// `nil` where a problem was reported.
    private(set) var configuration: RedisConfiguration?

    private static let defaultPort: UInt16 = 6379
    private static let form = "write redis://HOST:PORT/DATABASE or unix:/run/redis/redis.sock, and nothing behind it"

    private struct Place {
        var address: RedisConfiguration.Address
        var database: Int
        var user: String?
    }

    init(_ reader: MappingReader, environment: [String: String]) {
        let place = reader["url"].flatMap(Self.place)
        let user = reader["user"].map { $0.text() }
        let password = reader["password"].map { $0.secret(environment: environment) }
        if user != nil, place?.user != nil {
            reader.refuse("user", "\"url\" names a user already; keep one of them")
        }
        if password == nil, user != nil || place?.user != nil {
            reader.refuse(
                user != nil ? "user" : "url",
                "a user needs a password; write \"password: { file: PATH }\", or leave the user out"
            )
        }
        guard let place, (user ?? "") != nil, (password ?? Secret([])) != nil else { return }
        configuration = RedisConfiguration(
            topology: .single(place.address),
            user: (user ?? nil) ?? place.user,
            password: password ?? nil,
            database: place.database
        )
    }

    /// Whatever is wrong with the text, it is not repeated: a password could stand in it.
    private static func place(_ field: Field) -> Place? {
        guard let text = field.text() else { return nil }
        let lower = text.lowercased()
        if lower.hasPrefix("rediss:") {
            field.refuse(
                "Redis over TLS (\"rediss://\") is not in this version; write redis:// of a server that the gateway reaches safely, "
                    + "or a Unix socket"
            )
            return nil
        }
        if lower.hasPrefix("unix:") { return socket(text.dropFirst(5), field) }
        guard lower.hasPrefix("redis://") else {
            field.refuse("this is no address of Redis; \(form)")
            return nil
        }
        return server(text.dropFirst(8), field)
    }

    /// `[USER@]HOST[:PORT][/DATABASE]`
    private static func server(_ rest: Substring, _ field: Field) -> Place? {
        var rest = rest
        var user: String?
        // The last one: a password may have an "@" of its own.
        if let at = rest.lastIndex(of: "@") {
            let name = rest[..<at]
            guard !name.contains(":") else {
                field.refuse(
                    "a password never stands in the url; take it out, write \"password: { file: PATH }\" or "
                        + "\"password: { env: NAME }\", and change it if others could read this file"
                )
                return nil
            }
            guard !name.isEmpty, name.utf8.allSatisfy(isPlain) else {
                field.refuse("a user with such a name does not stand in the url; write it as \"user\" beside it")
                return nil
            }
            user = String(name)
            rest = rest[rest.index(after: at)...]
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        guard let (host, port) = HostName.split(authority: rest[..<slash]),
            let database = database(rest[slash...].dropFirst())
        else {
            field.refuse("this is no address of Redis; \(form)")
            return nil
        }
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        if bare != "localhost", SourceAddress(bare)?.isLoopback != true {
            field.warn(
                "what is kept in Redis, and its password, cross the network in plain text; let nobody else be on it"
            )
        }
        return Place(address: .tcp(host: bare, port: port ?? defaultPort), database: database, user: user)
    }

    /// `/PATH[?db=DATABASE]`
    private static func socket(_ rest: Substring, _ field: Field) -> Place? {
        let mark = rest.firstIndex(of: "?") ?? rest.endIndex
        let query = rest[mark...]
        guard query.isEmpty || query.hasPrefix("?db="), let database = database(query.dropFirst(4)) else {
            field.refuse("behind the path of the socket \"?db=DATABASE\" may stand, and nothing else")
            return nil
        }
        // "unix:///run/redis.sock" is how other programs write it.
        let path = rest[..<mark]
        guard let path = field.unixSocket(path.hasPrefix("///") ? path.dropFirst(2) : path) else { return nil }
        return Place(address: .unixSocket(path: path), database: database, user: nil)
    }

    /// Nothing is 0; four digits at most, as no Redis has more databases.
    private static func database(_ digits: Substring) -> Int? {
        guard digits.utf8.count <= 4, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.isEmpty ? 0 : Int(digits)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }
}
