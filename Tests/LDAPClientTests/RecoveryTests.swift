import GatehouseCore
import Glibc
import LDAPClient
import TestSupport
import Testing

@Suite("Servers that fail and come back")
struct RecoveryTests {
    private func start() async throws -> TestDirectory { try await TestDirectory.start(TestPeople.ldif(3)) }

    private func group(_ urls: [String], timeout: Duration = .seconds(10)) throws -> LDAPServerGroup {
        var configuration = try TestPeople.configuration(urls)
        configuration.operationTimeout = timeout
        return LDAPServerGroup(configuration)
    }

    /// Tries until it works; returns how long that took.
    private func timeToRecover(_ body: () async throws(LDAPError) -> Void) async throws -> Duration {
        let began = ContinuousClock.now
        while began.duration(to: .now) < .seconds(10) {
            do throws(LDAPError) {
                try await body()
                return began.duration(to: .now)
            } catch {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        return .seconds(10)
    }

    @Test("a restarted server is noticed before anything is sent: neither a search nor a bind fails")
    func restart() async throws {
        let directory = try await start()
        let servers = try group([directory.ldapURL])
        for _ in 0..<2 {
            _ = try await servers.search(TestPeople.search(1))
            #expect(try await servers.bind(dn: TestPeople.dn(1), password: TestPeople.password(1)).isClean)
            directory.kill()
            try await directory.restart()
        }
        _ = try await servers.search(TestPeople.search(1))
        #expect(try await servers.bind(dn: TestPeople.dn(1), password: TestPeople.password(1)).isClean)
    }

    @Test("a killed server is an error at once, and in use again soon after its return")
    func killed() async throws {
        let directory = try await start()
        let servers = try group([directory.ldapURL])
        _ = try await servers.search(TestPeople.search(1))
        directory.kill()
        let began = ContinuousClock.now
        for _ in 0..<20 {
            let error = await failure { () async throws(LDAPError) in try await servers.search(TestPeople.search(1)) }
            #expect(error?.code == .unavailable)
        }
        #expect(began.duration(to: .now) < .seconds(2))
        try await directory.restart()
        let recovery = try await timeToRecover { () async throws(LDAPError) in
            _ = try await servers.search(TestPeople.search(1))
            _ = try await servers.bind(dn: TestPeople.dn(1), password: TestPeople.password(1))
        }
        #expect(recovery < .seconds(5))
    }

    @Test("a hung server is an error at the deadline for each of many callers, without burning CPU")
    func hung() async throws {
        let directory = try await start()
        var configuration = try TestPeople.configuration(directory.ldapURL)
        configuration.operationTimeout = .seconds(1)
        configuration.bindWaiters = 200
        let servers = LDAPServerGroup(configuration)
        _ = try await servers.search(TestPeople.search(1))
        directory.suspend()
        let threads = threadCount()
        let cpu = processorTime()
        let began = ContinuousClock.now
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let error = await failure { () async throws(LDAPError) in
                        if number.isMultiple(of: 2) {
                            _ = try await servers.search(TestPeople.search(1))
                        } else {
                            _ = try await servers.bind(dn: TestPeople.dn(1), password: TestPeople.password(1))
                        }
                    }
                    #expect(error?.code == .timeout)
                    #expect(threadCount() < threads + 60)
                }
            }
        }
        let took = began.duration(to: .now)
        #expect(took < .seconds(2))
        // Other suites run at the same time: the bound is for a spin (a whole core per connection), not for work.
        #expect(processorTime() - cpu < took * 2)
        directory.resume()
        let recovery = try await timeToRecover { () async throws(LDAPError) in
            _ = try await servers.search(TestPeople.search(1))
        }
        #expect(recovery < .seconds(5))
    }

    @Test("where the first server refuses, the second answers; the first is used again when it is back")
    func failover() async throws {
        let first = try await start()
        let second = try await start()
        first.kill()
        let servers = try group([first.ldapURL, second.ldapURL])
        _ = try await servers.search(TestPeople.search(1))
        #expect(
            try await servers.bind(dn: TestPeople.dn(1), password: TestPeople.password(1)).server.port == second.port
        )
        try await first.restart()
        let began = ContinuousClock.now
        var port = second.port
        while port != first.port, began.duration(to: .now) < .seconds(5) {
            // As at a sign-in: the search finds out that the first server is back, the bind follows it.
            _ = try await servers.search(TestPeople.search(1))
            port = try await servers.bind(dn: TestPeople.dn(1), password: TestPeople.password(1)).server.port
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(port == first.port)
    }

    @Test("where the first server hangs, searches go on with the second within their deadline")
    func hungFirst() async throws {
        let first = try await start()
        let second = try await start()
        let servers = try group([first.ldapURL, second.ldapURL], timeout: .seconds(2))
        _ = try await servers.search(TestPeople.search(1))
        first.suspend()
        _ = try await servers.search(TestPeople.search(1))
        let began = ContinuousClock.now
        #expect(
            try await servers.bind(dn: TestPeople.dn(1), password: TestPeople.password(1)).server.port == second.port
        )
        #expect(began.duration(to: .now) < .milliseconds(900))
        first.resume()
    }

    @Test("a wrong service password is tried sparingly and named as what it is")
    func wrongServicePassword() async throws {
        let directory = try await start()
        let identity = LDAPBindIdentity.simple(dn: TestDirectory.serviceDN, password: Secret(utf8: "wrong"))
        let servers = try LDAPServerGroup(TestPeople.configuration(directory.ldapURL, identity: identity))
        for _ in 0..<20 {
            let error = await failure { () async throws(LDAPError) in try await servers.search(TestPeople.search(1)) }
            #expect(error?.code == .bindRefused)
        }
        #expect(directory.log.split(separator: "\n").count { $0.contains("err=49") } < 5)
    }

    @Test("a caller who is cancelled while waiting goes at once")
    func cancellation() async throws {
        let directory = try await start()
        var configuration = try TestPeople.configuration(directory.ldapURL)
        configuration.searchConnections = 1
        configuration.operationTimeout = .seconds(5)
        let servers = LDAPServerGroup(configuration)
        _ = try await servers.search(TestPeople.search(1))
        directory.suspend()
        defer { directory.resume() }
        let callers = (0..<2).map { _ in
            Task {
                let began = ContinuousClock.now
                let code: LDAPError.Code?
                do throws(LDAPError) {
                    _ = try await servers.search(TestPeople.search(1))
                    code = nil
                } catch {
                    code = error.code
                }
                return (code: code, took: began.duration(to: .now))
            }
        }
        try await Task.sleep(for: .milliseconds(200))
        for caller in callers { caller.cancel() }
        // One of the two holds the connection until the server goes on; the other one waits for it.
        try await Task.sleep(for: .milliseconds(500))
        directory.resume()
        let codes = [await callers[0].value, await callers[1].value]
        #expect(codes.count { $0.code == .cancelled && $0.took < .milliseconds(600) } == 1)
        #expect(codes.count { $0.code == nil } == 1)
    }

    @Test("a reserved connection that sends nothing goes back, released or forgotten, and serves the next")
    func unusedLease() async throws {
        let server = FakeServer([.read, .send(Wire.bindResponse(1, code: 0)), .mute])
        defer { server.stop() }
        let servers = try group(["ldap://127.0.0.1:\(server.port)"])
        try await servers.reserveBind().release()
        _ = try await servers.reserveBind()
        #expect(server.received.allSatisfy { $0.isEmpty })
        let lease = try await servers.reserveBind()
        let outcome = try await lease.bind(dn: TestPeople.dn(1), password: TestPeople.password(1))
        #expect(outcome.isClean && outcome.duration > .zero)
        #expect(server.received.count == 1)
        let again = await failure { () async throws(LDAPError) in
            try await lease.bind(dn: TestPeople.dn(1), password: TestPeople.password(1))
        }
        #expect(again?.code == .invalidConfiguration)
        await servers.shutdown()
    }

    @Test("more callers than may wait for a bind are refused at once; the others wait half their time")
    func boundedWaiters() async throws {
        let server = FakeServer([.mute])
        defer { server.stop() }
        var configuration = try TestPeople.configuration("ldap://127.0.0.1:\(server.port)")
        configuration.bindConnections = 1
        configuration.bindWaiters = 1
        configuration.operationTimeout = .seconds(4)
        let servers = LDAPServerGroup(configuration)
        let held = try await servers.reserveBind()
        let began = ContinuousClock.now
        let waiting = Task { await failure { () async throws(LDAPError) in try await servers.reserveBind() } }
        try await Task.sleep(for: .milliseconds(300))
        let refused = await failure { () async throws(LDAPError) in try await servers.reserveBind() }
        #expect(refused?.code == .overloaded)
        #expect(began.duration(to: .now) < .milliseconds(1900))
        #expect(await waiting.value?.code == .timeout)
        let took = began.duration(to: .now)
        #expect(took >= .milliseconds(1990) && took < .milliseconds(3900))
        try await held.release()
        _ = try await servers.reserveBind()
    }

    @Test("while binds have no answer, who sends none gets the same error, and no sooner")
    func bindsHang() async throws {
        let server = FakeServer([.mute])
        defer { server.stop() }
        let servers = try group(["ldap://127.0.0.1:\(server.port)"], timeout: .seconds(3))
        let bind = await failure { () async throws(LDAPError) in
            try await servers.bind(dn: TestPeople.dn(1), password: TestPeople.password(1))
        }
        #expect(bind?.code == .timeout)
        let began = ContinuousClock.now
        let none = await failure { () async throws(LDAPError) in try await servers.reserveBind().release() }
        #expect(none == bind)
        #expect(began.duration(to: .now) >= .milliseconds(2990))
        await servers.shutdown()
    }

    @Test("after shutdown nothing is served")
    func shutdown() async throws {
        let directory = try await start()
        let servers = try group([directory.ldapURL])
        _ = try await servers.search(TestPeople.search(1))
        await servers.shutdown()
        let error = await failure { () async throws(LDAPError) in try await servers.search(TestPeople.search(1)) }
        #expect(error?.code == .shutDown)
    }
}

private func processorTime() -> Duration {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

private func threadCount() -> Int {
    let line = contents(of: "/proc/self/status").split(separator: "\n").first { $0.hasPrefix("Threads:") }
    return line.flatMap { Int($0.dropFirst(8).filter { $0.isNumber }) } ?? 0
}
