internal import ArgumentParser
internal import Audit
internal import Glibc

extension AuditCommand {
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check that files of the trail are what the gateway wrote: no line changed, missing or added.",
            discussion:
                "Name the files of one trail, the oldest first. The first bad line is named as FILE:LINE: WHAT. "
                + "Lines that are not sealed yet are noted while the youngest is less than two minutes old, "
                + "and wrong later. "
                + "Exit status: 0 good, 1 something is wrong, 64 a file cannot be read, 78 configuration error."
        )

        @Argument(help: "Files of one trail, the oldest first; - is standard input.")
        var files: [String]
        @Option(
            name: .customLong("public-key"),
            help:
                "A file with the public key of the seals (several times for several); default: the gateway's own keys."
        )
        var publicKeys: [String] = []
        @Flag(help: "The last line must be the seal of a rotation or of a gateway that stopped: nothing is cut off.")
        var sealed = false
        @OptionGroup var file: ConfigurationOption

        func run() async throws {
            let keys = publicKeys.isEmpty ? try SealKeys.load(try file.load()) : try SealKeys.read(publicKeys)
            let result: AuditVerification
            do throws(AuditError) {
                result = try AuditVerifier.verify(files: files, keys: keys, mustEnd: sealed)
            } catch {
                StandardError.write("gatehouse: \(error)")
                throw ExitCode.validationFailure
            }
            for note in result.notes { print("note: \(note)") }
            if let problem = result.problem {
                StandardError.write("\(problem)")
                throw ExitStatus.denied
            }
            print("good: \(result.summary)")
        }
    }
}

extension AuditVerification {
    fileprivate var summary: String {
        let numbers = sequences.map { "seq \($0.lowerBound) to \($0.upperBound)" } ?? "none"
        return "\(lines) lines, \(numbers), \(sealedSequence.map { "sealed up to seq \($0)" } ?? "not sealed")"
    }
}
