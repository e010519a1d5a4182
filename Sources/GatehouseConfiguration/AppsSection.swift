internal import GatehouseCore
internal import Identity
internal import Policy
internal import Proxy

/// What the rest of the file gives the applications to speak of.
struct AppSurroundings {
    let publicOrigin: Origin?
    let listen: [ListenAddress]
    /// `server.trusted_proxies` has something.
    let trustsProxies: Bool
    let roles: Set<String>
    let permissions: Set<String>
    /// Configured attribute names, in lower case.
    let attributes: Set<String>
    let directories: Set<String>

    /// Names that a path may bind or a tile may lead by.
    var pathNames: Set<String> { attributes.union(["user"]) }
    var headerNames: Set<String> { attributes.union(DirectorySection.reservedNames) }
}

/// `apps` of every file.
struct AppsSection {
    private(set) var apps: [AppPolicy] = []
    private(set) var forwarding: [ForwardingConfiguration] = []

    init(_ lists: [Field], _ surroundings: AppSurroundings) {
        var names: Set<String> = []
        var claims = SiteClaims(portal: surroundings.publicOrigin)
        for field in lists.flatMap({ $0.list() ?? [] }) {
            guard let reader = field.mapping() else { continue }
            let name = reader["name"]?.name()
            if let name, !names.insert(name).inserted {
                reader.refuse("name", "there is another app of this name; an app is written once, whole")
            }
            let sites = AppSites(reader, surroundings.publicOrigin)
            claims.add(sites, app: name ?? field.path)
            let policy = Self.policy(reader, name, sites, surroundings)
            let forwarding = Self.forwarding(reader, surroundings)
            if let policy, let forwarding {
                apps.append(policy)
                self.forwarding.append(forwarding)
            }
        }
    }

    private static func policy(
        _ reader: MappingReader,
        _ name: String?,
        _ sites: AppSites,
        _ surroundings: AppSurroundings
    ) -> AppPolicy? {
        let title = reader["title"]?.text()
        let encodedSlash = reader["encoded_slash"].map { $0.choice().flatMap(AppPolicy.EncodedSlash.init(rawValue:)) }
        let mergeSlashes = reader["merge_slashes"].map { $0.flag() }
        let directories = reader["directories"].map { Self.directories($0, surroundings) }
        let rules = RulesSection(reader["rules"], surroundings).rules
        let launch = Self.launch(reader["launch"], sites, surroundings)
        guard let name, let launch else { return nil }
        return AppPolicy(
            name: name,
            title: title ?? name,
            hosts: sites.hosts.map(\.value),
            paths: sites.paths.map(\.value),
            origins: sites.origins,
            encodedSlash: (encodedSlash ?? .refuse) ?? .refuse,
            mergeSlashes: (mergeSlashes ?? true) ?? true,
            directories: directories,
            rules: rules,
            launch: launch
        )
    }

    private static func directories(_ field: Field, _ surroundings: AppSurroundings) -> Set<String> {
        var directories: Set<String> = []
        for (name, field) in field.texts() {
            if !surroundings.directories.isEmpty, !surroundings.directories.contains(name) {
                field.refuse(
                    "there is no directory \(quoted(name))\(NearestName.hint(name, among: surroundings.directories))"
                )
            }
            directories.insert(name)
        }
        return directories
    }

    private static func launch(_ field: Field?, _ sites: AppSites, _ surroundings: AppSurroundings) -> Template? {
        guard let field else { return try? Template(sites.paths.first?.value ?? "/") }
        guard let template = field.template() else { return nil }
        let text = template.description
        guard text.hasPrefix("/"), !text.hasPrefix("//"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x5C && $0 != 0x23 })
        else {
            field.refuse(
                "\(quoted(text)) is no path on the app's host; write one that begins with one slash, as /start, percent-encoded"
            )
            return nil
        }
        field.check(template, knows: surroundings.pathNames)
        let isInside =
            sites.paths.isEmpty
            || sites.paths.contains {
                text == $0.value || text.hasPrefix($0.value + "/") || text.hasPrefix($0.value + "?")
            }
        if !isInside {
            field.refuse("this leads out of the app, whose paths are \(listed(sites.paths.map(\.value), "and"))")
        }
        return template
    }

    private static func forwarding(_ reader: MappingReader, _ surroundings: AppSurroundings) -> ForwardingConfiguration?
    {
        let headers = HeadersSection(reader["headers"]?.mapping(), surroundings).headers
        let preserveHost = reader["preserve_host"].map { $0.flag() }
        let passive = (reader["passive"]?.list() ?? []).compactMap(passive)
        let auditsPermitted = reader["audit_permitted"]?.flag()
        guard
            let upstreams = reader["upstreams"]?.filledList(
                "name the server that the app runs on, as http://10.0.0.5:8080"
            )
        else { return nil }
        for field in upstreams.dropFirst() {
            field.refuse("several upstreams are not in this version; keep one")
        }
        guard let upstream = upstream(upstreams[0], surroundings) else { return nil }
        return ForwardingConfiguration(
            upstream: upstream,
            preserveHost: (preserveHost ?? true) ?? true,
            headers: headers,
            passive: passive,
            auditsPermitted: auditsPermitted ?? false
        )
    }

    private static func passive(_ field: Field) -> PathPattern? {
        guard let text = field.text() else { return nil }
        do throws(PathPattern.Malformed) {
            let pattern = try PathPattern(text)
            guard pattern.boundAttributes.isEmpty else {
                field.refuse("whose request it is does not matter here; write \"*\" for the segment in braces")
                return nil
            }
            return pattern
        } catch {
            field.refuse(error.description)
            return nil
        }
    }

    private static func upstream(_ field: Field, _ surroundings: AppSurroundings) -> UpstreamAddress? {
        guard let text = field.text() else { return nil }
        // Not repeated in the messages: a user and a password could stand in it.
        guard !text.lowercased().hasPrefix("https://") else {
            field.refuse(
                "https to an upstream is not in this version; write http://HOST:PORT of a server that the gateway reaches safely"
            )
            return nil
        }
        guard let origin = Origin(text) else {
            field.refuse("this is no server; write http://HOST:PORT, without a user, path or anything else behind it")
            return nil
        }
        let host = origin.host.hasPrefix("[") ? String(origin.host.dropFirst().dropLast()) : origin.host
        guard !surroundings.listen.contains(where: { $0.isReached(by: host, port: origin.port) }) else {
            field.refuse(
                "this is the gateway's own address: requests would go round in a circle; name the app's server"
            )
            return nil
        }
        return UpstreamAddress(host: host, port: origin.port)
    }
}

extension Field {
    /// Reports names in braces that nothing fills.
    func check(_ template: Template, knows names: Set<String>) {
        for name in template.attributes where !names.contains(name.lowercased()) {
            refuseUnknownName(name, names)
        }
    }

    func refuseUnknownName(_ name: String, _ names: Set<String>) {
        let hint = NearestName.hint(name, among: names.sorted())
        refuse(
            hint.isEmpty
                ? "{\(name)} is not known; known are \(listed(names.sorted(), "and")); directories[0].attributes adds others"
                : "{\(name)} is not known\(hint)"
        )
    }
}
