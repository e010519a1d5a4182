import Glibc
import HTTPWire
import NIOCore
import Testing

@Suite("Addresses that cannot be bound")
struct BindProblemTests {
    @Test(
        "the usual causes are told in words for the administrator",
        arguments: [
            (EADDRINUSE, "the address is in use by another process"),
            (EACCES, "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE"),
            (EADDRNOTAVAIL, "this machine has no such address"),
        ]
    )
    func usual(code: CInt, words: String) {
        #expect(BindProblem.words(for: IOError(errnoCode: code, reason: "bind")) == words)
    }

    @Test("every other error speaks for itself")
    func others() {
        let error = IOError(errnoCode: ENOENT, reason: "chmod")
        #expect(BindProblem.words(for: error) == error.description)
        #expect(BindProblem.words(for: WireError.hostMissing) == "\(WireError.hostMissing)")
    }
}
