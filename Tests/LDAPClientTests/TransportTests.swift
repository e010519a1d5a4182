import GatehouseCore
import LDAPClient
import TestSupport
import Testing

@Suite("Reaching a server")
struct TransportTests {
    private static func options(_ certificate: TestCertificates.Pair) -> TestDirectory.Options {
        var options = TestDirectory.Options()
        options.certificate = certificate
        options.serverLines = ["sasl-host localhost"]
        return options
    }

    private static let shared = Task {
        try await TestDirectory.start(TestPeople.ldif(2), options: options(TestCertificates.shared.server))
    }

    private func expectSearch(_ configuration: LDAPClientConfiguration) async throws {
        let servers = LDAPServerGroup(configuration)
        let result = try await servers.search(TestPeople.search(1))
        #expect(result.entries.map(\.dn) == [TestPeople.dn(1)])
        #expect(result.entries.first?.texts("CN") == ["User 1"])
        #expect(result.entries.first?.text("entryuuid")?.count == 36)
        await servers.shutdown()
    }

    @Test("plain, StartTLS, LDAPS and the Unix socket all lead to the same entry")
    func transports() async throws {
        let directory = try await Self.shared.value
        try await expectSearch(TestPeople.configuration(directory.ldapURL))
        try await expectSearch(TestPeople.configuration(directory.ldapURL, startTLS: true))
        try await expectSearch(TestPeople.configuration(directory.ldapsURL))
        try await expectSearch(TestPeople.configuration(directory.ldapiURL))
    }

    @Test("EXTERNAL is who the Unix socket's peer is")
    func externalByPeer() async throws {
        try await expectSearch(TestPeople.configuration(Self.shared.value.ldapiURL, identity: .external))
    }

    @Test("EXTERNAL is who the client certificate names, by LDAPS and by StartTLS")
    func externalByCertificate() async throws {
        let directory = try await Self.shared.value
        for (url, startTLS) in [(directory.ldapsURL, false), (directory.ldapURL, true)] {
            var configuration = try TestPeople.configuration(url, startTLS: startTLS, identity: .external)
            configuration.clientCertificateFile = TestCertificates.shared.client.certificate
            configuration.clientKeyFile = TestCertificates.shared.client.key
            try await expectSearch(configuration)
        }
    }

    @Test("EXTERNAL without a certificate is refused, and says so")
    func externalWithoutCertificate() async throws {
        let servers = try await LDAPServerGroup(
            TestPeople.configuration(Self.shared.value.ldapsURL, identity: .external)
        )
        let error = await failure { () async throws(LDAPError) in try await servers.search(TestPeople.search(1)) }
        #expect(error?.code == .bindRefused)
    }

    @Test("a certificate of a strange authority is refused, by LDAPS and by StartTLS")
    func strangeAuthority() async throws {
        let directory = try await Self.shared.value
        for (url, startTLS) in [(directory.ldapsURL, false), (directory.ldapURL, true)] {
            var configuration = try TestPeople.configuration(url, startTLS: startTLS)
            configuration.certificateAuthorityFile = TestCertificates.shared.strangeAuthority
            let servers = LDAPServerGroup(configuration)
            let error = await failure { () async throws(LDAPError) in try await servers.search(TestPeople.search(1)) }
            #expect(error?.code == .tls)
        }
    }

    @Test("a certificate for another name, or one that has expired, is refused, and no bind is sent")
    func wrongCertificates() async throws {
        for certificate in [TestCertificates.shared.wrongName, TestCertificates.shared.expired] {
            let directory = try await TestDirectory.start(TestPeople.ldif(2), options: Self.options(certificate))
            for (url, startTLS) in [(directory.ldapsURL, false), (directory.ldapURL, true)] {
                let servers = try LDAPServerGroup(TestPeople.configuration(url, startTLS: startTLS))
                let error = await failure { () async throws(LDAPError) in try await servers.search(TestPeople.search(1))
                }
                #expect(error?.code == .tls)
            }
            #expect(!directory.log.contains(" BIND "))
        }
    }

    @Test("a certificate is not accepted without a trusted authority in the configuration")
    func systemAuthorities() async throws {
        var configuration = try await TestPeople.configuration(Self.shared.value.ldapsURL)
        configuration.certificateAuthorityFile = nil
        let servers = LDAPServerGroup(configuration)
        let error = await failure { () async throws(LDAPError) in try await servers.search(TestPeople.search(1)) }
        #expect(error?.code == .tls || error?.code == .invalidConfiguration)
    }

    @Test("where the server refuses StartTLS nothing else is sent to it")
    func refusedStartTLS() async throws {
        let directory = try await TestDirectory.start(TestPeople.ldif(2))
        let servers = try LDAPServerGroup(TestPeople.configuration(directory.ldapURL, startTLS: true))
        let error = await failure { () async throws(LDAPError) in try await servers.search(TestPeople.search(1)) }
        #expect(error?.code == .tls)
        let bind = await failure { () async throws(LDAPError) in
            try await servers.bind(dn: TestPeople.dn(1), password: TestPeople.password(1))
        }
        #expect(bind?.code == .tls)
        #expect(directory.log.contains(" EXT oid=1.3.6.1.4.1.1466.20037") && !directory.log.contains(" BIND "))
    }

    @Test("plain text behind the answer to StartTLS ends the connection")
    func injection() async throws {
        let server = FakeServer([
            .read, .send(Wire.extendedResponse(1, code: 0) + Wire.bindResponse(2, code: 0)), .mute,
        ])
        defer { server.stop() }
        let servers = try LDAPServerGroup(TestPeople.configuration("ldap://127.0.0.1:\(server.port)", startTLS: true))
        let error = await failure { () async throws(LDAPError) in
            try await servers.bind(dn: TestPeople.dn(1), password: TestPeople.password(1))
        }
        #expect(error?.code == .tls)
        // The request for StartTLS and the good-bye; no handshake, no bind.
        #expect(server.received.allSatisfy { !$0.contains(0x60) && !$0.starts(with: [0x16]) && $0.count < 64 })
    }

    @Test(
        "a server that falls silent costs no more than the deadline, and no CPU",
        arguments: [
            ("ldaps", [.mute]), ("ldap", [.mute]),
            ("ldap", [.read, .send(Wire.extendedResponse(1, code: 0)), .mute]),
            // A ServerHello's record header, and then nothing.
            ("ldaps", [.read, .send([0x16, 0x03, 0x03, 0x00, 0x7A, 0x02, 0x00]), .mute]),
            ("ldap", [.read, .send(Array(Wire.extendedResponse(1, code: 0).prefix(9))), .mute]),
        ] as [(String, [FakeServer.Step])]
    )
    func silence(scheme: String, script: [FakeServer.Step]) async throws {
        let server = FakeServer(script)
        defer { server.stop() }
        var configuration = try TestPeople.configuration("\(scheme)://127.0.0.1:\(server.port)", startTLS: true)
        configuration.connectTimeout = .milliseconds(400)
        let servers = LDAPServerGroup(configuration)
        let began = ContinuousClock.now
        let error = await failure { () async throws(LDAPError) in
            try await servers.bind(dn: TestPeople.dn(1), password: TestPeople.password(1))
        }
        let took = began.duration(to: .now)
        #expect(error?.code == .timeout)
        #expect(took >= .milliseconds(390) && took < .seconds(2))
    }

    @Test("a peer that hangs up in the handshake is a TLS failure")
    func hangUp() async throws {
        let server = FakeServer([.read, .close])
        defer { server.stop() }
        let servers = try LDAPServerGroup(TestPeople.configuration("ldaps://127.0.0.1:\(server.port)"))
        let error = await failure { () async throws(LDAPError) in try await servers.search(TestPeople.search(1)) }
        #expect(error?.code == .tls)
    }

    @Test("a name that does not exist is an error in time")
    func unknownHost() async throws {
        var configuration = try TestPeople.configuration("ldap://no-such-host.invalid")
        configuration.operationTimeout = .seconds(2)
        let servers = LDAPServerGroup(configuration)
        let began = ContinuousClock.now
        let error = await failure { () async throws(LDAPError) in try await servers.search(TestPeople.search(1)) }
        #expect(error?.code == .unavailable || error?.code == .timeout)
        #expect(began.duration(to: .now) < .seconds(4))
    }

    @Test("a probe says what is wrong with which server")
    func probe() async throws {
        let directory = try await Self.shared.value
        let dead = "ldap://127.0.0.1:\(FreePort.takeOne())"
        let report = await LDAPServerGroup(try TestPeople.configuration([directory.ldapsURL, dead])).probe()
        #expect(report.map(\.server.description) == [directory.ldapsURL, dead])
        #expect(report.map(\.problem?.code) == [nil, .unavailable])
    }
}
