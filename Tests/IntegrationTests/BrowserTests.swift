import TestSupport
import Testing

@Suite("In a real browser")
struct BrowserTests {
    @Test(
        "Sign in, open both applications, be denied, sign out; by keyboard, without JavaScript, judged by WCAG 2.2 AA",
        .timeLimit(.minutes(4))
    )
    func journey() async throws {
        let house = try await House.open()
        let pictures = TemporaryFolder()
        let arguments = [
            "\(TestEnvironment.root)/Tests/IntegrationTests/Browser/journey.py", TestEnvironment.chromium,
            house.gateway.portal, house.crmURL, house.partnersURL, House.password, pictures.path,
        ]
        let (status, output) = try await ChildProcess.offPool {
            let log = pictures.file("log")
            let status = try ChildProcess.run(
                TestEnvironment.python,
                arguments,
                environment: ["HOME": pictures.path],
                output: log
            )
            return (status, contents(of: log))
        }
        #expect(status == 0, "\(output)\n\(house.gateway.log.suffix(2000))")
    }
}
