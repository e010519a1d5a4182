internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// SIGHUP (reload) and SIGUSR1 (reopen log files) are names of the contract whose features are still to come: until then
/// they must not do what the system would, which is to end the process with everybody's session.
struct UnbuiltSignals: Service {
    private let logger: Logger
    private let signals: UnixSignalsSequence

    /// Catches the signals from now on.
    init(logger: Logger) async {
        self.logger = logger
        signals = await UnixSignalsSequence(trapping: .sighup, .sigusr1)
    }

    func run() async throws {
        for await signal in signals.cancelOnGracefulShutdown() {
            logger.warning(
                "signal ignored: not in this version; restart to read the configuration anew",
                metadata: ["signal": "\(signal)"]
            )
        }
    }
}
