/// IMF-fixdate, the one form of a date that HTTP writes (RFC 9110, section 5.6.7).
package enum HTTPDate {
    /// - Returns: as `Sun, 22 Nov 2026 09:15:04 GMT`.
    package static func format(_ time: Timestamp) -> String {
        let date = CivilDate(time)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(days[date.weekday]), \(two(date.day)) \(months[date.month - 1]) \(date.year) "
            + "\(two(date.hour)):\(two(date.minute)):\(two(date.second)) GMT"
    }
}
