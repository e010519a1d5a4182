import TestSupport
import Testing

@Suite("Faults: what is broken stays where it is")
struct FaultTests {
    @Test("The directory is killed and comes back: sessions go on, sign-in says 503, then works within five seconds")
    func directoryOutage() async throws {
        let house = try await House.open()
        let alice = try await house.signedIn("alice")
        house.directory.kill()
        #expect(try await alice.get("\(house.crmURL)/").status == 200)
        let bob = house.visitor()
        let (_, page) = try await bob.follow("\(house.crmURL)/")
        let down = try await bob.submitSignIn(page, portal: house.gateway.portal, name: "bob", password: House.password)
        #expect(down.status == 503)
        #expect(down.body.contains("Reference"))
        #expect(down.body.contains("value=\"bob\""))
        #expect(try await alice.get("\(house.crmURL)/").status == 200)

        try await house.directory.restart()
        let deadline = ContinuousClock.now + .seconds(5)
        var status = 0
        while ContinuousClock.now < deadline, status != 303 {
            let (_, page) = try await bob.follow("\(house.crmURL)/")
            status = try await bob.submitSignIn(
                page,
                portal: house.gateway.portal,
                name: "bob",
                password: House.password
            ).status
        }
        #expect(status == 303)
    }

    @Test("The directory hangs: sign-in answers 503 within its deadline, everything else goes on")
    func directoryHangs() async throws {
        let house = try await House.open()
        let alice = try await house.signedIn("alice")
        let bob = house.visitor()
        let (_, page) = try await bob.follow("\(house.crmURL)/")
        house.directory.suspend()
        let start = ContinuousClock.now
        async let answer = bob.submitSignIn(page, portal: house.gateway.portal, name: "bob", password: House.password)
        #expect(try await alice.get("\(house.crmURL)/").status == 200)
        #expect(try await answer.status == 503)
        #expect(ContinuousClock.now - start < .seconds(10))
        house.directory.resume()
        let after = try await bob.submitSignIn(
            page,
            portal: house.gateway.portal,
            name: "bob",
            password: House.password
        )
        #expect(after.status == 303 || after.status == 503)
    }

    @Test("An application that is not there is a 502 that names it")
    func upstreamDown() async throws {
        let directory = try await House.openDirectory()
        let gateway = try await TestGateway.start(
            House.configuration(directory, crm: FreePort.takeOne(), partners: FreePort.takeOne())
        )
        let visitor = Visitor(port: gateway.port)
        let (_, response) = try await visitor.signIn(
            "\(gateway.app("crm"))/",
            portal: gateway.portal,
            name: "alice",
            password: House.password
        )
        #expect(response.status == 502)
        #expect(response.body.contains("Customer Relations"))
        #expect(response.body.contains("Reference"))
    }

    @Test(
        "Malformed requests are refused and closed, and no application sees a byte",
        arguments: [
            "GET /public/x HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
            "GET /public/x HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding:\r\nContent-Length: 3\r\n\r\nabc",
            "GET /public/x HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
            "GET /public/x HTTP/1.1\r\nHost: HOST\r\nContent-Length: +3\r\n\r\nabc",
            "GET /public/x HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: xchunked\r\n\r\n",
            "GET /public/x HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n",
            "GET /public/x HTTP/1.1\r\n\r\n",
            "GET /public/x HTTP/1.1\nHost: HOST\n\n",
            "GET /public/x HTTP/1.1\r\nHost: HOST\r\nA: b\r\n c\r\n\r\n",
            "GET /public/x HTTP/1.1\r\nHost : HOST\r\n\r\n",
            "GET /public/x#y HTTP/1.1\r\nHost: HOST\r\n\r\n",
            "GET /public/%00 HTTP/1.1\r\nHost: HOST\r\n\r\n",
            "GET /public\\x HTTP/1.1\r\nHost: HOST\r\n\r\n",
            "GET /public/%c0%af HTTP/1.1\r\nHost: HOST\r\n\r\n",
            "GET  /public/x HTTP/1.1\r\nHost: HOST\r\n\r\n",
            "POST /public/x HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
        ]
    )
    func malformed(request: String) async throws {
        let house = try await SharedHouse.house()
        let port = house.gateway.port
        let reached = house.crm.heads.count
        let text = request.replacing("HOST", with: "crm.gw.localhost:\(port)")
        let answer = try await ChildProcess.offPool {
            let stream = try ByteStream(port: port)
            try stream.write(text)
            return try stream.readToEnd()
        }
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(house.crm.heads.count == reached)
        #expect(house.gateway.isRunning)
    }

    @Test("An unknown host is a 421, CONNECT and TRACE are a 405")
    func misdirected() async throws {
        let house = try await SharedHouse.house()
        let visitor = house.visitor()
        #expect(try await visitor.get("http://unknown.gw.localhost:\(house.gateway.port)/").status == 421)
        #expect(try await visitor.send("TRACE", "\(house.crmURL)/public/x").status == 405)
    }

    @Test("More connections than the process may have leave it alive, and the next visitor is served")
    func descriptors() async throws {
        let house = try await House.open(descriptors: 300)
        let port = house.gateway.port
        let held = try await ChildProcess.offPool {
            var held: [ByteStream] = []
            for index in 0..<400 {
                guard let stream = try? ByteStream(port: port) else { break }
                if index % 8 == 0 {
                    try? stream.write("GET /login HTTP/1.1\r\nHost: login.gw.localhost:\(port)\r\n\r\n")
                }
                held.append(stream)
            }
            return held.count
        }
        #expect(held > 100)
        let deadline = ContinuousClock.now + .seconds(20)
        var answer = 0
        while ContinuousClock.now < deadline, answer != 200 {
            answer = (try? await house.visitor().get("\(house.gateway.portal)/login").status) ?? 0
        }
        #expect(answer == 200)
        #expect(house.gateway.isRunning)
    }

    @Test("A log that nobody reads keeps nobody waiting")
    func unreadLog() async throws {
        let garbage = try RecordingUpstream { _ in "220 mail.example.com ESMTP\r\n" }
        let directory = try await House.openDirectory()
        let gateway = try await TestGateway.start(
            House.configuration(directory, crm: garbage.port, partners: FreePort.takeOne()),
            isLogRead: false
        )
        let port = gateway.port
        let refused = try await ChildProcess.offPool {
            let stream = try ByteStream(port: port)
            // Each of these is a warning of some 200 bytes; a pipe holds 64 KiB.
            return try (0..<800).reduce(0) { count, _ in
                try stream.write("GET /public/x HTTP/1.1\r\nHost: crm.gw.localhost:\(port)\r\n\r\n")
                return count + (try stream.readResponse().status == 502 ? 1 : 0)
            }
        }
        #expect(refused == 800)
        #expect(try await Visitor(port: port).get("\(gateway.portal)/login").status == 200)
    }

    @Test("SIGHUP and SIGUSR1 end nobody's session")
    func signals() async throws {
        let house = try await House.open()
        let alice = try await house.signedIn("alice")
        house.gateway.send(1)
        house.gateway.send(10)
        #expect(try await alice.get("\(house.crmURL)/").status == 200)
        for _ in 0..<500 where !house.gateway.log.contains("in force") { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try await alice.get("\(house.crmURL)/").status == 200)
        try await house.gateway.stop()
        #expect(house.gateway.log.contains("the configuration was read anew and is in force"))
    }

    @Test("SIGTERM lets a running request end, and a second one ends the process at once")
    func stop() async throws {
        let slow = try RecordingUpstream { _ in
            Pause.milliseconds(700)
            return RecordingUpstream.hello("")
        }
        let directory = try await House.openDirectory()
        let gateway = try await TestGateway.start(
            House.configuration(directory, crm: slow.port, partners: FreePort.takeOne())
        )
        let url = "\(gateway.app("crm"))/public/slow"
        let visitor = Visitor(port: gateway.port)
        async let answer = visitor.get(url)
        while slow.heads.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        gateway.send(15)
        #expect(try await answer.status == 200)
        try await gateway.stop()
        #expect(!gateway.isRunning)
    }
}
