import GatehouseCore
import Testing

@testable import Portal

@Suite("The time that a page tells after too many attempts")
struct SignInPauseTests {
    /// 2027-01-15T08:00:00Z
    private let now = Timestamp(milliseconds: 1_800_000_000_000)
    private let messages = MessageCatalogue.standard.messages(for: nil)

    private func sentence(_ pause: SignInPause, _ messages: Messages) -> String {
        let values = pause.values(messages)
        return ["before", "clock", "after"].map { values[$0] as? String ?? "?" }.joined()
    }

    @Test(
        "It is rounded up, and told in a unit that fits",
        arguments: [
            (Duration.seconds(-5), 1, "in 1 second (after 08:00:01 UTC)"),
            (.zero, 1, "in 1 second (after 08:00:01 UTC)"),
            (.milliseconds(1), 1, "in 1 second (after 08:00:01 UTC)"),
            (.milliseconds(1001), 2, "in 2 seconds (after 08:00:02 UTC)"),
            (.seconds(59), 59, "in 59 seconds (after 08:00:59 UTC)"),
            (.milliseconds(59_001), 60, "in 1 minute (after 08:01 UTC)"),
            (.seconds(61), 61, "in 2 minutes (after 08:02 UTC)"),
            (.seconds(900), 900, "in 15 minutes (after 08:15 UTC)"),
            (.seconds(7200), 7200, "in 120 minutes (after 10:00 UTC)"),
            (.seconds(7201), 7201, "in 3 hours (after 10:01 UTC)"),
            (.seconds(86_400), 86_400, "in 24 hours (after 08:00 UTC)"),
            (.seconds(Int64.max), 86_400, "in 24 hours (after 08:00 UTC)"),
        ]
    )
    func words(duration: Duration, seconds: Int64, words: String) {
        let pause = SignInPause(duration, from: now)
        #expect(pause.seconds == seconds)
        #expect(sentence(pause, messages) == "Too many attempts. Try again \(words).")
    }

    @Test("Who comes at the time that was told does not come too soon")
    func roundedUp() {
        let pause = SignInPause(.seconds(900), from: now + .milliseconds(17))
        #expect(sentence(pause, messages).contains("(after 08:16 UTC)"))
        #expect(pause.values(messages)["moment"] as? String == "2027-01-15T08:16:00.000Z")
    }

    @Test("A moment of the next day is told with its date to programs")
    func midnight() {
        let pause = SignInPause(.seconds(900), from: now + .seconds(15 * 3600 + 55 * 60))
        #expect(pause.values(messages)["clock"] as? String == "00:10 UTC")
        #expect(pause.values(messages)["moment"] as? String == "2027-01-16T00:10:00.000Z")
    }

    @Test("A language may name the time first")
    func order() {
        let language = MessageLanguage(
            tag: "x",
            texts: [.tooManyAttempts: "{time}: {wait}!", .waitMinutes: "{count} m", .clockInUTC: "{clock}Z"]
        )
        let pause = SignInPause(.seconds(900), from: now)
        #expect(sentence(pause, Messages(language: language, fallback: language)) == "08:15Z: 15 m!")
    }
}
