import Audit
import Cryptography
import GatehouseCore
import Glibc
import Synchronization
import TestSupport

/// A trail in a folder of its own, with a quick rhythm.
struct AuditFixture {
    let folder = TemporaryFolder()
    let key: GatewayKey

    init() {
        guard let key = GatewayKey(bytes: [UInt8](0..<32)) else { preconditionFailure("32 bytes are a key") }
        self.key = key
    }

    var path: String { folder.file("audit.jsonl") }
    var publicKey: ES256PublicKey { key.makeAuditSealKey().publicKey }

    /// Seals and folds only when a test says so.
    static let slow: AuditTiming = {
        var timing = AuditTiming()
        timing.sealInterval = .seconds(3600)
        timing.foldingLength = .seconds(3600)
        timing.retryInterval = .milliseconds(20)
        return timing
    }()

    func trail(
        _ path: String? = nil,
        timing: AuditTiming = AuditFixture.slow,
        clock: WallClock = .system,
        sinks: [AuditSink] = [],
        onTrouble: @escaping @Sendable (AuditError?) -> Void = { _ in }
    ) throws(AuditError) -> AuditTrail {
        try AuditTrail(
            AuditConfiguration(file: path ?? self.path),
            key: key,
            clock: clock,
            timing: timing,
            sinks: sinks,
            onTrouble: onTrouble
        )
    }

    func verify(_ files: [String]? = nil, mustEnd: Bool = false) throws(AuditError) -> AuditVerification {
        try AuditVerifier.verify(files: files ?? [path], keys: [publicKey], mustEnd: mustEnd)
    }

    /// A trail of a gateway that stopped, with this many events of its own and the last seal.
    func finishedTrail(_ count: Int) async throws {
        let trail = try trail()
        for number in 1...count { try await trail.commit(event(number)) }
        await trail.close()
    }

    /// A success, which nothing folds.
    func event(_ number: Int) -> AuditEvent {
        var event = AuditEvent(.signInSucceeded, outcome: .success, reason: "password")
        event.login = "person\(number)"
        event.address = SourceAddress("192.0.2.7")
        return event
    }

    func failure(_ login: String, from address: String? = "192.0.2.7", reason: String = "wrong_password") -> AuditEvent
    {
        var event = AuditEvent(.signInFailed, outcome: .failure, reason: reason)
        event.login = login
        event.address = address.flatMap(SourceAddress.init)
        return event
    }
}

/// The lines of a file, without their ends.
func lines(_ path: String) -> [String] {
    contents(of: path).split(separator: "\n").map(String.init)
}

func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

/// - Returns: whether it could be renamed.
func move(_ path: String, to other: String) -> Bool { unsafe rename(path, other) == 0 }

func records(_ path: String) -> [AuditRecord] {
    lines(path).compactMap { AuditRecord(Array($0.utf8)) }
}

/// Waits until something is so, for at most ten seconds.
/// - Returns: whether it was.
func eventually(_ condition: () throws -> Bool) async rethrows -> Bool {
    for _ in 0..<2000 {
        if try condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return false
}

/// What a closure was told.
final class Heard<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])

    var all: [Value] { values.withLock { $0 } }

    @Sendable func append(_ value: Value) { values.withLock { $0.append(value) } }
}

extension Heard<[UInt8]> {
    var records: [AuditRecord] { all.compactMap { AuditRecord($0.dropLast()) } }
}
