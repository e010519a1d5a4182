import RedisClient
import Testing

@Suite("A server that is not what it should be")
struct HostileServerTests {
    @Test(
        "a reply that is none, or is too large, fails the command and ends the connection; the next one works",
        arguments: [
            "*100000000\r\n", "$999999999999\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
            "HTTP/1.1 400 Bad Request\r\n\r\n", "\u{0}\u{1}\u{2}", "$-7\r\n", ":1x\r\n",
        ]
    )
    func badReply(_ answer: String) async throws {
        let server = try await ScriptedServer(answer: answer)
        try await Fixture.run(Fixture.configuration(port: server.port), isAwaited: true) { fixture in
            for _ in 0..<2 {
                let accepted = server.accepted
                fixture.heard[0].forget()
                let error = await failure { try await fixture.send("ATTACK") }
                #expect(error?.code == .protocolViolation)
                try await fixture.untilUnconfirmed(0)
                #expect(await fixture.client.waitUntilUsable(within: .seconds(10)).isUsable)
                #expect(server.accepted == accepted + 1)
            }
        }
        try await server.stop()
    }

    @Test("a second reply to one command ends the connection: the next command would get it")
    func surplusReply() async throws {
        let server = try await ScriptedServer(answer: "+OK\r\n+STOLEN\r\n")
        try await Fixture.run(Fixture.configuration(port: server.port), isAwaited: true) { fixture in
            let reply = try await fixture.send("ATTACK")
            #expect(reply == .status("OK"))
            try await fixture.untilUnconfirmed(0)
            #expect(await fixture.client.waitUntilUsable(within: .seconds(10)).isUsable)
        }
        try await server.stop()
    }

    @Test("a connection that closes instead of a reply is an error at once")
    func closing() async throws {
        let server = try await ScriptedServer(answer: nil)
        var configuration = Fixture.configuration(port: server.port)
        configuration.commandTimeout = .seconds(10)
        try await Fixture.run(configuration, isAwaited: true) { fixture in
            let began = ContinuousClock.now
            let error = await failure { try await fixture.send("ATTACK") }
            #expect(error?.code == .disconnected && began.duration(to: .now) < .seconds(5))
            #expect(await fixture.client.waitUntilUsable(within: .seconds(10)).isUsable)
        }
        try await server.stop()
    }

    @Test("half a reply and then nothing is a timeout")
    func halfReply() async throws {
        let server = try await ScriptedServer(answer: "*2\r\n$5\r\nabc")
        var configuration = Fixture.configuration(port: server.port)
        configuration.commandTimeout = .milliseconds(200)
        try await Fixture.run(configuration, isAwaited: true) { fixture in
            let error = await failure { try await fixture.send("ATTACK") }
            #expect(error?.code == .timeout)
        }
        try await server.stop()
    }

    @Test(
        "a greeting that is not one keeps the connection out of use",
        arguments: [
            ("HTTP/1.1 400 Bad Request\r\n\r\n", RedisError.Code.protocolViolation),
            ("+OK\r\n+OK\r\n+PONG\r\n$0\r\n\r\n$0\r\n\r\n", .unusable),
            ("+OK\r\n+OK\r\n+PONG\r\n:1\r\n:1\r\n", .unusable),
            ("+OK\r\n+OK\r\n-NOAUTH x\r\n-NOAUTH x\r\n-NOAUTH x\r\n", .unusable),
            ("", .timeout),
        ]
    )
    func badGreeting(_ greeting: String, _ code: RedisError.Code) async throws {
        let server = try await ScriptedServer(greeting: greeting)
        var configuration = Fixture.configuration(port: server.port)
        configuration.connectTimeout = .milliseconds(300)
        try await Fixture.run(configuration, isAwaited: false) { fixture in
            try await eventually("the greeting is the problem") { fixture.client.status.problem?.code == code }
            #expect(!fixture.client.status.isUsable)
            let error = await failure { try await fixture.send("ATTACK") }
            #expect(error?.code == .disconnected)
        }
        try await server.stop()
    }

    @Test("a server that greets and then knows nothing is not stormed with connections")
    func noStorm() async throws {
        let server = try await ScriptedServer(answer: "-READONLY no\r\n")
        try await Fixture.run(Fixture.configuration(port: server.port), isAwaited: true) { fixture in
            let accepted = server.accepted
            let end = ContinuousClock.now + .seconds(2)
            while ContinuousClock.now < end {
                _ = await failure { try await fixture.send("ATTACK") }
                _ = await fixture.client.waitUntilUsable(within: .milliseconds(200))
            }
            #expect((2..<20).contains(server.accepted - accepted))
        }
        try await server.stop()
    }
}
