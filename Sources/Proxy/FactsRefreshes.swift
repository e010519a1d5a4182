internal import GatehouseCore
internal import NIOCore
internal import Sessions

/// Asks the directory about people whose facts are not those that the configuration speaks of. One question for each
/// session at a time, however many of its requests wait for the answer. Confined to its event loop.
final class FactsRefreshes {
    /// From the question to the last moment at which the answer counts.
    static let limit: Duration = .seconds(5)
    /// After which a directory that did not answer is asked about the same person again.
    static let pause: TimeAmount = .seconds(10)

    struct NotInTime: Error, CustomStringConvertible {
        let description = "no answer in time"
    }

    private let eventLoop: any EventLoop
    private let ask: @Sendable (Session, any EventLoop) -> EventLoopFuture<Session?>
    private var pending: [SessionID: EventLoopFuture<Session?>] = [:]

    init(
        eventLoop: any EventLoop,
        _ ask: @escaping @Sendable (Session, any EventLoop) -> EventLoopFuture<Session?>
    ) {
        self.eventLoop = eventLoop
        self.ask = ask
    }

    /// - Returns: on this loop: the session with what the directory says now; `nil` when it is over. Fails when the
    ///   directory cannot answer, or not in time.
    func refresh(_ session: Session) -> EventLoopFuture<Session?> {
        if let running = pending[session.id] { return running }
        let promise = eventLoop.makePromise(of: Session?.self)
        pending[session.id] = promise.futureResult
        let id = session.id
        let timeout = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(Self.limit)) {
            guard self.pending.removeValue(forKey: id) != nil else { return }
            promise.fail(NotInTime())
        }
        ask(session, eventLoop).hop(to: eventLoop).assumeIsolated().whenComplete { result in
            timeout.cancel()
            // After the timeout another question about this session may wait: its entry is not this one's.
            guard self.pending[id] === promise.futureResult else { return }
            self.pending[id] = nil
            promise.completeWith(result)
        }
        return promise.futureResult
    }
}
