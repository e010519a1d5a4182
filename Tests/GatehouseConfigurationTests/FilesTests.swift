import Foundation
import GatehouseConfiguration
import Policy
import Testing

@Suite struct FilesTests {
    private static let app = """
        apps:
          - name: NAME
            hosts: [NAME.gw.localhost]
            upstreams: ["http://127.0.0.1:9100"]
            rules: [{ roles: [sales] }]

        """

    private func app(_ name: String) -> String {
        Self.app.replacingOccurrences(of: "NAME", with: name)
    }

    private func main(_ include: String) -> String {
        "include: \(include)\n" + Sample.text
    }

    @Test func aPatternBringsFilesInTheOrderOfTheirBytes() throws {
        let folder = try ConfigurationFolder()
        for name in ["a", "B", "z", "é", "10", "9"] {
            try folder.write(app("app-\(name == "é" ? "e" : name.lowercased())"), to: "apps.d/\(name).yaml")
        }
        try folder.write("not yaml: [", to: "apps.d/.hidden.yaml")
        try folder.write("not yaml: [", to: "apps.d/README")
        try folder.write(main("[apps.d/*.yaml]"), to: "gatehouse.yaml")
        let configuration = try folder.load().get()
        #expect(configuration.apps.map(\.name) == ["crm", "app-10", "app-9", "app-b", "app-a", "app-z", "app-e"])
        #expect(configuration.files.count == 7)
    }

    @Test func aFileThatTwoPatternsNameIsReadOnce() throws {
        let folder = try ConfigurationFolder()
        try folder.write(app("a"), to: "apps.d/a.yaml")
        try folder.write(app("b"), to: "apps.d/b.yaml")
        try folder.write(main("[apps.d/b.yaml, apps.d/*.yaml]"), to: "gatehouse.yaml")
        #expect(try folder.load().get().apps.map(\.name) == ["crm", "b", "a"])
    }

    @Test func theFolderIsNoPartOfAPattern() throws {
        let folder = try ConfigurationFolder()
        try folder.write(app("a"), to: "od[d]*/apps.d/a.yaml")
        try folder.write(main("apps.d/*.yaml"), to: "od[d]*/gatehouse.yaml")
        try folder.write("s3cret", to: "od[d]*/secret", mode: 0o600)
        #expect(try folder.load("od[d]*/gatehouse.yaml").get().apps.map(\.name) == ["crm", "a"])
    }

    @Test func aPatternMayMatchNothingAndAPathMayNot() throws {
        let folder = try ConfigurationFolder()
        try folder.write(main("[apps.d/*.yaml, apps.d/wiki.yaml]"), to: "gatehouse.yaml")
        #expect(
            folder.lines(.error) == [
                "gatehouse.yaml:1:26: include[1]: the file \"apps.d/wiki.yaml\" cannot be read: No such file or directory"
            ]
        )
        #expect(
            folder.lines(.warning).contains("gatehouse.yaml:1:11: include[0]: warning: no file matches this pattern")
        )
    }

    @Test func anIncludedFileBringsAppsAndRolesAlone() throws {
        let folder = try ConfigurationFolder()
        try folder.write(
            "roles: [{ name: guests, attribute: { name: ou, equals: x } }]\nsessions: {}\ncolour: red\n",
            to: "more.yaml"
        )
        try folder.write(main("more.yaml"), to: "gatehouse.yaml")
        #expect(
            folder.lines(.error) == [
                "more.yaml:2:1: sessions: an included file may bring \"apps\" and \"roles\" alone; write this in the main file",
                "more.yaml:3:1: colour: this key is not known here; the keys are \"roles\" and \"apps\"",
            ]
        )
    }

    @Test func appsOfAllFilesAreJudgedTogether() throws {
        let folder = try ConfigurationFolder()
        try folder.write(app("crm"), to: "more.yaml")
        try folder.write(main("more.yaml"), to: "gatehouse.yaml")
        #expect(
            folder.lines(.error) == [
                "more.yaml:2:11: apps[0].name: there is another app of this name; an app is written once, whole",
                "more.yaml:3:13: apps[0].hosts[0]: the whole of \"crm.gw.localhost\" belongs to the app \"crm\" already; "
                    + "write other \"hosts\" or \"paths\"",
            ]
        )
    }

    @Test func theMainFileMustBeThere() throws {
        let folder = try ConfigurationFolder()
        #expect(
            folder.lines(.error) == [
                "gatehouse.yaml:1:1: the configuration file cannot be read: No such file or directory"
            ]
        )
    }

    @Test func aFolderIsNoConfiguration() throws {
        let folder = try ConfigurationFolder()
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/gatehouse.yaml",
            withIntermediateDirectories: true
        )
        #expect(
            folder.lines(.error) == ["gatehouse.yaml:1:1: the configuration file cannot be read: it is no regular file"]
        )
    }

    @Test(arguments: ["", "\n# nothing\n", "---\n", "~\n"])
    func anEmptyFileIsRefused(text: String) throws {
        let folder = try ConfigurationFolder()
        try folder.write(text, to: "gatehouse.yaml")
        #expect(folder.lines(.error) == ["gatehouse.yaml:1:1: the file is empty"])
    }

    @Test func aFileHasAtMostOneMebibyte() throws {
        let folder = try ConfigurationFolder()
        try folder.write(Sample.text + String(repeating: "# filling\n", count: 110_000), to: "gatehouse.yaml")
        #expect(
            folder.lines(.error) == [
                "gatehouse.yaml:1:1: the configuration file cannot be read: it is larger than 1024 KiB"
            ]
        )
    }

    @Test func aFileIsWrittenInUTF8() throws {
        let folder = try ConfigurationFolder()
        try folder.write(Array(Sample.text.utf8) + [0x23, 0xFF, 0x0A], to: "gatehouse.yaml")
        #expect(folder.lines(.error) == ["gatehouse.yaml:1:1: the file is not written in UTF-8"])
    }

    @Test func aByteOrderMarkAndWindowsLineEndsAreTaken() throws {
        let folder = try ConfigurationFolder()
        try folder.write("\u{FEFF}" + Sample.text.replacingOccurrences(of: "\n", with: "\r\n"), to: "gatehouse.yaml")
        #expect(folder.lines(.error) == [])
    }

    @Test func columnsAreCountedInCharacters() throws {
        let folder = try ConfigurationFolder()
        try folder.write(
            Sample.replacing("headers: {}", with: "headers: { set: { X-A: \"ä€😀\", X-B: \"{nmae}\" } }"),
            to: "gatehouse.yaml"
        )
        #expect(folder.lines(.error).map { String($0.prefix(22)) } == ["gatehouse.yaml:25:40: "])
    }

    @Test func aSecretIsNeverRepeated() throws {
        for wrong in [
            "hunter2", "{ hunter2 }", "{ hunter2: 1 }", "[hunter2]", "{ value: hunter2 }", "{ env: hunter2 }",
            "{ env: [hunter2] }",
        ] {
            let folder = try ConfigurationFolder()
            try folder.write(Sample.replacing("{ file: secret }", with: wrong), to: "gatehouse.yaml")
            let lines = folder.lines(.error)
            #expect(!lines.isEmpty && !lines.contains { $0.contains("hunter2") })
        }
    }

    @Test func aValueCannotCommandTheTerminal() throws {
        let folder = try ConfigurationFolder()
        try folder.write(Sample.replacing("idle: 15m", with: "\"idle: \\u001b[2J\\n\\u202e\": 1"), to: "gatehouse.yaml")
        let line = try #require(folder.lines(.error).first)
        #expect(
            line.hasPrefix("gatehouse.yaml:29:13: sessions.\"idle: \\u{1b}[2J\\u{a}\\u{202e}\": this key is not known")
        )
    }

    @Test func allProblemsAreFoundAtOnce() throws {
        let folder = try ConfigurationFolder()
        let text = Sample.replacing("127.0.0.1:8080", with: "0.0.0.0:8080")
            .replacingOccurrences(of: "dialect: openldap", with: "dialct: openldap")
            .replacingOccurrences(of: "includes: [sales]", with: "includes: [sale]")
            .replacingOccurrences(of: "idle: 15m", with: "idle: soon")
        try folder.write(text, to: "gatehouse.yaml")
        let places = folder.lines(.error).map { $0.split(separator: ": ").prefix(2).joined(separator: ": ") }
        #expect(
            places == [
                "gatehouse.yaml:2:12: server.listen[0]", "gatehouse.yaml:7:5: directories[0].dialct",
                "gatehouse.yaml:19:16: roles[1].includes[0]", "gatehouse.yaml:29:19: sessions.idle",
            ]
        )
    }
}
