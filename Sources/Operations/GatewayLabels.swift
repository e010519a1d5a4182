internal import GatehouseCore

struct RequestLabels: MetricLabels {
    let app: String
    let method: RequestMethod
    let code: String

    var labels: [MetricLabel] {
        [MetricLabel("app", app), MetricLabel("method", method.rawValue), MetricLabel("code", code)]
    }
}

struct SignInLabels: MetricLabels {
    let directory: String
    let outcome: String

    var labels: [MetricLabel] { [MetricLabel("directory", directory), MetricLabel("outcome", outcome)] }
}

struct UpstreamLabels: MetricLabels {
    let app: String
    let upstream: String

    var labels: [MetricLabel] { [MetricLabel("app", app), MetricLabel("upstream", upstream)] }
}

/// Of a metric that one label tells apart. The label is part of the type, so that nothing is counted under another's.
struct OneLabel<Name: LabelName>: MetricLabels {
    let value: String

    init(_ value: String) {
        self.value = value
    }

    var labels: [MetricLabel] { [MetricLabel(Name.text, value)] }
}

protocol LabelName {
    static var text: String { get }
}

enum AppName: LabelName { static let text = "app" }
enum DirectoryName: LabelName { static let text = "directory" }
enum LimitName: LabelName { static let text = "limit" }
enum CauseName: LabelName { static let text = "cause" }
enum ResultName: LabelName { static let text = "result" }
enum EventName: LabelName { static let text = "event" }
