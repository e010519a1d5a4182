internal import Audit
internal import Directory
internal import Logging
internal import Operations
internal import ServiceLifecycle
internal import UnixSignals

/// SIGHUP reads the configuration anew, SIGUSR1 reopens the audit trail's file after a rotation.
struct SignalService: Service {
    /// Longer than any question to a directory takes: who asked the one of before a reload has its answer by then.
    private static let grace: Duration = .seconds(30)

    private let gateway: Gateway
    private let signals: UnixSignalsSequence

    /// Catches the signals from now on.
    init(gateway: Gateway) async {
        self.gateway = gateway
        signals = await UnixSignalsSequence(trapping: .sighup, .sigusr1)
    }

    func run() async throws {
        await withDiscardingTaskGroup { group in
            for await signal in signals.cancelOnGracefulShutdown() {
                switch signal {
                case .sighup:
                    await gateway.systemd.reloading()
                    let old = await gateway.reload()
                    await gateway.systemd.ready(status: gateway.status)
                    guard let old else { continue }
                    group.addTask {
                        try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.grace) }
                        await old.shutdown()
                    }
                default:
                    gateway.audit.reopen()
                    gateway.logger.notice("the audit trail's file is opened anew")
                }
            }
        }
    }
}
