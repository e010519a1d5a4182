import Foundation
import Directory
import GatehouseConfiguration
import GatehouseCore
import Policy
import Proxy
import Testing

/// Proxies in front, operations, keys of before and an app's activity as they are taken.
@Suite struct OperationTests {
    private static let server = "  public_url: http://login.gw.localhost:8080"

    private func load(_ text: String) throws -> GatewayConfiguration {
        let folder = try ConfigurationFolder()
        try folder.write(text, to: "gatehouse.yaml")
        return try folder.load().get()
    }

    private func load(server lines: String) throws -> GatewayConfiguration {
        try load(Sample.replacing(Self.server, with: "\(Self.server)\n  \(lines)"))
    }

    @Test func proxiesAreAddressesNetworksAndSockets() throws {
        let proxies = try load(
            server:
                #"trusted_proxies: ["10.0.0.0/8", "127.0.0.1", "::ffff:192.0.2.1", "2001:db8::/32", "::1", "unix:"]"#
        ).trustedProxies
        #expect(
            proxies.networks.map(\.description) == [
                "10.0.0.0/8", "127.0.0.1/32", "192.0.2.1/32", "2001:db8::/32", "::1/128",
            ]
        )
        #expect(proxies.includesUnixSockets && proxies.contains(SourceAddress("10.9.9.9")))
        #expect(!proxies.contains(SourceAddress("11.0.0.1")) && !proxies.contains(SourceAddress("127.0.0.2")))
    }

    @Test func nobodyIsTrustedUnlessItIsSaid() throws {
        #expect(try load(Sample.text).trustedProxies == .none)
        #expect(try load(server: "trusted_proxies: []").trustedProxies == .none)
    }

    @Test func theDataPlaneKnowsTheProxiesAndWhatIsAskedOfTheDirectory() throws {
        let configuration = try load(server: "trusted_proxies: [\"10.0.0.1\"]")
        let snapshot = configuration.proxySnapshot(number: 2)
        #expect(snapshot.trustedProxies == configuration.trustedProxies)
        #expect(snapshot.factsDigests == ["staff": configuration.realm.factsDigest])
    }

    @Test(arguments: [
        ("0.0.0.0:8080", ListenAddress.ip("0.0.0.0", port: 8080)), ("[::]:443", .ip("::", port: 443)),
        ("10.0.0.5:80", .ip("10.0.0.5", port: 80)), ("[2001:DB8::1]:80", .ip("2001:db8::1", port: 80)),
    ])
    func otherMachinesAreListenedToForTheirProxies(text: String, address: ListenAddress) throws {
        let configuration = try load(
            Sample.replacing("127.0.0.1:8080", with: text)
                .replacing("  listen:", with: "  trusted_proxies: [\"10.0.0.1\"]\n  listen:")
        )
        #expect(configuration.listen == [address])
        #expect(configuration.warnings.contains { $0.key == "server.listen[0]" && $0.message.contains("plain text") })
    }

    @Test func anUpstreamBehindAnOpenListenerOfAnotherAddressIsNoCircle() throws {
        let text = Sample.replacing("127.0.0.1:8080", with: "10.0.0.5:9001")
            .replacing("  listen:", with: "  trusted_proxies: [\"10.0.0.1\"]\n  listen:")
        #expect(try load(text).forwarding[0].upstream == UpstreamAddress(host: "127.0.0.1", port: 9001))
        let folder = try ConfigurationFolder()
        for listen in ["0.0.0.0:9001", "[::]:9001"] {
            try folder.write(text.replacing("10.0.0.5:9001", with: listen), to: "gatehouse.yaml")
            #expect(folder.lines(.error).contains { $0.contains("requests would go round in a circle") })
        }
    }

    @Test func anyTLSServerInFrontHasToBeNamed() throws {
        let https = Sample.replacing("http://login.gw.localhost:8080", with: "https://login.example.com")
        func warnings(_ text: String) throws -> [String] {
            try load(text).warnings.map { "\($0.line):\($0.column) \($0.key)" }.filter { $0.contains("trusted") }
        }
        #expect(try warnings(https) == ["2:3 server.trusted_proxies"])
        #expect(try warnings(https.replacing("  listen:", with: "  trusted_proxies: [\"::1\"]\n  listen:")) == [])
        #expect(try warnings(Sample.text) == [])
    }

    @Test func operationsListenNowhereUnlessItIsSaid() throws {
        #expect(try load(Sample.text).operationsListen == [])
        #expect(try load(server: "operations_listen: null").operationsListen == [])
        #expect(
            try load(server: "operations_listen: \"127.0.0.1:9180\"").operationsListen == [
                .ip("127.0.0.1", port: 9180)
            ]
        )
        #expect(
            try load(server: "operations_listen: [\"[::1]:9180\", \"unix:/run/ops.sock\"]").operationsListen == [
                .ip("::1", port: 9180), .unixSocket(path: "/run/ops.sock"),
            ]
        )
    }

    @Test(arguments: [("0s", 0), ("30s", 30), ("5m", 300)])
    func readinessSaysNoForAWhile(text: String, seconds: Int) throws {
        #expect(try load(server: "drain_delay: \(text)").drainDelay == .seconds(seconds))
        #expect(try load(Sample.text).drainDelay == .seconds(5))
    }

    @Test func keysOfBeforeAreKeptInTheirOrder() throws {
        let folder = try ConfigurationFolder()
        for name in ["new.key", "old.key"] {
            try folder.write([UInt8](repeating: 0xFF, count: 32), to: name, mode: 0o400)
        }
        let text = Sample.replacing("file: gateway.key", with: "file: gateway.key, previous: [new.key, old.key]")
        try folder.write(text, to: "gatehouse.yaml")
        #expect(
            try folder.load().get().previousKeyFiles == ["\(folder.path)/new.key", "\(folder.path)/old.key"]
        )
        #expect(try load(Sample.text).previousKeyFiles == [])
    }

    @Test func anAppSaysWhatIsNoActivityAndWhatIsOnRecord() throws {
        let usual = try load(Sample.text).forwarding[0]
        #expect(usual.passive.isEmpty && !usual.auditsPermitted)
        let forwarding = try load(
            Sample.replacing("headers: {}", with: "passive: [\"/poll/**\", /a/*/b]\n    audit_permitted: true")
        ).forwarding[0]
        #expect(forwarding.passive.map(\.description) == ["/poll/**", "/a/*/b"] && forwarding.auditsPermitted)
    }
}
