internal import ArgumentParser
internal import Audit
internal import GatehouseCore
internal import Glibc

extension AuditCommand {
    struct Search: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the events that match every filter given.",
            discussion:
                "Searches what is written, whether or not it verifies. Lines that are none of a trail are told on "
                + "standard error. Exit status: 0 something was found, 1 nothing was, 64 wrong usage or a file that "
                + "cannot be read."
        )

        enum Format: String, ExpressibleByArgument, CaseIterable {
            case json
            case text
        }

        @Argument(help: "Files of a trail; - is standard input.")
        var files: [String]
        @Option(help: "A name of an event, or a group as \"sign_in.*\" (several times for several).")
        var event: [String] = []
        @Option(help: "success or failure.")
        var outcome: String?
        @Option(parsing: .unconditional, help: "One word, as wrong_password.")
        var reason: String?
        @Option(parsing: .unconditional, help: "A login, REALM/ID, or the immutable id alone.")
        var user: String?
        @Option(help: "The name of an application.")
        var app: String?
        @Option(help: "An address, or a network as 192.0.2.0/24.")
        var ip: String?
        @Option(help: "Not before: 2026-11-22T09:15:04Z, 2026-11-22 (UTC), or 15m ago as \"15m\".")
        var since: String?
        @Option(help: "Not after, in the same forms.")
        var until: String?
        @Option(parsing: .unconditional, help: "The id of a session.")
        var session: String?
        @Option(help: "The reference that a page showed.")
        var requestID: String?
        @Option(help: "json: the lines as they are; text: to be read.")
        var format: Format = .json

        func validate() throws {
            _ = try search()
        }

        func run() async throws {
            let search = try search()
            let printer = FoundPrinter(format)
            for file in files {
                do throws(AuditError) {
                    try search.run(
                        file: file,
                        found: printer.add,
                        malformed: { StandardError.write("\(file):\($0): no line of an audit trail") }
                    )
                } catch {
                    printer.flush()
                    StandardError.write("gatehouse: \(error)")
                    throw ExitCode.validationFailure
                }
            }
            printer.flush()
            if !printer.hasFound { throw ExitStatus.denied }
        }

        private func search() throws -> AuditSearch {
            let now = WallClock.system.now()
            func moment(_ text: String?, _ option: String) throws -> Timestamp? {
                guard let text else { return nil }
                guard let time = MomentText.parse(text, now: now) else {
                    throw ValidationError("\(option): write 2026-11-22T09:15:04Z, 2026-11-22 or 15m, not \"\(text)\".")
                }
                return time
            }
            var search = AuditSearch()
            search.events = event
            if let outcome {
                guard let outcome = AuditEvent.Outcome(rawValue: outcome) else {
                    throw ValidationError("--outcome: success or failure.")
                }
                search.outcome = outcome
            }
            if let ip {
                guard let network = Network(ip) else {
                    throw ValidationError("--ip: \"\(ip)\" is neither an address nor a network as 192.0.2.0/24.")
                }
                search.network = network
            }
            search.reason = reason
            search.user = user
            search.app = app
            search.session = session
            search.requestID = requestID
            search.since = try moment(since, "--since")
            search.until = try moment(until, "--until")
            return search
        }
    }
}

/// Prints many lines with few calls.
private final class FoundPrinter {
    private let format: AuditCommand.Search.Format
    private var waiting: [UInt8] = []
    private(set) var hasFound = false

    init(_ format: AuditCommand.Search.Format) {
        self.format = format
    }

    func add(_ found: AuditSearch.Found) {
        hasFound = true
        switch format {
        case .json: waiting += found.bytes
        case .text: waiting += Array(found.record.readableText.utf8)
        }
        waiting.append(0x0A)
        if waiting.count > 65_536 { flush() }
    }

    func flush() {
        FileDescriptorOutput.write(waiting, to: STDOUT_FILENO)
        waiting = []
    }
}
