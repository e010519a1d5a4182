import TestSupport

/// One line of an audit trail as Python's JSON reader sees it, so that no code of ours judges what code of ours wrote.
struct AuditLine: Sendable {
    /// Values as text; control characters in them as Python escapes them.
    let members: [String: String]
    /// In the line's order.
    let names: [String]

    subscript(name: String) -> String? { members[name] }
    var event: String { members["event"] ?? "" }

    /// Every line of a file. Throws where one is no flat JSON object in ASCII, has a name twice, or does not end.
    static func read(_ path: String) async throws -> [AuditLine] {
        let text = try await ChildProcess.offPool {
            let folder = TemporaryFolder()
            let output = folder.file("out")
            let status = try ChildProcess.run(TestEnvironment.python, ["-c", script, path], output: output)
            guard status == 0 else { throw ChildProcess.Failure(description: contents(of: output)) }
            return contents(of: output)
        }
        return text.split(separator: "\n").map { line in
            let members = line.split(separator: "\u{1E}").map { member in
                member.split(separator: "\u{1F}", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            }
            return AuditLine(
                members: members.reduce(into: [:]) { $0[$1[0]] = $1[1] },
                names: members.map { $0[0] }
            )
        }
    }

    private static let script = #"""
        import json, sys

        def once(pairs):
            assert len({name for name, _ in pairs}) == len(pairs), "a name stands twice"
            return dict(pairs)

        data = open(sys.argv[1], "rb").read()
        assert data.endswith(b"\n"), "the last line does not end"
        for line in data[:-1].split(b"\n"):
            assert len(line) < 65536 and all(0x20 <= byte < 0x7F for byte in line), line[:200]
            record = json.loads(line, object_pairs_hook=once)
            assert all(isinstance(value, (str, int)) for value in record.values()), line[:200]
            print("\x1e".join(
                name + "\x1f" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(value))
                for name, value in record.items()
            ))
        """#
}

/// `gatehouse audit`, with the keys of a gateway's configuration.
struct AuditCommand {
    let gateway: TestGateway

    func verify(_ files: [String], options: [String] = []) async throws -> (status: Int32, output: String) {
        try await TestGateway.command(
            ["audit", "verify", "--config", gateway.configurationFile] + options + files
        )
    }

    /// - Returns: the events found, as JSON lines.
    func search(_ filters: [String]) async throws -> (status: Int32, lines: [String]) {
        let (status, output) = try await TestGateway.command(["audit", "search", gateway.auditFile] + filters)
        return (status, output.split(separator: "\n").map(String.init))
    }
}
