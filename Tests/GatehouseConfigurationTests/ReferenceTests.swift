import Foundation
import GatehouseConfiguration
import Policy
import Testing
import Yams

/// `GATEHOUSE_WRITE_REFERENCE=1 swift test --filter ReferenceTests` writes both files anew from the tables.
@Suite struct ReferenceTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let isWriting = ProcessInfo.processInfo.environment["GATEHOUSE_WRITE_REFERENCE"] != nil
    private static let markers = ("<!-- keys: begin -->\n", "<!-- keys: end -->")

    @Test func theSchemaHasTheKeysTypesAndWordsOfTheDecoder() throws {
        let file = Self.root.appendingPathComponent("schema/gatehouse.schema.json")
        if Self.isWriting { try SchemaText.text.write(to: file, atomically: true, encoding: .utf8) }
        #expect(try String(contentsOf: file, encoding: .utf8) == SchemaText.text)
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(contentsOf: file)) }
    }

    @Test func theDocumentationExplainsEveryKeyOfTheDecoder() throws {
        let file = Self.root.appendingPathComponent("docs/configuration.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let begin = try #require(text.range(of: Self.markers.0))
        let end = try #require(text.range(of: Self.markers.1))
        if Self.isWriting {
            let whole = text[..<begin.upperBound] + Reference.pages + text[end.lowerBound...]
            try whole.write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(text[begin.upperBound..<end.lowerBound] == Reference.pages)
        }
    }

    @Test func everyExampleOfTheDocumentationIsTaken() throws {
        let text = try String(
            contentsOf: Self.root.appendingPathComponent("docs/configuration.md"),
            encoding: .utf8
        )
        let examples = text.components(separatedBy: "```yaml\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
        #expect(examples.count == 2)
        let folder = try ConfigurationFolder()
        try folder.write("s3cret\n", to: "secrets/ldap", mode: 0o600)
        try folder.write("s3cret\n", to: "secrets/redis", mode: 0o600)
        try folder.write(examples[0], to: "gatehouse.yaml")
        try folder.write(examples[1], to: "apps.d/crm.yaml")
        #expect(folder.lines(.error) == [])
        #expect(try folder.load().get().apps.map(\.name) == ["crm"])
    }

    /// A key that is in a table and that no code reads would be taken and ignored.
    @Test func everyKeyOfTheTablesIsRead() throws {
        var paths: [[String]] = []
        func visit(_ table: KeyTable, _ path: [String]) {
            for key in table.keys {
                paths.append(path + [key.name])
                switch key.kind {
                case .mapping(let table), .unless(_, .mapping(let table)): visit(table, path + [key.name])
                case .secret: visit(.secret, path + [key.name])
                case .list(.mapping(let table)): visit(table, path + [key.name, "0"])
                case .oneOrMore(.textOr(let table)): visit(table, path + [key.name, "0"])
                default: break
                }
            }
        }
        visit(.main, [])
        #expect(paths.count > 110)
        let sample = try #require(try Yams.compose(yaml: Sample.text))
        for path in paths {
            let folder = try ConfigurationFolder()
            // No key takes a mapping of this key, and a list of it is wrong everywhere too.
            let value: Node = ["no such key": ["wrong"]]
            // A secret has one key or the other.
            let changed =
                path.contains("password") && path.last != "password"
                ? Self.set(sample, path.dropLast(), to: .mapping([.init(path[path.count - 1]): value]))
                : Self.set(sample, path[...], to: value)
            let wrong = try Yams.serialize(node: changed)
            try folder.write(wrong, to: "gatehouse.yaml")
            let key = path.reduce("") { whole, part in
                Int(part) != nil ? "\(whole)[\(part)]" : whole.isEmpty ? part : "\(whole).\(part)"
            }
            #expect(folder.lines(.error).contains { $0.contains(": \(key)") }, "nobody reads \(key)")
        }
    }

    private static func set(_ node: Node?, _ path: ArraySlice<String>, to value: Node) -> Node {
        guard let first = path.first else { return value }
        if Int(first) != nil {
            return .sequence([set(node?.sequence?.first, path.dropFirst(), to: value)])
        }
        var mapping = node?.mapping ?? [:]
        mapping[first] = set(mapping[first], path.dropFirst(), to: value)
        return .mapping(mapping)
    }
}
