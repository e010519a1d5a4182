internal import GatehouseCore

/// A session as it lies in Redis: the fields of the hash `gh:{<person>}:s:<session>`, whose format is `v` (schema/redis.md).
struct SessionRecord: Sendable {
    let session: Session
    /// Of Redis' clock, in milliseconds, as are all of the record's times.
    let idle: Duration
    /// The tokens that stand for it, and the host of each.
    let tokens: [TokenDigest: String]

    static let version = "1"

    /// 1970 to 9999, in milliseconds: nothing that is reckoned with such moments overflows.
    static func isMoment(_ milliseconds: Int64) -> Bool { (0...253_402_300_799_999).contains(milliseconds) }

    /// The fields that do not depend on the moment of the beginning: name, value, name, value, …
    static func fields(_ facts: SessionFacts, _ authenticationMethods: [String], _ client: SessionClient) -> [[UInt8]] {
        var origin = NetstringWriter()
        origin.add(client.address)
        origin.add(client.userAgent)
        return [
            Array("v".utf8), Array(version.utf8), Array("client".utf8), origin.bytes, Array("amr".utf8),
            methods(authenticationMethods),
        ] + fields(facts)
    }

    static func fields(_ facts: SessionFacts) -> [[UInt8]] {
        var writer = NetstringWriter()
        let subject = facts.subject
        for text in [subject.id.realm, subject.id.immutableID, subject.user] { writer.add(text) }
        writer.add(subject.attributes.count)
        for (name, values) in subject.attributes.sorted(by: { $0.key < $1.key }) {
            writer.add(name)
            writer.add(list: values)
        }
        writer.add(list: subject.groups.map(\.description).sorted())
        return [
            Array("person".utf8), writer.bytes, Array("checked".utf8),
            Array(String(facts.checkedAt.milliseconds).utf8), Array("asked".utf8), Array(facts.digest.utf8),
        ]
    }

    static func methods(_ names: [String]) -> [UInt8] {
        var writer = NetstringWriter()
        writer.add(list: names)
        return writer.bytes
    }

    /// - Parameter fields: as HGETALL answers, by name.
    /// - Returns: `nil` for what cannot be understood: no session is better than a guess.
    init?(id: SessionID, keys: PersonKeys, fields: [String: [UInt8]]) {
        func number(_ name: String) -> Int64? {
            fields[name].flatMap { Int64(String(decoding: $0, as: UTF8.self)) }
        }
        guard fields["v"].map({ String(decoding: $0, as: UTF8.self) }) == Self.version,
            let person = fields["person"], let methods = fields["amr"], let client = fields["client"],
            let checked = number("checked"), let asked = fields["asked"], let created = number("created"),
            let absolute = number("absolute"), let idle = number("idle"), let idleEnd = number("idle_end"),
            [checked, created, absolute, idleEnd].allSatisfy(Self.isMoment),
            (1...SessionScripts.longest).contains(idle)
        else { return nil }
        do throws(NetstringReader.Malformed) {
            let subject = try Self.subject(person)
            // A record that names somebody else than its key does was not written by us.
            guard PersonKeys(subject.id) == keys else { return nil }
            var origin = NetstringReader(client)
            var names = NetstringReader(methods)
            session = Session(
                id: id,
                facts: SessionFacts(
                    subject: subject,
                    checkedAt: Timestamp(milliseconds: checked),
                    digest: String(decoding: asked, as: UTF8.self)
                ),
                authenticationMethods: try names.list(),
                client: SessionClient(address: try origin.next(), userAgent: try origin.next()),
                createdAt: Timestamp(milliseconds: created),
                absoluteEnd: Timestamp(milliseconds: absolute),
                idleEnd: Timestamp(milliseconds: idleEnd)
            )
        } catch {
            return nil
        }
        self.idle = .milliseconds(idle)
        var tokens: [TokenDigest: String] = [:]
        for (name, value) in fields where name.hasPrefix("t:") {
            guard let digest = Base64URL.decode(Array(name.utf8.dropFirst(2))), digest.count == 32 else { return nil }
            // The moment at which it was given out stands before the host.
            tokens[TokenDigest(bytes: digest)] = String(
                decoding: value.drop { $0 != 0x20 }.dropFirst(),
                as: UTF8.self
            )
        }
        self.tokens = tokens
    }

    private static func subject(_ bytes: [UInt8]) throws(NetstringReader.Malformed) -> Subject {
        var reader = NetstringReader(bytes)
        let id = SubjectID(realm: try reader.next(), immutableID: try reader.next())
        let user = try reader.next()
        var attributes: [String: [String]] = [:]
        for _ in 0..<(try reader.count()) { attributes[try reader.next()] = try reader.list() }
        var groups: Set<DistinguishedName> = []
        for text in try reader.list() {
            guard let group = DistinguishedName(text) else { throw NetstringReader.Malformed() }
            groups.insert(group)
        }
        guard reader.isAtEnd else { throw NetstringReader.Malformed() }
        return Subject(id: id, user: user, attributes: attributes, groups: groups)
    }
}
