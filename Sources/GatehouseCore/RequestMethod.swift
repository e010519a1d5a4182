/// A request method (RFC 9110, section 9): case-sensitive. The nine registered common ones are told apart from every
/// other token, which is what a metric label and a rule need.
package enum RequestMethod: String, Hashable, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
    case options = "OPTIONS"
    case patch = "PATCH"
    case connect = "CONNECT"
    case trace = "TRACE"
    case other

    /// GET, HEAD, OPTIONS and TRACE (RFC 9110, section 9.2.1).
    package var isSafe: Bool {
        switch self {
        case .get, .head, .options, .trace: true
        default: false
        }
    }

    /// The safe ones, PUT and DELETE (RFC 9110, section 9.2.2).
    package var isIdempotent: Bool {
        isSafe || self == .put || self == .delete
    }
}
