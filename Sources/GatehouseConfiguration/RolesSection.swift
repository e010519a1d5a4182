internal import GatehouseCore
internal import Policy

/// `roles` of every file, and what can be said of them together.
struct RolesSection {
    private struct Entry {
        let definition: RoleDefinition
        let field: Field
        let reader: MappingReader
        let groups: [(value: DistinguishedName, field: Field)]
        let includes: [(value: String, field: Field)]
    }

    private var entries: [Entry] = []
    private(set) var names: Set<String> = []
    private(set) var permissions: Set<String> = []

    var definitions: [RoleDefinition] { entries.map(\.definition) }
    var namedGroups: Set<DistinguishedName> { Set(entries.flatMap(\.definition.groups)) }

    init(_ lists: [Field]) {
        for field in lists.flatMap({ $0.list() ?? [] }) {
            guard let reader = field.mapping() else { continue }
            read(reader)
        }
        checkIncludes()
        checkHolders()
    }

    /// The directory's attributes that roles ask for and that no configured name stands for.
    func extraAttributes(besides configured: [String: String]) -> Set<String> {
        Set(definitions.compactMap(\.attribute?.name).filter { configured[$0.lowercased()] == nil })
    }

    /// Groups can only be found where the directory says that groups stand.
    func checkGroups(base: DistinguishedName?, isGroupsMissing: Bool) {
        for group in entries.flatMap(\.groups) {
            if isGroupsMissing {
                group.field.refuse("no group can be found without directories[0].groups; write its \"base\"")
            } else if let base, !group.value.isWithin(base) {
                group.field.warn(
                    "this group does not stand below directories[0].groups.base (\(quoted(base.description))), so it may never be found"
                )
            }
        }
    }

    private mutating func read(_ reader: MappingReader) {
        let name = reader["name"]?.name()
        let relation = reader["relation"]?.name()
        var groups: [(value: DistinguishedName, field: Field)] = []
        for field in reader["groups"]?.filledList() ?? [] {
            if let group = field.distinguishedName() { groups.append((group, field)) }
        }
        let includes = (reader["includes"]?.texts() ?? [])
        let permissions = (reader["permissions"]?.filledList() ?? []).compactMap { $0.name() }
        self.permissions.formUnion(permissions)
        let attribute = reader["attribute"]?.mapping().flatMap(Self.attribute)
        guard let name, let nameField = reader["name"] else { return }
        guard names.insert(name).inserted else {
            nameField.refuse("there is another role of this name; a role is written once")
            return
        }
        let definition = RoleDefinition(
            name: name,
            relation: relation,
            groups: Set(groups.map(\.value)),
            attribute: attribute,
            includes: includes.map(\.value),
            permissions: permissions
        )
        entries.append(
            Entry(definition: definition, field: nameField, reader: reader, groups: groups, includes: includes)
        )
    }

    private static func attribute(_ reader: MappingReader) -> RoleDefinition.AttributeCondition? {
        let equals = reader["equals"]?.text()
        guard let field = reader["name"], let name = field.attributeName() else { return nil }
        guard !DirectorySection.reservedNames.contains(name.lowercased()) else {
            field.refuse("\(quoted(name)) is a name of the gateway's own; name an attribute of the directory")
            return nil
        }
        return equals.map { RoleDefinition.AttributeCondition(name: name, equals: $0) }
    }

    private func checkIncludes() {
        let byName = Dictionary(uniqueKeysWithValues: entries.map { ($0.definition.name, $0) })
        for entry in entries {
            for (included, field) in entry.includes {
                guard byName[included] != nil else {
                    field.refuse("there is no role \(quoted(included))\(NearestName.hint(included, among: names))")
                    continue
                }
                if let way = Self.way(from: included, to: entry.definition.name, byName) {
                    field.refuse(
                        "this role includes itself: \(([entry.definition.name] + way).joined(separator: " → ")); break the circle"
                    )
                }
            }
        }
    }

    /// Breadth first, so that the circle that is shown is the shortest.
    private static func way(from start: String, to end: String, _ byName: [String: Entry]) -> [String]? {
        var ways = [[start]]
        var seen: Set<String> = [start]
        var next = 0
        while next < ways.count {
            let way = ways[next]
            next += 1
            guard let last = way.last, last != end else { return way }
            for included in byName[last]?.definition.includes ?? []
            where included == end || seen.insert(included).inserted {
                ways.append(way + [included])
            }
        }
        return nil
    }

    private func checkHolders() {
        let included = Set(entries.flatMap(\.definition.includes))
        for entry in entries {
            let saysHow = entry.reader["groups"] != nil || entry.reader["attribute"] != nil
            if !saysHow, !included.contains(entry.definition.name) {
                entry.field.warn(
                    "nobody can hold this role: it has neither \"groups\" nor \"attribute\", and no role includes it"
                )
            }
        }
    }
}
