/// The statuses that metrics tell apart: those of the IANA registry. An upstream may send any three digits; each would
/// be a series of its own.
enum StatusCode {
    private static let codes: [Int] =
        Array(100...104) + Array(200...208) + [226] + Array(300...308) + Array(400...417)
        + [421, 422, 423, 424, 425, 426, 428, 429, 431, 451] + Array(500...508) + [510, 511]

    /// Places that ``place(of:)`` gives.
    static let count = 64

    private static let places: [UInt8] = {
        var places = [UInt8](repeating: 0, count: 512)
        for (place, code) in codes.enumerated() { places[code] = UInt8(place + 1) }
        return places
    }()

    /// - Parameter status: anything; 0 is how an exchange without an answer is told.
    /// - Returns: from 0, which is every other status, to less than ``count``.
    static func place(of status: Int) -> Int {
        let places = places
        return places.indices.contains(status) ? Int(places[status]) : 0
    }

    static func label(of status: Int) -> String {
        place(of: status) == 0 ? "other" : String(status)
    }
}
