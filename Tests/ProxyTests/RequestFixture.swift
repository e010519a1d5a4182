import GatehouseCore
import HTTPWire
import NIOCore
import Policy
import Sessions

@testable import Proxy

/// Heads and what is made of them, without a socket.
enum Wire {
    static func request(_ text: String) throws -> RequestHead {
        var buffer = ByteBuffer(string: text)
        var parser = RequestParser()
        guard let head = try parser.parse(&buffer) else { throw WireError.malformedStartLine }
        return head
    }

    static func response(_ text: String, answersHead: Bool = false) throws -> ResponseHead {
        var buffer = ByteBuffer(string: text)
        var parser = ResponseParser()
        guard let head = try parser.parse(&buffer, answersHead: answersHead) else {
            throw WireError.malformedStatusLine
        }
        return head
    }

    static let cookies = CookieMatcher(CookieNames(portal: .https))

    /// The name and value of each field of a head that was written.
    static func fields(_ head: ByteBuffer) -> [(name: String, value: String)] {
        String(buffer: head).split(separator: "\r\n").dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
        }
    }
}

extension [(name: String, value: String)] {
    func values(_ name: String) -> [String] {
        filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    /// Names as an application folds them: case, `_` and `.` do not count.
    func foldedValues(_ name: String) -> [String] {
        filter { field in
            String(field.name.lowercased().map { $0 == "_" || $0 == "." ? "-" : $0 }) == name
        }.map(\.value)
    }
}
