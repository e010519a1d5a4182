internal import ArgumentParser
internal import Directory
internal import GatehouseConfiguration
internal import GatehouseCore
internal import Glibc
internal import LDAPClient
internal import Logging
internal import Policy

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say who a person is, which roles they have and why, and what a request of theirs would get.",
        discussion: "Exit status: 0 permitted (or no request asked about), 1 denied or no such person, "
            + "69 the directory cannot answer, 78 configuration error."
    )

    @OptionGroup var file: ConfigurationOption
    @Option(help: "The name as the person would type it.")
    var user: String
    @Option(help: "The host of a request to judge.")
    var host: String?
    @Option(help: "The path of the request.")
    var path = "/"
    @Option(help: "The method of the request.")
    var method = "GET"
    @Option(help: "The address that the request comes from.")
    var ip = "127.0.0.1"
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard FoldedName(user) != nil else {
            throw ValidationError("--user: a name has 1 to 128 characters and no control characters.")
        }
        if let host {
            guard !host.contains("/") else {
                throw ValidationError("--host: write the host alone, as crm.example.com.")
            }
        }
        guard RequestMethod(rawValue: method) != nil || method == method.uppercased() else {
            throw ValidationError("--method: methods are written in capitals, as \(method.uppercased()).")
        }
        guard SourceAddress(ip) != nil else { throw ValidationError("--ip: \"\(ip)\" is no IP address.") }
        guard path.hasPrefix("/") else { throw ValidationError("--path: a path begins with \"/\".") }
    }

    func run() async throws {
        LDAPRuntime.prepare()
        guard let login = FoldedName(user), let address = SourceAddress(ip) else { throw ExitCode.validationFailure }
        let configuration = try file.load()
        let realm = Realm(
            configuration: configuration.realm,
            logger: Logger(label: "gatehouse") { _ in SwiftLogNoOpLogHandler() }
        )
        do {
            try configuration.realm.client.validateFiles()
        } catch {
            StandardError.write("gatehouse: \(error)")
            throw ExitStatus.configuration
        }
        let found: [PersonLookup]
        do throws(DirectoryError) {
            found = try await realm.person(login: login)
        } catch {
            await realm.shutdown()
            StandardError.write("gatehouse: \(error)")
            throw error.code == .misconfigured ? ExitStatus.configuration : ExitStatus.unavailable
        }
        await realm.shutdown()
        var explanation = Explanation(realm: realm.name, login: login.description, lookups: found)
        if let person = explanation.person {
            explanation.principal = Principal(subject: person.subject, table: configuration.roles)
        }
        if let host {
            explanation.verdict = RequestVerdict(
                configuration: configuration,
                // Whoever cannot sign in is a stranger to every application.
                principal: explanation.person?.isDisabled == false ? explanation.principal : nil,
                host: host,
                path: path,
                method: method,
                address: address
            )
        }
        if json { explanation.printJSON() } else { explanation.printText() }
        if explanation.person?.isDisabled != false { throw ExitStatus.denied }
        if let verdict = explanation.verdict, !verdict.isPermitted { throw ExitStatus.denied }
    }
}
