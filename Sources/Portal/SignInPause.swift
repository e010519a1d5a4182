internal import GatehouseCore

/// How long nobody is let in under a name or from a network, for a person and for a program to read.
struct SignInPause: Sendable {
    /// No limit lasts longer than a day.
    private static let most: Int64 = 86_400

    /// 1 to 86,400, rounded up: the value of `Retry-After` (RFC 9110, section 10.2.3).
    let seconds: Int64
    private let end: Timestamp

    init(_ duration: Duration, from now: Timestamp) {
        let (whole, rest) = duration.components
        seconds = min(max(rest > 0 && whole < Self.most ? whole + 1 : whole, 1), Self.most)
        end = now + .seconds(seconds)
    }

    /// The parts of one sentence around its `<time>`: `before`, `moment` (RFC 3339), `clock`, `after`.
    func values(_ messages: Messages) -> [String: Any] {
        let (before, after) = messages.parts(.tooManyAttempts, around: "time")
        let wait = wait(messages)
        let shown = moment
        return [
            "before": Messages.filled(before, "wait", wait),
            "moment": shown.rfc3339,
            "clock": messages.text(.clockInUTC, "clock", clock(shown)),
            "after": Messages.filled(after, "wait", wait),
        ]
    }

    /// In the largest unit that is not too coarse, rounded up: who comes then does not come too soon.
    private func wait(_ messages: Messages) -> String {
        let minutes = (seconds + 59) / 60
        return switch seconds {
        case 1: messages.text(.waitSecond)
        case ..<60: messages.text(.waitSeconds, "count", String(seconds))
        case 60: messages.text(.waitMinute)
        case ...7200: messages.text(.waitMinutes, "count", String(minutes))
        default: messages.text(.waitHours, "count", String((seconds + 3599) / 3600))
        }
    }

    /// A full minute where the wait is told in minutes, a full second where it is told in seconds.
    private var moment: Timestamp {
        let unit: Int64 = seconds < 60 ? 1000 : 60_000
        let past = end.milliseconds % unit
        return past > 0 ? end + .milliseconds(unit - past) : end
    }

    /// `14:32`, or `14:32:05` where seconds matter.
    private func clock(_ moment: Timestamp) -> String {
        let date = CivilDate(moment)
        let parts = [date.hour, date.minute] + (seconds < 60 ? [date.second] : [])
        return parts.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}
