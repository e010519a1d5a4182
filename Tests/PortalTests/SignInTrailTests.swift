import Audit
import Testing

@testable import Portal

@Suite("The portal with a real trail")
struct SignInTrailTests {
    @Test("A sign-in's line is written before the answer, and a trail that was closed lets nobody in")
    func trail() async throws {
        let lines = Recorder<String>()
        let key = try TestPortal().key
        let trail = try AuditTrail(key: key, sinks: [{ lines.append(String(decoding: $0, as: UTF8.self)) }])
        let portal = try TestPortal(audit: PortalAudit(trail))
        var browser = Browser(portal)
        #expect(await browser.signIn().status == 303)
        let line = lines.values.first { $0.contains("\"event\":\"sign_in.succeeded\"") } ?? ""
        #expect(line.contains("\"reason\":\"password\",\"subject\":\"staff/id-of-alice\",\"login\":\"alice\""))
        #expect(line.contains("\"ip\":\"192.0.2.7\""))
        await trail.close()
        var other = Browser(portal)
        #expect(await other.signIn().status == 503)
        let token = try #require(browser.cookie("__Host-gatehouse"))
        #expect(!lines.values.contains { $0.contains(token) })
    }
}
