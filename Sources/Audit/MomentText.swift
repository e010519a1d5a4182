package import GatehouseCore

/// Moments as people write them for a search: RFC 3339 (`2026-11-22T09:15:04Z`, with fractions and offsets), a day
/// (`2026-11-22`, its beginning in UTC), or how long ago (`90s`, `15m`, `8h`, `30d`).
package enum MomentText {
    package static func parse(_ text: String, now: Timestamp) -> Timestamp? {
        if let unit = text.last, let seconds = ["s": 1, "m": 60, "h": 3600, "d": 86_400][unit] {
            // Nine digits at most: no product of them overflows.
            guard let count = digits(Array(text.utf8.dropLast()), 1...9) else { return nil }
            return Timestamp(milliseconds: now.milliseconds - Int64(count) * Int64(seconds) * 1000)
        }
        return parseRFC3339(text.utf8.count == 10 ? text + "T00:00:00Z" : text)
    }

    /// - Returns: `nil` unless the text is a moment that the calendar has; a leap second is the second before it.
    package static func parseRFC3339(_ text: String) -> Timestamp? {
        let bytes = Array(text.utf8)
        guard (20...40).contains(bytes.count), bytes[4] == 0x2D, bytes[7] == 0x2D, bytes[10] | 0x20 == 0x74,
            bytes[13] == 0x3A, bytes[16] == 0x3A, let year = digits(bytes[0..<4]), let month = digits(bytes[5..<7]),
            let day = digits(bytes[8..<10]), let hour = digits(bytes[11..<13]), let minute = digits(bytes[14..<16]),
            let second = digits(bytes[17..<19]), hour < 24, minute < 60, second <= 60
        else { return nil }
        var rest = bytes[19...]
        var milliseconds = 0
        if rest.first == 0x2E {
            let fraction = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
            let three = (fraction + [0x30, 0x30, 0x30]).prefix(3)
            guard !fraction.isEmpty, let value = digits(three) else { return nil }
            milliseconds = value
            rest = rest[fraction.endIndex...]
        }
        guard let offset = offset(Array(rest)), let days = days(year: year, month: month, day: day) else { return nil }
        let minutes = Int64(days) * 1440 + Int64(hour * 60 + minute - offset)
        return Timestamp(milliseconds: (minutes * 60 + Int64(min(second, 59))) * 1000 + Int64(milliseconds))
    }

    /// In minutes east of UTC.
    private static func offset(_ bytes: [UInt8]) -> Int? {
        if bytes == [0x5A] || bytes == [0x7A] { return 0 }
        guard bytes.count == 6, bytes[0] == 0x2B || bytes[0] == 0x2D, bytes[3] == 0x3A,
            let hours = digits(bytes[1..<3]), let minutes = digits(bytes[4..<6]), hours < 24, minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * (bytes[0] == 0x2D ? -1 : 1)
    }

    /// Days since 1970-01-01 (the inverse of ``CivilDate``); `nil` for a day that the month does not have.
    private static func days(year: Int, month: Int, day: Int) -> Int? {
        guard (1...12).contains(month), day >= 1 else { return nil }
        // Counted from March, so that a leap day ends its year.
        let shiftedYear = month <= 2 ? year - 1 : year
        let shiftedMonth = (month + 9) % 12
        // The year 0000 has no February before it here.
        let era = shiftedYear >= 0 ? shiftedYear / 400 : -1
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let date = CivilDate(Timestamp(milliseconds: Int64(days) * 86_400_000))
        return date.month == month && date.day == day ? days : nil
    }

    private static func digits(_ bytes: some Collection<UInt8>, _ counts: ClosedRange<Int> = 1...9) -> Int? {
        guard counts.contains(bytes.count), bytes.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self))
    }
}
