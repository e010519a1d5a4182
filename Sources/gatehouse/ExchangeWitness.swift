internal import Audit
internal import GatehouseCore
internal import Operations
internal import Proxy
internal import Synchronization

/// What becomes of the record of each exchange: a line of the access log, a few counts, and an event of the audit trail
/// where a signed-in person was denied (or an app wants to know who came). Called on event loops.
struct ExchangeWitness: Sendable {
    let accessLog: LineWriter
    let metrics: GatewayMetrics
    let audit: AuditTrail
    let upstreams: UpstreamSightings

    func see(_ record: ExchangeRecord) {
        accessLog.append(AccessLog.line(record))
        metrics.request(
            app: record.app,
            method: record.methodName,
            status: record.status,
            duration: record.duration,
            droppedFields: record.droppedFields
        )
        upstreams.see(record)
        if let event = AuditEvent(record) { audit.record(event) }
    }
}

extension AuditEvent {
    /// A challenge to somebody who is not signed in is no event (docs/contract.md, "Audit events").
    init?(_ record: ExchangeRecord) {
        switch record.outcome {
        case .denied: self.init(.accessDenied, outcome: .failure, reason: record.reason)
        case .forwarded where record.auditsPermitted: self.init(.accessPermitted, outcome: .success)
        default: return nil
        }
        subject = record.subject
        login = record.user
        directory = record.directory
        app = record.app
        method = record.method
        path = record.path
        rule = record.rule
        address = record.address
        userAgent = record.userAgent
        requestID = record.requestID
        session = record.session
    }
}

/// Whether each app's upstream answered when it was last asked: seen from the requests themselves.
final class UpstreamSightings: Sendable {
    private let metrics: GatewayMetrics
    /// By app: the upstream's address, and whether it answered.
    private let apps: Mutex<[String: (upstream: String, isUp: Bool?)]> = Mutex([:])

    init(metrics: GatewayMetrics) {
        self.metrics = metrics
    }

    /// - Parameter upstreams: by app, of the configuration in force.
    func watch(_ upstreams: [String: String]) {
        apps.withLock { apps in
            apps = upstreams.reduce(into: [:]) { result, entry in
                let known = apps[entry.key]
                let isSame = known?.upstream == entry.value
                result[entry.key] = (entry.value, isSame ? known?.isUp : nil)
            }
        }
    }

    func see(_ record: ExchangeRecord) {
        guard let app = record.app else { return }
        let isUp: Bool
        if record.upstreamDuration != nil {
            isUp = true
        } else if record.outcome == .failed, record.status == 502 || record.status == 504 {
            isUp = false
        } else {
            return
        }
        let changed = apps.withLock { apps -> String? in
            guard let known = apps[app], known.isUp != isUp else { return nil }
            apps[app]?.isUp = isUp
            return known.upstream
        }
        if let changed { metrics.upstream(changed, of: app, isUp: isUp) }
    }
}
