internal import Cryptography
internal import GatehouseCore

extension RealmConfiguration {
    /// Names what is asked of the directory about a person: which entries, attributes and groups. Facts that were read
    /// under another digest may lack what a role or a header needs now, so the person is read anew before the next
    /// decision (docs/architecture.md, "The session"). The same on every node that has the same file.
    package var factsDigest: String {
        var parts = [
            name, dialect.rawValue, user.description, users.base.description, users.filter,
            groups?.base.description ?? "", groups?.membership.rawValue ?? "", groups.map { "\($0.nested)" } ?? "",
        ]
        parts += attributes.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        parts.append("extra")
        parts += extraAttributes.sorted()
        parts.append("groups")
        parts += namedGroups.map(\.description).sorted()
        // Each with its length, so that no two lists read alike.
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined()
        return Base64URL.encode(Array(SHA256.hash(Array(text.utf8)).prefix(12)))
    }
}
