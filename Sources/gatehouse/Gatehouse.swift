internal import ArgumentParser
internal import GatehouseConfiguration
internal import Glibc

@main
struct Gatehouse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gatehouse",
        abstract: "A login gateway in front of web applications, for people in an LDAP directory.",
        version: version,
        subcommands: [Serve.self, Check.self, Explain.self, SessionsCommand.self, AuditCommand.self]
    )

    static let version = "0.1.0"
}

/// What the process ends with (docs/contract.md, "Command line"; sysexits.h).
enum ExitStatus {
    static let denied = ExitCode(1)
    static let unavailable = ExitCode(69)
    static let configuration = ExitCode(78)
}

struct ConfigurationOption: ParsableArguments {
    @Option(name: .customLong("config"), help: "The configuration file (or GATEHOUSE_CONFIG).")
    var path: String?

    var file: String {
        path ?? environment["GATEHOUSE_CONFIG"].flatMap { $0.isEmpty ? nil : $0 } ?? "/etc/gatehouse/gatehouse.yaml"
    }

    /// Loads the file, or ends the process with every problem on standard error and status 78.
    func load() throws -> GatewayConfiguration {
        switch ConfigurationLoader.load(path: file, environment: environment) {
        case .success(let configuration):
            return configuration
        case .failure(let problems):
            for problem in problems.problems where problem.severity == .error {
                StandardError.write(problem.description)
            }
            throw ExitStatus.configuration
        }
    }

    private var environment: [String: String] { ProcessEnvironment.variables }
}

enum ProcessEnvironment {
    /// The variables that the process was started with.
    static var variables: [String: String] {
        var variables: [String: String] = [:]
        var entry = unsafe environ
        while let pointer = unsafe entry.pointee {
            let text = unsafe String(cString: pointer)
            if let separator = text.firstIndex(of: "=") {
                variables[String(text[..<separator])] = String(text[text.index(after: separator)...])
            }
            unsafe entry += 1
        }
        return variables
    }

    /// Of the account that the process runs under; its number where it has no name.
    static var userName: String {
        guard let entry = unsafe getpwuid(getuid()), let name = unsafe entry.pointee.pw_name else {
            return "\(getuid())"
        }
        return unsafe String(cString: name)
    }
}

enum StandardError {
    static func write(_ line: String) {
        FileDescriptorOutput.write(Array((line + "\n").utf8), to: STDERR_FILENO)
    }
}

enum FileDescriptorOutput {
    /// Writes everything, whatever the pieces the system takes it in. Blocks; errors end it silently, because there is
    /// nobody left to tell.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                guard errno == EAGAIN else { return }
                // Somebody made the descriptor non-blocking; half a line would be worse than to wait.
                var interest = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&interest, 1, 1000)
                continue
            }
            rest = rest.dropFirst(written)
        }
    }
}
