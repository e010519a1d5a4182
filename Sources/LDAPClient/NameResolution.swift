internal import Glibc

/// The addresses of a host. `getaddrinfo` blocks for as long as the resolver likes and cannot be interrupted, so each
/// name has at most one look-up thread, and callers wait for it no longer than their deadline.
enum NameResolution {
    /// A `sockaddr` of any family, as bytes.
    struct Address: Sendable, Equatable {
        let family: Int32
        let bytes: [UInt8]
    }

    enum Outcome: Sendable {
        case addresses([Address])
        case failed(String)
    }

    private struct Question: Hashable {
        let host: String
        let port: UInt16
    }

    private final class LookUp: Sendable {
        let outcome = Monitor<Outcome?>(nil)
    }

    private static let running = Monitor<[Question: LookUp]>([:])

    /// - Returns: `nil` when there is no answer by the deadline.
    static func resolve(_ host: String, port: UInt16, deadline: ContinuousClock.Instant) -> Outcome? {
        if let address = numeric(host, port: port) { return .addresses([address]) }
        let question = Question(host: host, port: port)
        let (lookUp, isNew) = running.change { running in
            if let lookUp = running[question] { return (lookUp, false) }
            let lookUp = LookUp()
            running[question] = lookUp
            return (lookUp, true)
        }
        if isNew, !startThread({ finish(question, lookUp, ask(question, flags: 0)) }) {
            finish(question, lookUp, .failed("the system has no thread left"))
        }
        return lookUp.outcome.wait { outcome in
            if let outcome { return .done(outcome) }
            return ContinuousClock.now >= deadline ? .done(nil) : .wait(until: deadline)
        }
    }

    private static func finish(_ question: Question, _ lookUp: LookUp, _ outcome: Outcome) {
        running.change { $0[question] = nil }
        lookUp.outcome.change { $0 = outcome }
    }

    private static func numeric(_ host: String, port: UInt16) -> Address? {
        guard case .addresses(let addresses) = ask(Question(host: host, port: port), flags: AI_NUMERICHOST) else {
            return nil
        }
        return addresses.first
    }

    private static func ask(_ question: Question, flags: Int32) -> Outcome {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = flags | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(question.host, String(question.port), &hints, &list)
        guard status == 0 else { return unsafe .failed(String(cString: gai_strerror(status))) }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [Address] = []
        var next = unsafe list
        while let info = unsafe next {
            if let address = unsafe info.pointee.ai_addr {
                let bytes = unsafe UnsafeRawBufferPointer(start: address, count: Int(info.pointee.ai_addrlen))
                unsafe addresses.append(Address(family: info.pointee.ai_family, bytes: Array(bytes)))
            }
            unsafe next = info.pointee.ai_next
        }
        return addresses.isEmpty ? .failed("the name has no address") : .addresses(addresses)
    }
}
