package import Cryptography
package import GatehouseCore

/// Where lines go besides the file: called on the writer's thread, in their order, with one line and its end; must not
/// block.
package typealias AuditSink = @Sendable (_ line: [UInt8]) -> Void

/// The audit trail: every event becomes one line, numbered, chained to the line before and sealed each minute
/// (schema/audit.md). A thread of its own writes; equal failures from one network are folded on the way.
///
/// When the disk is full (or whatever else keeps a line from the file) ``isWritable`` is false and ``commit(_:)``
/// throws at once, while ``record(_:)`` keeps at most 10,000 events or 8 MiB until it can be written again; what is
/// lost is counted in an `admin.audit_gap`. Without a file lines are chained all the same, anew in each process, and go
/// to the sinks.
package final class AuditTrail: Sendable {
    private let queue: AuditQueue

    /// Opens the file and starts the thread.
    /// - Parameters:
    ///   - configuration: `redisStream` is not looked at: the stream is a sink.
    ///   - onTrouble: called on the writer's thread when it begins that nothing can be written, or that no new file can
    ///     be made after a rotation, and with `nil` when that is over. Must not block.
    /// - Throws: what is wrong with the file, by its name; ``AuditError/Code/noResources``.
    package init(
        _ configuration: AuditConfiguration = AuditConfiguration(),
        key: GatewayKey,
        clock: WallClock = .system,
        timing: AuditTiming = AuditTiming(),
        sinks: [AuditSink] = [],
        onTrouble: @escaping @Sendable (AuditError?) -> Void = { _ in }
    ) throws(AuditError) {
        queue = try AuditQueue(foldingLength: timing.foldingLength, clock: clock)
        var writer = try AuditWriter(
            queue: queue,
            key: key.makeAuditSealKey(),
            timing: timing,
            clock: clock,
            sinks: sinks,
            onTrouble: onTrouble,
            file: try configuration.file.map { path throws(AuditError) in try AuditFile.open(path) }
        )
        if configuration.syslog { writer.systemLog = SystemLog() }
        guard writer.start() else {
            throw AuditError(.noResources, "The system has no thread left for the audit trail.")
        }
    }

    deinit {
        queue.close {}
    }

    /// Reports what happened. Never blocks, never fails: what cannot be written is kept, and counted when it is lost.
    package func record(_ event: AuditEvent) {
        queue.post(event)
    }

    /// Reports what is to happen only with a line about it. Returns when the kernel has the line, or has counted a
    /// failure like it (the count is written within ten seconds).
    ///
    /// When this throws, a success must not take place; a failure is kept as ``record(_:)`` would.
    /// - Throws: ``AuditError/Code/unwritable``, ``AuditError/Code/overloaded``, ``AuditError/Code/closed``.
    package func commit(_ event: AuditEvent) async throws(AuditError) {
        let refusal = await withCheckedContinuation { continuation in
            queue.post(event) { continuation.resume(returning: $0) }
        }
        if let refusal { throw refusal }
    }

    /// Whether ``commit(_:)`` would be tried now.
    package var isWritable: Bool { queue.isOpen }

    /// Why not.
    package var trouble: AuditError? { queue.trouble }

    package var counters: AuditCounters { queue.counters }

    /// After a rotation (SIGUSR1): seals the file that was renamed and goes on in a new one. Returns at once.
    package func reopen() {
        queue.reopen()
    }

    /// Takes no more events, writes and seals what there is, and closes. Returns when that is done, or cannot be.
    package func close() async {
        await withCheckedContinuation { continuation in
            queue.close { continuation.resume() }
        }
    }
}

/// What became of the events of this process.
package struct AuditCounters: Sendable, Equatable {
    /// Lines, those of the trail's own events included.
    package var written: UInt64 = 0
    /// Events that no line will ever tell of.
    package var lost: UInt64 = 0
    /// Lines that the system's log did not take.
    package var systemLogDropped: UInt64 = 0
}
