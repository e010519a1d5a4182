import Testing

/// The data plane over real sockets. One after the other, because some of them measure memory and time.
@Suite("Over loopback sockets", .serialized, .timeLimit(.minutes(10)))
enum Loopback {}
