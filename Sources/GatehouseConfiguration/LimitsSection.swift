internal import Sessions

/// `limits`: what is not said there has its default, and nothing switches limits off.
struct LimitsSection {
    private(set) var signIn = SignInLimits()

    private static let counts = 1...1000
    private static let periods: ClosedRange<Duration> = .seconds(1) ... .seconds(86400)

    init(_ reader: MappingReader?) {
        guard let reader = reader?["sign_in"]?.mapping() else { return }
        if let rate = reader["per_account"].flatMap(Self.rate) { signIn.perAccount = rate }
        if let rate = reader["per_network"].flatMap(Self.rate) { signIn.perNetwork = rate }
        let lockout = reader["lockout"]?.duration(in: Self.periods, "a name stays locked for 1s to 1d")
        if let lockout { signIn.lockout = lockout }
    }

    private static func rate(_ field: Field) -> SignInLimits.Rate? {
        let example = "so many failures in such a time, as 5/5m"
        guard case .scalar(let text, _) = field.node.value, !field.node.isNull else { return field.mismatch(example) }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let period = DurationText.parse(String(parts[1])), !parts[0].isEmpty,
            parts[0].utf8.count <= 9, parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int(parts[0])
        else {
            field.refuse("\(quoted(text)) does not say how many in which time; write \(example)")
            return nil
        }
        guard counts.contains(count) else {
            field.refuse("\(count) failures cannot be counted; write 1 to 1000, as 5/5m")
            return nil
        }
        guard periods.contains(period) else {
            field.refuse("failures are counted for 1s to 1d, not for \(quoted(parts[1]))")
            return nil
        }
        return SignInLimits.Rate(count: count, period: period)
    }
}
