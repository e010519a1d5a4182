internal import Cryptography
internal import GatehouseCore

/// Names of keys in Redis (schema/redis.md). All keys of one person have that person's hash tag, so that a script may
/// touch them together in a Cluster too; a token's pointer and a ticket have no authority and lie anywhere.
struct PersonKeys: Hashable, Sendable {
    /// SHA-256 of realm and immutable id, base64url: of one length, and nobody's name in a list of keys.
    let tag: String

    init(_ subject: SubjectID) {
        tag = Base64URL.encode(SHA256.hash(Array("\(subject.realm)\0\(subject.immutableID)".utf8)))
    }

    /// A tag that was read back from Redis.
    init(tag: String) {
        self.tag = tag
    }

    func session(_ id: SessionID) -> String { "gh:{\(tag)}:s:\(id)" }
    /// Why a session ended, for as long as one of its tokens may come by.
    func tombstone(_ id: SessionID) -> String { "gh:{\(tag)}:x:\(id)" }
    /// The tickets of a session that nobody has redeemed yet, or has by now: so that there are never many.
    func tickets(_ id: SessionID) -> String { "gh:{\(tag)}:k:\(id)" }
    /// Sessions that began at this moment of Redis' clock or before are void.
    var epoch: String { "gh:{\(tag)}:epoch" }
    /// The ids of this person's sessions, by their absolute end.
    var index: String { "gh:{\(tag)}:i" }
}

/// What a key is about, as far as a cache cares.
enum KeyMeaning: Hashable, Sendable {
    case session(PersonKeys, SessionID)
    case person(PersonKeys)
    case other

    init(_ key: String) {
        guard key.hasPrefix("gh:{"), let end = key.firstIndex(of: "}") else {
            self = .other
            return
        }
        let keys = PersonKeys(tag: String(key[key.index(key.startIndex, offsetBy: 4)..<end]))
        let rest = key[key.index(after: end)...]
        if rest.hasPrefix(":s:") || rest.hasPrefix(":x:") {
            self = .session(keys, SessionID(String(rest.dropFirst(3))))
        } else {
            self = rest == ":epoch" ? .person(keys) : .other
        }
    }
}

enum RedisKeys {
    /// From a token's digest to its session: a pointer without authority, for the session's record names its tokens itself.
    static func token(_ digest: TokenDigest) -> String { "gh:t:" + Base64URL.encode(digest.bytes) }
    static func ticket(_ digest: TokenDigest) -> String { "gh:k:" + Base64URL.encode(digest.bytes) }
    /// The pointer of a token that stood in a record under this field.
    static func token(ofField field: String) -> String { "gh:t:" + field.dropFirst(2) }
    /// A token as a field of its session's record.
    static func tokenField(_ digest: TokenDigest) -> String { "t:" + Base64URL.encode(digest.bytes) }
    static let everySession = "gh:{*}:s:*"
    /// Each message is a person's tag and a session's id; or the tag, `*` for all of the person's and the moment until which.
    static let revocations = "gh:revoked"
}
