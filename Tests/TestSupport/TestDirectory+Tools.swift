extension TestDirectory {
    var logFile: String { folder.file("slapd.log") }

    /// What the server logged: a line for each connection, operation and result ("stats").
    package var log: String { contents(of: logFile) }

    /// The log from now on, for "nothing was sent": take a mark, act, compare.
    package func logSince(_ mark: Int) -> String {
        String(decoding: Array(log.utf8).dropFirst(mark), as: UTF8.self)
    }

    package var logMark: Int { log.utf8.count }

    /// Changes entries as the administrator.
    package func ldapmodify(_ ldif: String) async throws {
        try await ChildProcess.offPool { try self.change("/usr/bin/ldapmodify", ldif) }
    }

    /// Adds entries as the administrator.
    package func ldapadd(_ ldif: String) async throws {
        try await ChildProcess.offPool { try self.change("/usr/bin/ldapadd", ldif) }
    }

    func change(_ tool: String, _ ldif: String) throws {
        let name = "change-\(UInt64.random(in: .min ... .max))"
        let input = folder.write(ldif, to: "\(name).ldif")
        let output = folder.file("\(name).log")
        let arguments = ["-x", "-H", ldapURL, "-D", adminDN, "-w", adminPassword, "-f", input]
        let status = try ChildProcess.run(tool, arguments, output: output)
        guard status == 0 else { throw ChildProcess.Failure(description: "\(tool): \(contents(of: output))") }
    }

    func load(_ ldif: String) throws {
        folder.makeFolder("db")
        folder.write(configuration, to: "slapd.conf")
        let input = folder.write(ldif, to: "data.ldif")
        let arguments = ["-q", "-w", "-f", folder.file("slapd.conf"), "-b", Self.suffix, "-l", input]
        let status = try ChildProcess.run("/usr/sbin/slapadd", arguments, output: logFile)
        guard status == 0 else { throw ChildProcess.Failure(description: "slapadd: \(log)") }
    }
}
