internal import Glibc
internal import NIOCore

/// Why an address could not be bound.
package enum BindProblem {
    /// - Parameter error: what binding threw.
    /// - Returns: words for the administrator, to stand behind "cannot listen on …".
    package static func words(for error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        switch error.errnoCode {
        case EADDRINUSE: return "the address is in use by another process"
        case EACCES: return "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE"
        case EADDRNOTAVAIL: return "this machine has no such address"
        default: return error.description
        }
    }
}
