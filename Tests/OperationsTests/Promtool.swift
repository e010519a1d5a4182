import TestSupport

/// Prometheus' own judge of metrics and rules (Debian: prometheus).
enum Promtool {
    struct Verdict {
        /// 0: good; 1: not to be read; 3: read, with remarks on style.
        let status: Int32
        let words: String
    }

    static func check(metrics text: [UInt8]) throws -> Verdict {
        let folder = TemporaryFolder()
        let file = folder.write(String(decoding: text, as: UTF8.self), to: "metrics")
        return try run(["check", "metrics"], input: file, folder)
    }

    static func check(rules path: String) throws -> Verdict {
        try run(["check", "rules", path], input: "/dev/null", TemporaryFolder())
    }

    private static func run(_ arguments: [String], input: String, _ folder: TemporaryFolder) throws -> Verdict {
        let output = folder.file("output")
        let status = try ChildProcess.run("/usr/bin/promtool", arguments, input: input, output: output)
        return Verdict(status: status, words: contents(of: output))
    }
}
