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
        var text = text
        let names = text.matches(of: #/\b(?:file|ca|certificate|key):\s*"?([^\s",}]+)"?/#).map { String($0.1) }
        // The longest first: one may be a part of another.
        for (index, name) in Set(names).sorted(by: { $0.count > $1.count }).enumerated() {
            try folder.write("-----BEGIN CERTIFICATE-----\n", to: "fake-\(index)", mode: 0o600)
            text = text.replacingOccurrences(of: name, with: "\(folder.path)/fake-\(index)")
        }
        return text
    }
}
