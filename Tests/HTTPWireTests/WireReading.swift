import HTTPWire
import NIOCore

/// What became of bytes that were fed to the codec, in a form that can be compared.
enum Verdict: Equatable, CustomStringConvertible {
    /// A head or its content is not complete.
    case incomplete
    case refused(WireError)
    /// A whole message, and what stands behind it.
    case message(head: String, body: [UInt8], rest: [UInt8])

    var description: String {
        switch self {
        case .incomplete: "incomplete"
        case .refused(let error): "refused: \(error)"
        case .message(let head, let body, let rest):
            "\(head) body \(body.count) \(text(body.prefix(40))) rest \(rest.count) \(text(rest.prefix(40)))"
        }
    }
}

func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

extension RequestHead {
    /// Everything that a reader of the head can see.
    var summary: String {
        let fields = fields.map { "\(text($0.name))=\(text($0.value))/\($0.kind)" }.joined(separator: "|")
        return "\(text(method)) \(text(target)) 1.\(minorVersion) host \(text(host)) \(framing) keep \(keepsAlive) "
            + "expect \(expectsContinue) nominates \(nominatesFields) [\(fields)]"
    }
}

extension ResponseHead {
    var summary: String {
        func text(_ range: Range<Int>) -> String {
            let bytes = bytes.readableBytesUInt8Span
            return String(decoding: range.map { bytes[$0] }, as: UTF8.self)
        }
        let fields = fields.map { "\(text($0.name))=\(text($0.value))/\($0.kind)" }.joined(separator: "|")
        return
            "1.\(minorVersion) \(status) \(text(reason)) \(framing) announced \(announcedLength ?? -1) keep \(keepsAlive) "
            + "nominates \(nominatesFields) [\(fields)]"
    }
}

/// Feeds one message, in the given pieces, as a connection would.
struct WireReading {
    private enum Parser {
        case request(RequestParser)
        case response(ResponseParser, answersHead: Bool)
    }

    private var parser: Parser
    private var decoder: BodyDecoder?
    private var head = ""
    private var body: [UInt8] = []
    private var buffer = ByteBuffer()

    static func request(_ pieces: [ArraySlice<UInt8>], limits: HeadLimits = HeadLimits()) -> Verdict {
        var reading = WireReading(parser: .request(RequestParser(limits: limits)))
        return reading.run(pieces)
    }

    static func response(
        _ pieces: [ArraySlice<UInt8>],
        answersHead: Bool = false,
        limits: HeadLimits = HeadLimits()
    ) -> Verdict {
        var reading = WireReading(parser: .response(ResponseParser(limits: limits), answersHead: answersHead))
        return reading.run(pieces)
    }

    private init(parser: Parser) { self.parser = parser }

    private mutating func run(_ pieces: [ArraySlice<UInt8>]) -> Verdict {
        for (index, piece) in pieces.enumerated() {
            buffer.writeBytes(piece)
            do throws(WireError) {
                if try step() {
                    let rest = Array(buffer.readableBytesView) + pieces[(index + 1)...].flatMap { $0 }
                    return .message(head: head, body: body, rest: rest)
                }
            } catch {
                return .refused(error)
            }
        }
        // The connection's end is the proper end of some responses.
        if let decoder, decoder.endsWithConnection { return .message(head: head, body: body, rest: []) }
        return .incomplete
    }

    private mutating func step() throws(WireError) -> Bool {
        if decoder == nil {
            switch parser {
            case .request(var requests):
                defer { parser = .request(requests) }
                guard let head = try requests.parse(&buffer) else { return false }
                self.head = head.summary
                decoder = BodyDecoder(head.framing)
            case .response(var responses, let answersHead):
                defer { parser = .response(responses, answersHead: answersHead) }
                guard let head = try responses.parse(&buffer, answersHead: answersHead) else { return false }
                self.head = head.summary
                decoder = BodyDecoder(head.framing)
            }
        }
        while var current = decoder {
            let part = try current.next(&buffer)
            decoder = current
            switch part {
            case .data(let data): body += Array(data.readableBytesView)
            case .end: return true
            case nil: return false
            }
        }
        return false
    }
}

extension Array where Element == UInt8 {
    init(_ text: String) { self = Array(text.utf8) }

    var whole: [ArraySlice<UInt8>] { [self[...]] }
    var byteByByte: [ArraySlice<UInt8>] { indices.map { self[$0...$0] } }

    /// Cut at the given places.
    func cut(at places: [Int]) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        for place in places.sorted() where place > start && place < count {
            pieces.append(self[start..<place])
            start = place
        }
        return pieces + [self[start...]]
    }
}

/// A generator that gives the same numbers each time (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
