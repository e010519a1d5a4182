import Foundation
import GatehouseConfiguration
import Testing

/// The files that people start from stay valid.
@Suite struct InstalledFilesTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test func theInstalledConfigurationIsTaken() throws {
        let file = Self.root.appendingPathComponent("etc/gatehouse.yaml")
        let folder = try ConfigurationFolder()
        try folder.write(
            Self.withFakes(try String(contentsOf: file, encoding: .utf8), in: folder),
            to: "gatehouse.yaml"
        )
        #expect(folder.lines(.error) == [])
        #expect(folder.lines(.warning).filter { $0.contains("does not match") || $0.contains("never decides") } == [])
    }

    @Test func theQuickstartsConfigurationIsTaken() throws {
        let file = Self.root.appendingPathComponent("examples/quickstart/gatehouse.yaml.in")
        let folder = try ConfigurationFolder()
        var text = try String(contentsOf: file, encoding: .utf8)
        // Its placeholders are names in capitals between "@": addresses, ports, and folders.
        for (index, name) in Set(text.matches(of: #/@([A-Z_]+)@/#).map { String($0.1) }).sorted().enumerated() {
            text = text.replacingOccurrences(
                of: "@\(name)@",
                with: name == "LISTEN" ? "\"127.0.0.1:9199\"" : name.contains("PORT") ? "\(9200 + index)" : folder.path
            )
        }
        try folder.write(Self.withFakes(text, in: folder), to: "gatehouse.yaml")
        #expect(folder.lines(.error) == [])
        #expect(folder.lines(.warning).filter { $0.contains("does not match") || $0.contains("never decides") } == [])
    }

    /// Puts a file of the test's own in the place of every file of secrets or certificates.
    private static func withFakes(_ text: String, in folder: ConfigurationFolder) throws -> String {
        try folder.write("-----BEGIN CERTIFICATE-----\n", to: "fake", mode: 0o600)
        var text = text
        for match in text.matches(of: #/\b(?:file|ca|certificate|key):\s*"?([^\s",}]+)"?/#) {
            text = text.replacingOccurrences(of: match.1, with: "\(folder.path)/fake")
        }
        return text
    }
}
