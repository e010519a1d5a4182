internal import ArgumentParser
internal import GatehouseCore
internal import Glibc
internal import Sessions

struct SessionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "List live sessions, or end some of them on every node.",
        discussion:
            "Needs Redis: sessions in a gateway's memory are out of reach. Exit status: 0 good, 1 no such session, "
            + "69 Redis is down or not configured, 78 configuration error.",
        subcommands: [List.self, Revoke.self]
    )

    /// Which sessions are meant.
    struct Selection: ParsableArguments {
        @Option(
            parsing: .unconditional,
            help: "Those of this person: the user value that applications see, or REALM/ID."
        )
        var user: String?
        @Option(parsing: .unconditional, help: "The one with this id.")
        var id: String?

        func isMeant(_ session: Session) -> Bool {
            if let id, session.id.description != id { return false }
            guard let user else { return true }
            return session.subject.user == user || session.subject.id.description == user
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List live sessions, oldest first.")

        @OptionGroup var file: ConfigurationOption
        @OptionGroup var selection: Selection
        @Flag(help: "Print JSON, one object a line.")
        var json = false

        func run() async throws {
            let selection = selection
            let json = json
            try await SharedSessions.open(file) { sessions in
                let found = try await sessions.all().filter(selection.isMeant)
                let now = sessions.store.clock.now()
                if json {
                    for session in found { FileDescriptorOutput.write(session.line(at: now), to: STDOUT_FILENO) }
                } else {
                    print(SessionTable(found, at: now).text)
                }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End sessions on every node, at once.",
            discussion: "Say which: --user, --id or --all."
        )

        @OptionGroup var file: ConfigurationOption
        @OptionGroup var selection: Selection
        @Flag(help: "Everybody's.")
        var all = false
        @Flag(help: "Say what would end, and end nothing.")
        var dryRun = false

        func validate() throws {
            let ways = [selection.user != nil, selection.id != nil, all].filter { $0 }.count
            guard ways == 1 else { throw ValidationError("Say which sessions: one of --user, --id and --all.") }
        }

        func run() async throws {
            let (selection, dryRun) = (selection, dryRun)
            try await SharedSessions.open(file) { sessions in
                let found = try await sessions.all().filter(selection.isMeant)
                guard !found.isEmpty else {
                    StandardError.write("gatehouse: no such session")
                    throw ExitStatus.denied
                }
                if dryRun {
                    print(SessionTable(found, at: sessions.store.clock.now()).text)
                    print("\(found.count) would end")
                    return
                }
                let by = ProcessEnvironment.variables["SUDO_USER"] ?? ProcessEnvironment.userName
                var ended = 0
                // On record first, in a list that a gateway takes it from: what is not, does not happen.
                for session in found {
                    try await sessions.record(AdministratorRevocation(session, by: by))
                    if selection.id != nil { ended += try await sessions.end(session) ? 1 : 0 }
                }
                if selection.id == nil {
                    // Those that begin at this moment too.
                    for subject in Set(found.map(\.subject.id)) { ended += try await sessions.endAll(of: subject) }
                }
                print("\(ended) ended")
            }
        }
    }
}
