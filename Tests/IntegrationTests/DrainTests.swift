import Glibc
import TestSupport
import Testing

@Suite("SIGTERM: whoever comes is served, whoever is served is served to the end")
struct DrainTests {
    @Test("Under load: unready at once, not one request fails, slow responses are whole, and the exit status is 0")
    func underLoad() async throws {
        let slow = try await SlowUpstream.start()
        var options = TestGateway.Options()
        options.drainDelay = "4s"
        let house = try await House.openAudited(slow: slow, options: options)
        let gateway = house.gateway
        let alice = try await house.signedIn("alice")
        let load = house.load(alice)
        let download = try await Download.begin(
            port: gateway.port,
            host: "files.gw.localhost",
            path: "/keep/x"
        )
        #expect(await Poll.until { load.current.answered > 50 })
        #expect(load.current.farewells == 0)
        #expect(try await gateway.operations("/readyz").status == 200)

        gateway.send(SIGTERM)
        let isUnready = try await Poll.until(within: .seconds(1)) {
            try await gateway.operations("/readyz").status == 503
        }
        #expect(isUnready)
        #expect(try await gateway.operations("/readyz").body.contains("\"draining\""))
        #expect(try await gateway.operations("/healthz").status == 200)
        #expect(await Poll.until(within: .seconds(3)) { load.current.farewells > 20 })
        let answer = try await alice.get("\(house.crmURL)/leads")
        #expect(answer.status == 200)
        #expect(answer.value("connection") == "close")
        let tally = await load.finish()
        #expect(gateway.isRunning && !download.isOver)
        #expect(tally.failures.isEmpty, "\(tally.failures.prefix(5))")

        #expect(await Poll.until { (try? ByteStream(port: gateway.port)) == nil })
        let count = download.count
        #expect(await Poll.until { download.count > count + 5 })
        #expect(gateway.isRunning)
        try await slow.release()
        #expect(await Poll.until { download.isOver })
        #expect(download.isWhole)
        #expect(await Poll.until(within: .seconds(10)) { !gateway.isRunning })
        #expect(gateway.exitStatus == 0)
        let verified = try await AuditCommand(gateway: gateway).verify([gateway.auditFile], options: ["--sealed"])
        #expect(verified.status == 0, "\(verified.output)")
        let events = try await AuditLine.read(gateway.auditFile).map(\.event)
        #expect(events.suffix(2) == ["admin.stopped", "audit.sealed"])
    }

    @Test("With other nodes beside it not one request fails; a node that is killed takes nobody's session with it")
    func otherNodes() async throws {
        var options = TestGateway.Options()
        options.drainDelay = "1s"
        let shared = try await House.openShared(nodes: 3, options: options)
        let nodes = shared.gateways
        let alice = try await shared.house.signedIn("alice")
        let load = shared.house.load(alice, ports: nodes.map(\.port))
        #expect(await Poll.until { load.current.answered > 50 })
        nodes[0].send(SIGTERM)
        #expect(await Poll.until(within: .seconds(20)) { !nodes[0].isRunning })
        #expect(nodes[0].exitStatus == 0)
        let atEnd = load.current.answered
        #expect(await Poll.until { load.current.answered > atEnd + 50 })
        let tally = await load.finish()
        #expect(tally.failures.isEmpty, "\(tally.failures.prefix(5))")
        #expect(tally.farewells > 0)

        nodes[1].send(SIGKILL)
        #expect(await Poll.until { !nodes[1].isRunning })
        #expect(nodes[1].exitStatus == -SIGKILL)
        let third = shared.visitor(2)
        for host in ["crm.gw.localhost", "login.gw.localhost"] {
            third.setCookie(host, "gatehouse", alice.cookies(host)["gatehouse"])
        }
        #expect(try await third.get("\(shared.crm(2))/leads").status == 200)
        #expect(shared.house.crm.lastValues("remote-user") == ["alice"])
    }

    @Test("A second SIGTERM ends the process at once, whatever is under way")
    func twice() async throws {
        let slow = try await SlowUpstream.start()
        let house = try await House.openAudited(slow: slow)
        let gateway = house.gateway
        let download = try await Download.begin(port: gateway.port, host: "files.gw.localhost", path: "/keep/x")
        gateway.send(SIGTERM)
        #expect(await Poll.until { gateway.log.contains("\"stopping: running requests may end\"") })
        #expect(gateway.isRunning && !download.isOver)
        gateway.send(SIGTERM)
        #expect(await Poll.until(within: .seconds(2)) { !gateway.isRunning })
        #expect(gateway.exitStatus == -SIGTERM)
        #expect(await Poll.until(within: .seconds(2)) { download.isOver })
        #expect(!download.isWhole)
    }
}
