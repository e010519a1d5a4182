internal import GatehouseCore

extension Field {
    private static var secretLimit: Int { 64 * 1024 }

    /// The secret that `{ file: PATH }` or `{ env: NAME }` names. It is read once, here; what stands in its place in the
    /// configuration is never repeated.
    func secret(environment: [String: String]) -> Secret? {
        guard let reader = mapping() else { return nil }
        switch (reader["file"], reader["env"]) {
        case (let file?, nil): return file.secretFile()
        case (nil, let name?): return name.secretVariable(environment)
        case (_?, _?):
            refuse("write either \"file\" or \"env\", not both")
            return nil
        case (nil, nil):
            if case .mapping(let entries) = node.value, entries.isEmpty {
                refuse("write { file: PATH } or { env: NAME }")
            }
            return nil
        }
    }

    private func secretFile() -> Secret? {
        guard let path = filePath(), let content = privateFile(path) else { return nil }
        var bytes = content.bytes
        if bytes.last == 0x0A { bytes.removeLast() }
        guard !bytes.isEmpty else {
            refuse("the file \(quoted(path)) is empty")
            return nil
        }
        return Secret(bytes)
    }

    private func secretVariable(_ environment: [String: String]) -> Secret? {
        guard let name = text() else { return nil }
        // A secret written here by mistake is not repeated: only what looks like a variable's name is.
        let isName = name.utf8.allSatisfy { byte in
            (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
        }
        guard isName || environment[name] != nil else {
            refuse("there is no such environment variable; their names are usually capitals, digits and \"_\"")
            return nil
        }
        guard let value = environment[name] else {
            refuse("the environment variable \(quoted(name)) is not set")
            return nil
        }
        guard !value.isEmpty else {
            refuse("the environment variable \(quoted(name)) is empty")
            return nil
        }
        return Secret(utf8: value)
    }

    /// A file that its owner alone can read.
    func privateFile(_ path: String) -> ConfigurationFile.Content? {
        guard let content = readableFile(path, limit: Self.secretLimit) else { return nil }
        guard content.mode & 0o077 == 0 else {
            let mode = String(content.mode & 0o777, radix: 8)
            refuse(
                "the file \(quoted(path)) is open to its group or to everybody (mode 0\(mode)); run: chmod 600 \(quoted(path))"
            )
            return nil
        }
        return content
    }

    func readableFile(_ path: String, limit: Int) -> ConfigurationFile.Content? {
        do throws(ConfigurationFile.Failure) {
            return try ConfigurationFile.read(path, limit: limit)
        } catch {
            refuse("the file \(quoted(path)) cannot be read: \(error.reason)")
            return nil
        }
    }
}
