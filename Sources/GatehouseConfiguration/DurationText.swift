/// `90s`, `15m`, `8h`, `30d`.
enum DurationText {
    static func parse(_ text: String) -> Duration? {
        guard let unit = text.last, let number = number(text.dropLast()) else { return nil }
        return switch unit {
        case "s": .seconds(number)
        case "m": .seconds(number * 60)
        case "h": .seconds(number * 3600)
        case "d": .seconds(number * 86400)
        default: nil
        }
    }

    /// Nine digits at most: no product of them overflows, and no duration of ours is longer.
    private static func number(_ digits: Substring) -> Int64? {
        guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int64(digits)
    }
}
