internal import Directory
internal import GatehouseCore
internal import Glibc
internal import Policy

/// Everything `gatehouse explain` has to say; never a secret, because nothing here has one.
struct Explanation {
    let realm: String
    let login: String
    let lookups: [PersonLookup]
    var principal: Principal?
    var verdict: RequestVerdict?

    init(realm: String, login: String, lookups: [PersonLookup]) {
        self.realm = realm
        self.login = login
        self.lookups = lookups
    }

    /// Exactly one entry, and a usable one: anything else signs nobody in.
    var person: Person? { lookups.count == 1 ? lookups[0].person : nil }

    private var finding: String? {
        switch lookups.count {
        case 0: "no entry has the name \"\(login)\""
        case 1: lookups[0].problem.map { "the entry cannot sign in: \($0.rawValue)" }
        default: "\(lookups.count) entries have the name \"\(login)\": nobody can sign in with it"
        }
    }

    func printText() {
        print("directory    \(realm)")
        for lookup in lookups {
            print("entry        \(lookup.dn)")
            print("id           \(lookup.subjectID.immutableID)")
        }
        if let finding { print("finding      \(finding)") }
        if let person {
            print("user         \(person.subject.user)")
            for name in ["name", "email", "organization"] {
                if let value = person.subject.value(of: name) {
                    print(name.padding(to: 13) + value)
                }
            }
            if person.isDisabled { print("account      locked in the directory: signing in is refused") }
        }
        for path in lookups.flatMap(\.groupPaths) {
            let steps = path.steps.map(\.description)
            print(
                "group        \(steps.last ?? "")"
                    + (path.isDirect ? "" : "  (by \(steps.dropLast().joined(separator: " > ")))")
            )
        }
        if let grants = principal?.grants {
            print("roles        \(list(grants.roles))")
            print("relations    \(list(grants.relations))")
            print("permissions  \(list(grants.permissions))")
        }
        guard let verdict else { return }
        print("application  \(verdict.app ?? "-")")
        if let path = verdict.canonicalPath { print("path         \(path)") }
        print("rule         \(verdict.rule ?? "-")")
        print("decision     \(verdict.decision)" + (verdict.reason.map { ": \($0)" } ?? ""))
        for header in verdict.headers { print("header       \(header.name): \(header.value)") }
    }

    func printJSON() {
        var text = JSONObject()
        text.add("directory", realm)
        text.add("login", login)
        text.add("entries", lookups.map(\.dn))
        text.add("id", lookups.count == 1 ? lookups[0].subjectID.immutableID : nil)
        text.add("finding", finding)
        text.add("account", person?.isDisabled == true ? "locked" : nil)
        text.add("user", person?.subject.user)
        text.add("name", person?.subject.name)
        text.add("email", person?.subject.email)
        text.add("organization", person?.subject.organization)
        text.add("groups", lookups.flatMap(\.groupPaths).map { $0.steps.map(\.description) })
        if let grants = principal?.grants {
            text.add("roles", grants.roles)
            text.add("relations", grants.relations)
            text.add("permissions", grants.permissions)
        }
        if let verdict {
            text.add("application", verdict.app)
            text.add("path", verdict.canonicalPath)
            text.add("rule", verdict.rule)
            text.add("decision", verdict.decision)
            text.add("reason", verdict.reason)
            text.add("headers", verdict.headers.map { [$0.name, $0.value] })
        }
        FileDescriptorOutput.write(text.finish(), to: STDOUT_FILENO)
    }

    private func list(_ names: [String]) -> String { names.isEmpty ? "-" : names.joined(separator: ", ") }
}

/// One JSON object of texts and lists of texts.
struct JSONObject {
    private var bytes: [UInt8] = [0x7B]

    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        key(name)
        JSONLine.appendString(value, to: &bytes)
    }

    mutating func add(_ name: String, _ values: [String]) {
        key(name)
        append(values)
    }

    mutating func add(_ name: String, _ values: [[String]]) {
        key(name)
        bytes.append(0x5B)
        for (index, list) in values.enumerated() {
            if index > 0 { bytes.append(0x2C) }
            append(list)
        }
        bytes.append(0x5D)
    }

    consuming func finish() -> [UInt8] {
        bytes.append(0x7D)
        bytes.append(0x0A)
        return bytes
    }

    private mutating func key(_ name: String) {
        if bytes.count > 1 { bytes.append(0x2C) }
        JSONLine.appendString(name, to: &bytes)
        bytes.append(0x3A)
    }

    private mutating func append(_ values: [String]) {
        bytes.append(0x5B)
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(0x2C) }
            JSONLine.appendString(value, to: &bytes)
        }
        bytes.append(0x5D)
    }
}

extension String {
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - count))
    }
}
