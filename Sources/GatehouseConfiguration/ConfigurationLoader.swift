internal import Directory
internal import Policy

/// Reads a configuration from its files. Everything that is wrong is found at once; a configuration is taken whole or not
/// at all.
package enum ConfigurationLoader {
    private static let fileLimit = 1024 * 1024
    private static let includeLimit = 1000

    /// - Parameters:
    ///   - path: of the main file.
    ///   - environment: where `{ env: NAME }` is looked up.
    package static func load(
        path: String,
        environment: [String: String]
    ) -> Result<GatewayConfiguration, ConfigurationProblems> {
        let problems = ProblemLog()
        let start = Field(
            node: SourceNode(position: SourcePosition(file: path, line: 1, column: 1), value: .list([])),
            path: "",
            kind: .mapping(.main),
            problems: problems
        )
        var files = [path]
        var configuration: GatewayConfiguration?
        if let root = read(path, table: .main, for: start) {
            configuration = decode(root, files: &files, environment: environment)
        }
        let found = problems.sorted(by: files)
        guard !problems.hasErrors, var configuration else { return .failure(ConfigurationProblems(problems: found)) }
        configuration.warnings = found
        return .success(configuration)
    }

    /// - Parameter place: where the file was named: an unreadable one is reported there.
    private static func read(_ path: String, table: KeyTable, for place: Field) -> MappingReader? {
        let content: ConfigurationFile.Content
        do throws(ConfigurationFile.Failure) {
            content = try ConfigurationFile.read(path, limit: fileLimit)
        } catch {
            let name = place.path.isEmpty ? "the configuration file" : "the file \(quoted(path))"
            place.refuse("\(name) cannot be read: \(error.reason)")
            return nil
        }
        let beginning = SourcePosition(file: path, line: 1, column: 1)
        // The parser takes a byte order mark for a column of the first line.
        let bytes = content.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? content.bytes.dropFirst(3) : content.bytes[...]
        guard let text = String(validating: bytes, as: UTF8.self) else {
            place.problems.refuse("", at: beginning, "the file is not written in UTF-8")
            return nil
        }
        guard let node = YAMLDocument.read(text, file: path, problems: place.problems) else { return nil }
        guard !node.isNull else {
            place.problems.refuse("", at: beginning, "the file is empty")
            return nil
        }
        return Field(node: node, path: "", kind: .mapping(table), problems: place.problems).mapping()
    }

    private static func includes(_ field: Field?, files: inout [String]) -> [MappingReader] {
        guard let field else { return [] }
        var readers: [MappingReader] = []
        for (text, element) in field.texts() {
            do throws(ConfigurationFile.Failure) {
                let paths =
                    ConfigurationFile.isPattern(text)
                    ? try ConfigurationFile.matches(text, relativeTo: element.position.file)
                    : [ConfigurationFile.resolve(text, relativeTo: element.position.file)]
                if paths.isEmpty { element.warn("no file matches this pattern") }
                for path in paths where !files.contains(path) {
                    guard files.count <= includeLimit else {
                        element.refuse("more than \(includeLimit) files are included")
                        return readers
                    }
                    files.append(path)
                    if let reader = read(path, table: .included, for: element) { readers.append(reader) }
                }
            } catch {
                element.refuse("\(quoted(text)) cannot be searched: \(error.reason)")
            }
        }
        return readers
    }

    private static func decode(
        _ root: MappingReader,
        files: inout [String],
        environment: [String: String]
    ) -> GatewayConfiguration? {
        let readers = [root] + includes(root["include"], files: &files)
        let server = root["server"]?.mapping().map(ServerSection.init)
        let keys = KeysSection(root["keys"]?.mapping())
        let redis = root["redis"].map {
            $0.mapping().flatMap { RedisSection($0, environment: environment).configuration }
        }
        let limits = LimitsSection(root["limits"]?.mapping())
        let audit = AuditSection(
            root["audit"]?.mapping(),
            hasRedis: redis != nil,
            taken: files.map { ($0, "the configuration") } + (keys.file.map { [($0, "\"keys.file\"")] } ?? [])
                + keys.previous.map { ($0, "\"keys.previous\"") }
        )
        let directories = directories(root["directories"], environment)
        let roles = RolesSection(readers.compactMap { $0["roles"] })
        if let directory = directories.first {
            roles.checkGroups(base: directory.section.groupsBase, isGroupsMissing: directory.reader["groups"] == nil)
        }
        let attributes = directories.first?.section.attributes ?? DirectorySection.defaultAttributes
        let apps = AppsSection(
            readers.compactMap { $0["apps"] },
            AppSurroundings(
                publicOrigin: server?.publicOrigin,
                listen: server?.listen ?? [],
                trustsProxies: server?.trustsProxies ?? false,
                roles: roles.names,
                permissions: roles.permissions,
                attributes: Set(attributes.keys),
                directories: Set(directories.compactMap(\.section.name))
            )
        )
        let lifetime = SessionsSection(root["sessions"]?.mapping()).lifetime
        if let secondFactors = root["second_factors"]?.mapping() { SecondFactorsSection.check(secondFactors) }
        MissingParts.warn(root, publicOrigin: server?.publicOrigin, trustsProxies: server?.trustsProxies ?? false)
        guard let server, let publicOrigin = server.publicOrigin, let threads = server.threads,
            let drainDelay = server.drainDelay, let keyFile = keys.file,
            var realm = directories.first?.section.realm
        else { return nil }
        realm.extraAttributes = roles.extraAttributes(besides: attributes)
        realm.namedGroups = roles.namedGroups
        return GatewayConfiguration(
            files: files,
            listen: server.listen,
            publicOrigin: publicOrigin,
            threads: threads,
            trustedProxies: server.trustedProxies,
            operationsListen: server.operationsListen,
            drainDelay: drainDelay,
            keyFile: keyFile,
            previousKeyFiles: keys.previous,
            redis: redis ?? nil,
            realm: realm,
            roles: RoleTable(roles.definitions),
            apps: apps.apps,
            forwarding: apps.forwarding,
            lifetime: lifetime,
            signInLimits: limits.signIn,
            audit: audit.configuration,
            warnings: [],
            places: KeyPlaces(root.field.node)
        )
    }

    private static func directories(
        _ field: Field?,
        _ environment: [String: String]
    ) -> [(section: DirectorySection, reader: MappingReader)] {
        guard let fields = field?.filledList("people sign in against a directory; write one") else { return [] }
        for field in fields.dropFirst() {
            let name = (field.mapping()?["name"]?.name()).map { " (\(quoted($0)))" } ?? ""
            field.refuse("a second directory\(name) is not in this version; keep one")
        }
        return fields.prefix(1).compactMap { field in
            field.mapping().map { (DirectorySection($0, environment: environment), $0) }
        }
    }
}
