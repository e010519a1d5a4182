package import GatehouseCore
internal import Synchronization

/// The gateway's own metrics: every one is declared here, and described in schema/metrics.md.
///
/// Texts that are handed in as labels are raw values of enums or names of the configuration: never what a visitor
/// typed.
package final class GatewayMetrics: Sendable {
    /// Stands for the app where a request belongs to none: the portal's, another host, or nothing that could be read.
    package static let noApp = "_none"

    private static let applied = OneLabel<ResultName>("applied")
    private static let rejected = OneLabel<ResultName>("rejected")

    package let redisUp: MetricGauge
    package let connections: MetricGauge
    package let auditWritable: MetricGauge
    package let auditDropped: MetricCounter
    package let sessionCacheHits: MetricCounter
    package let sessionCacheMisses: MetricCounter
    /// Look-ups that found an entry which nothing kept true at that moment.
    package let sessionCacheUnconfirmed: MetricCounter

    private let requests: MetricFamily<RequestLabels, MetricCounter>
    private let durations: MetricFamily<OneLabel<AppName>, MetricHistogram>
    private let droppedFields: MetricFamily<OneLabel<AppName>, MetricCounter>
    private let signIns: MetricFamily<SignInLabels, MetricCounter>
    private let signInsLimited: MetricFamily<OneLabel<LimitName>, MetricCounter>
    private let revocations: MetricFamily<OneLabel<CauseName>, MetricCounter>
    private let directories: MetricFamily<OneLabel<DirectoryName>, MetricGauge>
    private let upstreams: MetricFamily<UpstreamLabels, MetricGauge>
    private let reloads: MetricFamily<OneLabel<ResultName>, MetricCounter>
    private let lastReload: MetricGauge
    private let auditEvents: MetricFamily<OneLabel<EventName>, MetricCounter>
    private let apps = Mutex<[String: AppMetrics]>([:])
    private let none: AppMetrics

    /// - Parameter version: of the executable.
    package init(registry: MetricsRegistry, version: String) throws(OperationsError) {
        let build = try registry.gauges("gatehouse_build_info", "Which build this is; always 1.", by: FreeLabels.self)
        build[FreeLabels([MetricLabel("version", version)])].set(to: 1)
        try ProcessReadings.declare(in: registry)
        requests = try registry.counters("gatehouse_requests_total", "Requests answered.", by: RequestLabels.self)
        durations = try registry.histograms(
            "gatehouse_request_duration_seconds",
            "From a request's head to the last byte of its answer.",
            by: OneLabel<AppName>.self
        )
        droppedFields = try registry.counters(
            "gatehouse_request_fields_dropped_total",
            "Request fields that were not passed on because of their name.",
            by: OneLabel<AppName>.self
        )
        connections = try registry.gauge("gatehouse_connections", "Open client connections.")
        signIns = try registry.counters("gatehouse_sign_ins_total", "Attempts to sign in.", by: SignInLabels.self)
        signInsLimited = try registry.counters(
            "gatehouse_sign_in_limited_total",
            "Attempts to sign in that were refused without a look at the password.",
            by: OneLabel<LimitName>.self
        )
        revocations = try registry.counters(
            "gatehouse_sessions_revoked_total",
            "Sessions that ended before their time.",
            by: OneLabel<CauseName>.self
        )
        sessionCacheHits = try registry.counter(
            "gatehouse_session_cache_hits_total",
            "Look-ups of a session that needed no question to Redis."
        )
        sessionCacheMisses = try registry.counter(
            "gatehouse_session_cache_misses_total",
            "Look-ups of a session that Redis was asked for."
        )
        sessionCacheUnconfirmed = try registry.counter(
            "gatehouse_session_cache_unconfirmed_total",
            "Look-ups of a session that met an entry which nothing kept true at that moment."
        )
        directories = try registry.gauges(
            "gatehouse_directory_up",
            "Whether the directory answers.",
            by: OneLabel<DirectoryName>.self
        )
        redisUp = try registry.gauge("gatehouse_redis_up", "Whether Redis can be used.", nil)
        upstreams = try registry.gauges(
            "gatehouse_upstream_up",
            "Whether the upstream takes connections.",
            by: UpstreamLabels.self
        )
        reloads = try registry.counters(
            "gatehouse_config_reloads_total",
            "Reloads of the configuration.",
            by: OneLabel<ResultName>.self
        )
        lastReload = try registry.gauge(
            "gatehouse_config_last_success_timestamp_seconds",
            "When the configuration in use was taken, in Unix time.",
            nil
        )
        auditEvents = try registry.counters(
            "gatehouse_audit_events_total",
            "Events of the audit trail.",
            by: OneLabel<EventName>.self
        )
        auditDropped = try registry.counter(
            "gatehouse_audit_dropped_total",
            "Events that the audit trail has no line of."
        )
        auditWritable = try registry.gauge(
            "gatehouse_audit_writable",
            "Whether the audit trail can be written.",
            nil
        )
        none = AppMetrics(Self.noApp, requests: requests, durations: durations, dropped: droppedFields)
        // Both are there with 0: an alarm on the first one compares with that.
        for result in [Self.applied, Self.rejected] { _ = reloads[result] }
    }

    /// What counts an app's requests: for who keeps it instead of looking it up by name with each request.
    /// - Parameter name: of the configuration; `nil` where there is no app.
    package func app(_ name: String?) -> AppMetrics {
        guard let name else { return none }
        return apps.withLock { apps in
            if let known = apps[name] { return known }
            let app = AppMetrics(name, requests: requests, durations: durations, dropped: droppedFields)
            apps[name] = app
            return app
        }
    }

    /// An exchange is over; see ``AppMetrics/request(method:status:duration:droppedFields:)``.
    package func request(app: String?, method: RequestMethod, status: Int, duration: Int64, droppedFields: Int) {
        self.app(app).request(method: method, status: status, duration: duration, droppedFields: droppedFields)
    }

    /// - Parameters:
    ///   - directory: its name, or `nil` where none was asked.
    ///   - outcome: `succeeded`, or why not.
    package func signIn(directory: String?, outcome: String) {
        signIns[SignInLabels(directory: directory ?? "", outcome: outcome)].add()
    }

    /// - Parameter limit: which of them refused.
    package func signInLimited(_ limit: String) { signInsLimited[.init(limit)].add() }

    package func sessionsRevoked(cause: String, _ count: Int = 1) { revocations[.init(cause)].add(count) }

    package func directory(_ name: String, isUp: Bool) { directories[.init(name)].set(to: isUp) }

    package func upstream(_ upstream: String, of app: String, isUp: Bool) {
        upstreams[UpstreamLabels(app: app, upstream: upstream)].set(to: isUp)
    }

    /// After a reload: what is not in the configuration any more is neither up nor down.
    /// - Parameter upstreams: by app.
    package func keep(directories: Set<String>, upstreams: [String: Set<String>]) {
        self.directories.remove { !directories.contains($0.value) }
        self.upstreams.remove { upstreams[$0.app]?.contains($0.upstream) != true }
    }

    /// A configuration came into use at the start. A moment in Unix time.
    package func configurationTaken(at time: Timestamp) { lastReload.set(to: Double(time.milliseconds) / 1000) }

    package func reloaded(at time: Timestamp) {
        reloads[Self.applied].add()
        configurationTaken(at: time)
    }

    package func reloadRejected() { reloads[Self.rejected].add() }

    package func auditEvent(_ event: String) { auditEvents[.init(event)].add() }
}
