package import GatehouseCore
internal import Synchronization

/// What is counted of one app's requests. A request costs a few additions: its series was found by an earlier one.
package final class AppMetrics: Sendable {
    private let app: String
    private let requests: MetricFamily<RequestLabels, MetricCounter>
    private let duration: MetricHistogram
    private let dropped: MetricCounter
    /// By method and status; each is looked up once and stays.
    private let counters: InlineArray<640, AtomicLazyReference<MetricCounter>>

    init(
        _ app: String,
        requests: MetricFamily<RequestLabels, MetricCounter>,
        durations: MetricFamily<OneLabel<AppName>, MetricHistogram>,
        dropped: MetricFamily<OneLabel<AppName>, MetricCounter>
    ) {
        self.app = app
        self.requests = requests
        duration = durations[OneLabel(app)]
        self.dropped = dropped[OneLabel(app)]
        counters = InlineArray { _ in AtomicLazyReference() }
    }

    /// An exchange is over.
    /// - Parameters:
    ///   - status: what the client was answered with; 0 where it was not.
    ///   - duration: in microseconds, from the head's first look to the response's last byte.
    ///   - droppedFields: of the request, by name.
    package func request(method: RequestMethod, status: Int, duration: Int64, droppedFields: Int) {
        let place = method.place * StatusCode.count + StatusCode.place(of: status)
        if let known = counters[place].load() {
            known.add()
        } else {
            let labels = RequestLabels(app: app, method: method, code: StatusCode.label(of: status))
            counters[place].storeIfNil(requests[labels]).add()
        }
        self.duration.observe(Double(duration) / 1e6)
        dropped.add(droppedFields)
    }
}

extension RequestMethod {
    fileprivate var place: Int {
        switch self {
        case .get: 0
        case .head: 1
        case .post: 2
        case .put: 3
        case .delete: 4
        case .options: 5
        case .patch: 6
        case .connect: 7
        case .trace: 8
        case .other: 9
        }
    }
}
