import TestSupport
import Testing

@Suite("Listeners that others reach, and what counts as activity")
struct ProxyListenerTests {
    /// An IPv4 address of this machine that other machines reach; `nil` where there is none.
    private static let address: String? = {
        let folder = TemporaryFolder()
        _ = try? ChildProcess.run("/usr/bin/hostname", ["-I"], output: folder.file("out"))
        return contents(of: folder.file("out")).split(whereSeparator: \.isWhitespace)
            .first { $0.contains(".") && !$0.hasPrefix("127.") && !$0.hasPrefix("169.254.") }.map(String.init)
    }()

    @Test(
        "In plain HTTP another machine is let in as a trusted proxy alone; all others are closed without a word",
        .enabled(if: address != nil, "this machine has no address but loopback")
    )
    func untrusted() async throws {
        let address = try #require(Self.address)
        let port = FreePort.takeOne()
        var options = TestGateway.Options()
        options.alsoListensOn = ["\(address):\(port)"]
        options.serverLines = ["trusted_proxies: [\"203.0.113.1\"]"]
        let house = try await House.openAudited(options: options)
        let reached = house.crm.byteCount
        // curl: 52 is an answer without a byte, 56 a connection that was reset.
        var refused: (status: Int32, output: String) = (7, "")
        // 7 is no connection: the two listeners do not begin at the same moment.
        _ = try await Poll.until {
            refused = try await Self.curl(address, port)
            return refused.status != 7
        }
        #expect([52, 56].contains(refused.status), "\(refused)")
        #expect(refused.output.isEmpty)
        #expect(house.crm.byteCount == reached)
        #expect(try await house.visitor().get("\(house.crmURL)/public/x").status == 200)

        #expect(try await house.gateway.reload { $0.changing("203.0.113.1", to: address) })
        let served = try await Self.curl(address, port)
        #expect(served.status == 0 && served.output == "hello\n", "\(served)")
        #expect(house.crm.lastValues("x-forwarded-for") == ["198.51.100.7"])
    }

    private static func curl(_ address: String, _ port: UInt16) async throws -> (status: Int32, output: String) {
        try await ChildProcess.offPool {
            let folder = TemporaryFolder()
            let status = try ChildProcess.run(
                "/usr/bin/curl",
                [
                    "--silent", "--max-time", "10", "--noproxy", "*", "-H", "Host: crm.gw.localhost", "-H",
                    "X-Forwarded-For: 198.51.100.7", "http://\(address):\(port)/public/x",
                ],
                output: folder.file("out")
            )
            return (status, contents(of: folder.file("out")))
        }
    }

    @Test("A page that asks by itself keeps nobody signed in: passive paths do not move the idle end, others do")
    func passive() async throws {
        let house = try await House.openAudited { text in
            text.changing("idle: 15m", to: "idle: 5s")
                .changing("title: Customer Relations", to: "title: Customer Relations\n    passive: [\"/poll/**\"]")
        }
        let active = try await house.signedIn("bob")
        let passive = try await house.signedIn("alice")
        let start = ContinuousClock.now
        var lastSeen: Duration = .zero
        let isOver = try await Poll.until(within: .seconds(15)) {
            let other = try await active.get("\(house.crmURL)/leads").status
            #expect(other == 200)
            let status = try await passive.get("\(house.crmURL)/poll/news").status
            if status == 200 { lastSeen = ContinuousClock.now - start }
            return status == 302
        }
        #expect(isOver)
        #expect(lastSeen > .seconds(2.5) && lastSeen < .seconds(6.5), "\(lastSeen)")
        // Longer than the idle time after signing in.
        let isStill = try await Poll.until(within: .seconds(15)) {
            let status = try await active.get("\(house.crmURL)/leads").status
            #expect(status == 200)
            return ContinuousClock.now - start > .seconds(7)
        }
        #expect(isStill)
    }
}
