import GatehouseCore
import Testing

@Suite("Timestamp")
struct TimestampTests {
    @Test(
        "known moments are written as RFC 3339 says",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"), (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (4_107_456_000_000, "2100-02-28T00:00:00.000Z"), (1_795_338_904_120, "2026-11-22T09:15:04.120Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (2_147_483_648_000, "2038-01-19T03:14:08.000Z"), (-11_676_096_000_000, "1600-01-01T00:00:00.000Z"),
        ] as [(Int64, String)]
    )
    func rfc3339(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
    }

    @Test(
        "known days fall on their weekday",
        arguments: [(0, 4), (-1, 3), (951_782_400_000, 2), (1_795_338_904_120, 0), (-86_400_000 * 5, 6)]
            as [(Int64, Int)]
    )
    func weekdays(milliseconds: Int64, weekday: Int) {
        #expect(CivilDate(Timestamp(milliseconds: milliseconds)).weekday == weekday)
    }

    @Test("from 1900 to 2200 each day is the one after the day before")
    func calendar() {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var (year, month, day, weekday) = (1900, 1, 1, 1)
        var time = Timestamp(milliseconds: -2_208_988_800_000)
        while year < 2200 {
            let date = CivilDate(time)
            guard date.year == year, date.month == month, date.day == day, date.weekday == weekday, date.hour == 0
            else {
                Issue.record("\(year)-\(month)-\(day) is given as \(date)")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            day += 1
            if day > lengths[month - 1] + (isLeap && month == 2 ? 1 : 0) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
            weekday = (weekday + 1) % 7
            time = time + .seconds(86_400)
        }
    }

    @Test("times and durations add up")
    func arithmetic() {
        let time = Timestamp(milliseconds: 1000)
        #expect(time + .milliseconds(1) == Timestamp(milliseconds: 1001))
        #expect(time + .microseconds(1999) == Timestamp(milliseconds: 1001))
        #expect(time + .seconds(-2) == Timestamp(milliseconds: -1000))
        #expect(Timestamp(milliseconds: 5) - Timestamp(milliseconds: 7) == .milliseconds(-2))
        #expect(Duration.microseconds(-1500).wholeMilliseconds == -1)
        #expect(Timestamp(milliseconds: -1) < Timestamp(milliseconds: 0))
    }

    @Test("the steady clock starts at the time of day and never goes back")
    func steady() {
        let first = WallClock.steady.now()
        #expect(first <= WallClock.steady.now())
        let difference = WallClock.system.now() - first
        #expect(difference < .seconds(60) && difference > .seconds(-60))
    }
}
