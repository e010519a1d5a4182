import Foundation
import GatehouseCore
import TestSupport
import Testing

@testable import Operations

/// What is installed beside the gateway speaks of metrics that exist.
@Suite("Alerts, dashboard and the page about metrics")
struct MonitoringFilesTests {
    private let names: Set<String>

    init() throws {
        let registry = MetricsRegistry()
        _ = try GatewayMetrics(registry: registry, version: "")
        names = Set(registry.names)
    }

    private func used(in text: String) -> Set<String> {
        Set(
            text.matches(of: #/\b(?:gatehouse|process)_[a-z_]+\b/#).map { match in
                let name = String(match.0)
                let histogram = ["_bucket", "_sum", "_count"].first { name.hasSuffix($0) }
                return histogram.map { String(name.dropLast($0.count)) } ?? name
            }
        )
    }

    @Test("promtool takes the alert rules, and they ask only for metrics that exist")
    func alerts() throws {
        let path = "\(TestEnvironment.root)/etc/prometheus/alerts.yaml"
        let verdict = try Promtool.check(rules: path)
        #expect(verdict.status == 0, "\(verdict.words)")
        let used = used(in: contents(of: path))
        #expect(!used.isEmpty && used.subtracting(names) == [])
    }

    @Test("every query of the dashboard is one that Prometheus takes, and asks for metrics that exist")
    func dashboard() throws {
        let text = contents(of: "\(TestEnvironment.root)/etc/grafana/gatehouse.json")
        let used = used(in: text)
        #expect(!used.isEmpty && used.subtracting(names) == [])
        let dashboard = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let panels = try #require(dashboard["panels"] as? [[String: Any]])
        let queries = panels.flatMap { $0["targets"] as? [[String: Any]] ?? [] }.compactMap { $0["expr"] as? String }
        #expect(queries.count >= panels.count)
        let folder = TemporaryFolder()
        let rules = queries.enumerated().map { place, query in
            let plain = query.replacing("$__rate_interval", with: "5m").replacing("$app", with: ".*")
            return "      - record: query_\(place)\n        expr: '\(plain.replacing("'", with: "''"))'\n"
        }
        let file = folder.write("groups:\n  - name: queries\n    rules:\n\(rules.joined())", to: "rules.yaml")
        let verdict = try Promtool.check(rules: file)
        #expect(verdict.status == 0, "\(verdict.words)")
    }

    @Test("the page about metrics describes every metric, and none that is not there")
    func page() {
        let text = contents(of: "\(TestEnvironment.root)/schema/metrics.md")
        let described = Set(text.matches(of: #/(?m)^\| `([a-z_]+)(?:\{[a-z,]*\})?` \|/#).map { String($0.1) })
        #expect(described.subtracting(names) == [])
        #expect(names.subtracting(described) == [])
    }

    @Test("the page names the labels that the metrics have")
    func labels() throws {
        let registry = MetricsRegistry()
        let metrics = try GatewayMetrics(registry: registry, version: "1")
        metrics.request(app: "a", method: .get, status: 200, duration: 1, droppedFields: 1)
        metrics.signIn(directory: "d", outcome: "o")
        metrics.signInLimited("l")
        metrics.sessionsRevoked(cause: "c")
        metrics.directory("d", isUp: true)
        metrics.upstream("u", of: "a", isUp: true)
        metrics.auditEvent("e")
        let page = contents(of: "\(TestEnvironment.root)/schema/metrics.md")
        for line in text(of: registry).split(separator: "\n") where !line.hasPrefix("#") && line.contains("{") {
            let name = String(line.prefix { $0 != "{" })
            let labels = line.matches(of: #/([a-z]+)="/#).map { String($0.1) }.filter { $0 != "le" }
            let metric = used(in: name).first ?? name
            #expect(page.contains("| `\(metric){\(labels.joined(separator: ","))}` |"), "\(line)")
        }
    }

}
