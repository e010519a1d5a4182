internal import ArgumentParser
internal import Audit
internal import Cryptography
internal import GatehouseConfiguration
internal import GatehouseCore
internal import Glibc

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Check files of the audit trail, or search them.",
        discussion: "schema/audit.md says what the lines mean and how they are checked without this program.",
        subcommands: [Verify.self, Search.self, Key.self]
    )

    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the public key that the trail's seals are checked with, in PEM form.",
            discussion: "Keep a copy where nobody who can write to the gateway's machine can. Exit status: 0 good, "
                + "78 configuration error."
        )

        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            let keys = try SealKeys.load(try file.load())
            guard let current = keys.first else { throw ExitStatus.configuration }
            FileDescriptorOutput.write(Array(current.pem.utf8), to: STDOUT_FILENO)
        }
    }
}

/// The public keys whose seals count.
enum SealKeys {
    /// Those of the configuration's gateway keys, the current one first.
    static func load(_ configuration: GatewayConfiguration) throws -> [ES256PublicKey] {
        do {
            let keys = try GatewayKeyFile.loadExisting(configuration)
            return ([keys.current] + keys.previous).map { $0.makeAuditSealKey().publicKey }
        } catch {
            StandardError.write("gatehouse: \(error)")
            throw ExitStatus.configuration
        }
    }

    /// Those of files in PEM form, as `gatehouse audit key` prints them.
    static func read(_ paths: [String]) throws -> [ES256PublicKey] {
        try paths.map { path in
            // A key has 178 bytes; whatever is much longer is none.
            guard let text = try? String(validating: FileText.read(path, limit: 4096), as: UTF8.self),
                let key = ES256PublicKey(pem: text)
            else {
                throw ValidationError("--public-key: \(path) holds no public key as \"gatehouse audit key\" prints it.")
            }
            return key
        }
    }
}

private enum FileText {
    /// - Throws: ``AuditError`` where the file cannot be read.
    static func read(_ path: String, limit: Int) throws(AuditError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw AuditError(.unreadable, "The file \(path) cannot be opened.") }
        defer { _ = close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = unsafe Glibc.read(descriptor, &bytes, limit)
        guard count >= 0 else { throw AuditError(.unreadable, "The file \(path) cannot be read.") }
        return Array(bytes.prefix(count))
    }
}
