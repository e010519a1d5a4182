internal import NIOCore

/// Decides when a failure that every request meets is worth a line in the log: not at each of them.
struct OutageReport {
    private var next: NIODeadline?
    private var unreported = 0

    /// How many seconds lie between two lines, per event loop.
    private static let interval: TimeAmount = .seconds(10)

    /// - Returns: how many failures a line has to speak of, this one included; `nil` when it is too early for a line.
    mutating func failed(at now: NIODeadline) -> Int? {
        unreported += 1
        if let next, now < next { return nil }
        next = now + Self.interval
        defer { unreported = 0 }
        return unreported
    }
}
