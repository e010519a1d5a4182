import Foundation
import GatehouseConfiguration
import Testing

@Suite struct RestartTests {
    private static let sample = """
        \(Sample.text)redis: { url: "redis://127.0.0.1:6379/0", password: { file: secret } }
        audit: { file: audit.jsonl }

        """

    /// What a reload of the second text would be refused for, while the first is what runs.
    private func reasons(
        _ running: String,
        _ candidate: String,
        then change: (ConfigurationFolder) throws -> Void = { _ in }
    ) throws -> [String] {
        let folder = try ConfigurationFolder()
        for name in ["old.key", "older.key"] {
            try folder.write(String(repeating: "k", count: 32), to: name, mode: 0o600)
        }
        try folder.write(running, to: "gatehouse.yaml")
        let configuration = try folder.load().get()
        try folder.write(candidate, to: "gatehouse.yaml")
        try change(folder)
        return try folder.load().get().restartReasons(comparedTo: configuration).map { problem in
            #expect(problem.severity == .error)
            return problem.description.replacingOccurrences(of: "\(folder.path)/gatehouse.yaml:", with: "")
        }
    }

    private func reasons(_ old: String, becomes new: String) throws -> [String] {
        #expect(Self.sample.contains(old))
        return try reasons(Self.sample, Self.sample.replacing(old, with: new))
    }

    private static let words = "changed; this takes effect with a restart only"

    @Test func theSameConfigurationNeedsNoRestart() throws {
        #expect(try reasons(Self.sample, Self.sample) == [])
        #expect(try reasons(Self.sample, "# moved by a line\n\(Self.sample)") == [])
    }

    @Test(arguments: [
        (#""127.0.0.1:8080""#, #""127.0.0.1:8081""#, "2:11: server.listen"),
        (#""127.0.0.1:8080""#, #""127.0.0.1:8080", "[::1]:8080""#, "2:11: server.listen"),
        ("http://login.gw", "http://sign-in.gw", "3:15: server.public_url"),
        ("keys: {", "keys: { previous: [old.key],", "4:19: keys.previous"),
        ("gateway.key", "other.key", "4:15: keys.file"),
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/1", "31:15: redis.url"),
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6380/0", "31:15: redis.url"),
        ("redis://127.0.0.1:6379/0", "redis://gate@127.0.0.1:6379/0", "31:15: redis.url"),
        ("{ file: secret } }\naudit", "{ file: secret }, user: gate }\naudit", "31:77: redis.user"),
        (", password: { file: secret } }\naudit", " }\naudit", "31:8: redis.password"),
        ("audit.jsonl", "trail.jsonl", "32:16: audit.file"),
        ("audit.jsonl }", "audit.jsonl, syslog: true }", "32:37: audit.syslog"),
        ("audit.jsonl }", "audit.jsonl, redis_stream: false }", "32:43: audit.redis_stream"),
    ])
    func whatIsInUseFromTheFirstMomentOnNeedsARestart(old: String, new: String, place: String) throws {
        #expect(try reasons(old, becomes: new) == ["\(place): \(Self.words)"])
    }

    @Test func aKeyThatIsGoneIsSaidWhereItWouldStand() throws {
        let url = "  public_url:"
        let more = Self.sample.replacing(url, with: "  threads: 2\n  operations_listen: \"127.0.0.1:9180\"\n\(url)")
        #expect(
            try reasons(Self.sample, more) == [
                "3:12: server.threads: \(Self.words)", "4:22: server.operations_listen: \(Self.words)",
            ]
        )
        #expect(
            try reasons(more, Self.sample) == [
                "2:3: server.threads: \(Self.words)", "2:3: server.operations_listen: \(Self.words)",
            ]
        )
    }

    @Test func theStoreComesAndGoesWithARestart() throws {
        let trail = "audit: { file: audit.jsonl }\n"
        let alone = Sample.text + trail
        #expect(try reasons(alone, Self.sample) == ["31:8: redis: \(Self.words)"])
        #expect(try reasons(Self.sample, alone) == ["1:1: redis: \(Self.words)"])
        #expect(
            try reasons(Self.sample, Self.sample.replacing(trail, with: "audit: false\n")) == [
                "32:8: audit.file: \(Self.words)", "32:8: audit.redis_stream: \(Self.words)",
            ]
        )
    }

    @Test func aPasswordThatChangedInItsFileIsNoticedAndNotShown() throws {
        let found = try reasons(Self.sample, Self.sample) { try $0.write("hunter2\n", to: "secret", mode: 0o600) }
        #expect(found == ["31:53: redis.password: \(Self.words)"])
    }

    @Test func everythingElseIsChangedByAReload() throws {
        let text =
            Self.sample.replacing("http://127.0.0.1:9001", with: "http://127.0.0.1:9002")
            .replacing("idle: 15m", with: "idle: 5m")
            .replacing("roles: [sales] }", with: "allow: signed_in }")
            .replacing("  public_url:", with: "  drain_delay: 1s\n  trusted_proxies: [\"::1\"]\n  public_url:")
            .replacing("ldap://127.0.0.1:3389", with: "ldap://127.0.0.1:3390")
            + "limits: { sign_in: { lockout: 1m } }\n"
        #expect(try reasons(Self.sample, text) == [])
    }

    @Test func theOrderOfListenersMeansNothing() throws {
        let two = Self.sample.replacing("\"127.0.0.1:8080\"", with: "\"127.0.0.1:8080\", \"[::1]:8080\"")
        let swapped = Self.sample.replacing("\"127.0.0.1:8080\"", with: "\"[::1]:8080\", \"127.0.0.1:8080\"")
        #expect(try reasons(two, swapped) == [])
    }
}
