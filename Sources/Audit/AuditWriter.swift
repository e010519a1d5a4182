internal import Cryptography
internal import GatehouseCore

/// Writes the trail: numbers and chains the events, seals them, keeps going when the disk does not. Lives on one
/// thread.
struct AuditWriter: Sendable {
    /// Entries that one write(2) takes at most.
    private static let batchLimit = 256

    let queue: AuditQueue
    let key: ES256PrivateKey
    let timing: AuditTiming
    let clock: WallClock
    let sinks: [AuditSink]
    /// Called when it begins that nothing can be written, or that no new file can be made, and with `nil` when that is
    /// over.
    let onTrouble: @Sendable (AuditError?) -> Void

    var systemLog: SystemLog?
    /// `nil`: the lines go to the sinks alone.
    var file: AuditFile?
    /// How the file ended when it was opened; its chain goes on.
    var end: TrailEnd

    private var trouble: AuditError?
    private var nextTry = ContinuousClock.now
    private var sealDue: ContinuousClock.Instant?
    private var mustReopen = false
    private var nextReopen = ContinuousClock.now
    private var reopenTrouble: AuditError?

    init(
        queue: AuditQueue,
        key: ES256PrivateKey,
        timing: AuditTiming,
        clock: WallClock,
        sinks: [AuditSink],
        onTrouble: @escaping @Sendable (AuditError?) -> Void,
        file: AuditFile?
    ) throws(AuditError) {
        self.queue = queue
        self.key = key
        self.timing = timing
        self.clock = clock
        self.sinks = sinks
        self.onTrouble = onTrouble
        self.file = file
        end = TrailEnd()
        if let file { end = try TrailEnd(of: file) }
        // What a crash left unsealed is sealed now.
        if !end.isSealed { sealDue = .now + timing.sealInterval }
    }

    mutating func run() {
        while true {
            let orders = queue.takeOrders()
            let now = ContinuousClock.now
            if orders.mustReopen {
                mustReopen = true
                // It may be what an administrator does about a full disk.
                nextReopen = now
                nextTry = now
            }
            if mustReopen, now >= nextReopen { reopen() }
            var hasMore = false
            if trouble == nil || now >= nextTry || orders.isClosing {
                let work = queue.take(Self.batchLimit, now: now)
                write(work.entries, gap: work.gap)
                hasMore = !work.entries.isEmpty && trouble == nil
                if orders.isClosing, !hasMore { return finish() }
            }
            if trouble == nil, let sealDue, sealDue <= now { seal(.interval) }
            if !hasMore { queue.sleep(until: nextDeadline) }
        }
    }

    private var nextDeadline: ContinuousClock.Instant? {
        var deadlines: [ContinuousClock.Instant] = []
        if mustReopen { deadlines.append(nextReopen) }
        if trouble != nil {
            deadlines.append(nextTry)
        } else {
            deadlines += [sealDue, queue.nextFolding].compactMap(\.self)
        }
        return deadlines.min()
    }

    private mutating func finish() {
        if trouble == nil { seal(.end) }
        // Closes it, and with that gives up its lock.
        file = nil
        queue.finish()
    }
}

/// Writing.
extension AuditWriter {
    private struct Line {
        let event: AuditEvent
        let bytes: [UInt8]
        let chain: AuditChain
        let entry: AuditEntry?
    }

    private mutating func write(_ entries: [AuditEntry], gap: AuditGap?) {
        let now = clock.now()
        var lines: [Line] = []
        var chain = end.chain
        var separator = end.rest?.separator ?? []
        func add(_ event: AuditEvent, at time: Timestamp, entry: AuditEntry? = nil) {
            let bytes = separator + chain.append(event, at: time)
            separator = []
            lines.append(Line(event: event, bytes: bytes, chain: chain, entry: entry))
        }
        if let event = end.rest?.event { add(event, at: now) }
        let gapPlace = gap.map { gap in
            add(gap.event, at: now)
            return lines.count - 1
        }
        for entry in entries { add(entry.event, at: entry.time, entry: entry) }
        guard !lines.isEmpty else { return }
        let (written, error) = write(lines)
        if let error {
            fail(lines[written...].compactMap(\.entry), gap: gapPlace.map { $0 < written } == true ? nil : gap, error)
        } else {
            recover()
        }
    }

    /// - Returns: how many lines were written whole; all, or there is an error.
    private mutating func write(_ lines: [Line]) -> (count: Int, error: AuditError?) {
        var written = lines.count
        var failure: AuditError?
        if let file {
            let (count, error) = file.write(lines.flatMap(\.bytes))
            failure = error
            var rest = count
            written =
                lines.prefix { line in
                    guard rest >= line.bytes.count else { return false }
                    rest -= line.bytes.count
                    return true
                }.count
            // Half a line is taken back; where that is refused it is recorded as torn with the next line.
            if rest > 0, !file.truncate(by: rest) {
                let torn = Array(lines[written].bytes.prefix(rest).drop { $0 == 0x0A })
                // Of the old rest only the end was written, if anything.
                let old: TrailEnd.Rest? = end.rest == .unended ? nil : .damaged(endsLine: true)
                end.rest = torn.isEmpty ? old : .torn(torn)
            } else if written > 0 {
                end.rest = nil
            }
        } else {
            end.rest = nil
        }
        // First, so that whoever waits for a line finds it counted.
        queue.countWritten(written)
        for line in lines.prefix(written) { publish(line) }
        return (written, failure)
    }

    private mutating func publish(_ line: Line) {
        end.chain = line.chain
        if line.event.name == .sealed {
            sealDue = nil
        } else if sealDue == nil {
            sealDue = .now + timing.sealInterval
        }
        let bytes = line.bytes.first == 0x0A ? Array(line.bytes.dropFirst()) : line.bytes
        if systemLog != nil, systemLog?.send(bytes, outcome: line.event.outcome) == false {
            queue.countSystemLogDrops(1)
        }
        for sink in sinks { sink(bytes) }
        line.entry?.reply?(nil)
    }

    private mutating func fail(_ entries: [AuditEntry], gap: AuditGap?, _ error: AuditError) {
        let isNew = trouble == nil
        trouble = error
        nextTry = .now + timing.retryInterval
        queue.fail(entries, gap: gap, error)
        if isNew { onTrouble(error) }
    }

    private mutating func recover() {
        guard trouble != nil else { return }
        trouble = nil
        queue.recover()
        onTrouble(nil)
    }
}

/// Seals and rotation.
extension AuditWriter {
    /// Signs what there is, and waits for the disk to have it.
    private mutating func seal(_ occasion: AuditSeal.Occasion) {
        guard end.chain.sequence > 0, end.rest == nil || end.rest == .unended else { return }
        let now = clock.now()
        var chain = end.chain
        let seal = AuditSeal(
            sequence: chain.sequence,
            hash: chain.hash,
            time: now.rfc3339,
            occasion: occasion.rawValue
        )
        let event = seal.event(signedBy: key)
        let bytes = (end.rest?.separator ?? []) + chain.append(event, at: now)
        do throws(AuditError) {
            let (_, error) = write([Line(event: event, bytes: bytes, chain: chain, entry: nil)])
            if let error { throw error }
            try file?.synchronize()
        } catch {
            fail([], gap: nil, error)
        }
    }

    /// Goes on in a new file of the same name, if the old one was renamed or removed. Until a new one can be made
    /// everything goes into the old one.
    private mutating func reopen() {
        guard let old = file, !old.isInPlace else {
            mustReopen = false
            if trouble == nil, sealDue != nil { seal(.interval) }
            return
        }
        do throws(AuditError) {
            let new = try AuditFile.open(old.path)
            let rest = try TrailEnd.rest(new.tail(TrailEnd.readLimit).bytes)
            if trouble == nil { seal(.rotation) }
            file = new
            end.rest = rest
            mustReopen = false
            if reopenTrouble != nil, trouble == nil { onTrouble(nil) }
            reopenTrouble = nil
        } catch {
            nextReopen = .now + timing.retryInterval
            if reopenTrouble != error { onTrouble(error) }
            reopenTrouble = error
        }
    }
}
