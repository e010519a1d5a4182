import Foundation
import GatehouseCore
import TestSupport
import Testing

@testable import Operations

@Suite("The gateway's metrics")
struct GatewayMetricsTests {
    private let registry = MetricsRegistry()
    private let metrics: GatewayMetrics

    init() throws {
        metrics = try GatewayMetrics(registry: registry, version: "1.2.3")
    }

    private func value(_ series: String) -> String? {
        text(of: registry).split(separator: "\n").first { $0.hasPrefix(series + " ") }
            .flatMap { $0.split(separator: " ").last.map(String.init) }
    }

    private func everything() {
        metrics.request(app: "crm", method: .get, status: 200, duration: 1_500, droppedFields: 2)
        metrics.signIn(directory: "staff", outcome: "succeeded")
        metrics.signInLimited("account")
        metrics.sessionsRevoked(cause: "signed_out")
        metrics.directory("staff", isUp: true)
        metrics.upstream("http://10.0.0.5:8080", of: "crm", isUp: true)
        metrics.redisUp.set(to: true)
        metrics.auditWritable.set(to: true)
        metrics.auditEvent("sign_in.succeeded")
        metrics.reloaded(at: Timestamp(milliseconds: 1_795_338_904_120))
    }

    @Test("promtool finds nothing to say against them, empty or full")
    func promtool() throws {
        let empty = try Promtool.check(metrics: registry.exposition())
        #expect(empty.status == 0 && empty.words.isEmpty, "\(empty.words)")
        everything()
        let full = try Promtool.check(metrics: registry.exposition())
        #expect(full.status == 0 && full.words.isEmpty, "\(full.words)")
    }

    @Test("a request is counted under its app, its method and its status")
    func requests() {
        metrics.request(app: "crm", method: .get, status: 200, duration: 1_500, droppedFields: 2)
        metrics.app("crm").request(method: .get, status: 200, duration: 700, droppedFields: 0)
        metrics.request(app: "crm", method: .other, status: 200, duration: 0, droppedFields: 0)
        metrics.request(app: nil, method: .post, status: 421, duration: -5, droppedFields: -1)
        #expect(value(#"gatehouse_requests_total{app="crm",method="GET",code="200"}"#) == "2")
        #expect(value(#"gatehouse_requests_total{app="crm",method="other",code="200"}"#) == "1")
        #expect(value(#"gatehouse_requests_total{app="_none",method="POST",code="421"}"#) == "1")
        #expect(value(#"gatehouse_request_duration_seconds_bucket{app="crm",le="0.001"}"#) == "2")
        #expect(value(#"gatehouse_request_duration_seconds_bucket{app="crm",le="0.0025"}"#) == "3")
        #expect(value(#"gatehouse_request_duration_seconds_sum{app="crm"}"#) == "0.0022")
        #expect(value(#"gatehouse_request_fields_dropped_total{app="crm"}"#) == "2")
    }

    @Test("no status that an upstream makes up is a series of its own")
    func statuses() {
        for status in -10...1_100 {
            metrics.request(app: "crm", method: .get, status: status, duration: 1, droppedFields: 0)
        }
        metrics.request(app: "crm", method: .get, status: .max, duration: .max, droppedFields: 0)
        let series = text(of: registry).split(separator: "\n").filter { $0.hasPrefix("gatehouse_requests_total{") }
        #expect(series.count == 64)
        for status in [100, 200, 206, 304, 404, 421, 429, 502, 511] {
            #expect(value("gatehouse_requests_total{app=\"crm\",method=\"GET\",code=\"\(status)\"}") == "1")
        }
        #expect(
            value(#"gatehouse_requests_total{app="crm",method="GET",code="other"}"#) == String(1_111 + 1 - 63)
        )
    }

    @Test("every method has a place of its own")
    func methods() {
        for (place, method) in RequestMethod.allCases.enumerated() {
            for _ in 0...place {
                metrics.request(app: "crm", method: method, status: 404, duration: 1, droppedFields: 0)
            }
        }
        for (place, method) in RequestMethod.allCases.enumerated() {
            let series = "gatehouse_requests_total{app=\"crm\",method=\"\(method.rawValue)\",code=\"404\"}"
            #expect(value(series) == String(place + 1))
        }
    }

    @Test("eight loops that count requests of one app at once lose none")
    func concurrent() async {
        await withTaskGroup { group in
            for loop in 0..<8 {
                group.addTask {
                    for number in 0..<10_000 {
                        metrics.request(
                            app: "crm",
                            method: loop.isMultiple(of: 2) ? .get : .post,
                            status: number.isMultiple(of: 2) ? 200 : 404,
                            duration: 250_000,
                            droppedFields: 1
                        )
                    }
                }
            }
        }
        for method in ["GET", "POST"] {
            for code in ["200", "404"] {
                let series = "gatehouse_requests_total{app=\"crm\",method=\"\(method)\",code=\"\(code)\"}"
                #expect(value(series) == "20000")
            }
        }
        #expect(value(#"gatehouse_request_duration_seconds_count{app="crm"}"#) == "80000")
        #expect(value(#"gatehouse_request_duration_seconds_sum{app="crm"}"#) == "20000")
        #expect(value(#"gatehouse_request_fields_dropped_total{app="crm"}"#) == "80000")
    }

    @Test("what is not in the configuration any more is neither up nor down")
    func reloads() {
        metrics.directory("staff", isUp: true)
        metrics.directory("partners", isUp: false)
        metrics.upstream("http://a", of: "crm", isUp: false)
        metrics.upstream("http://b", of: "crm", isUp: true)
        metrics.upstream("http://a", of: "wiki", isUp: true)
        metrics.keep(directories: ["partners"], upstreams: ["crm": ["http://b"]])
        let text = text(of: registry)
        #expect(text.contains(#"gatehouse_directory_up{directory="partners"} 0"#))
        #expect(text.contains(#"gatehouse_upstream_up{app="crm",upstream="http://b"} 1"#))
        #expect(!text.contains("staff") && !text.contains("http://a"))
    }

    @Test("a reload says how it ended and when; Redis and the audit trail are silent until somebody knows")
    func states() {
        #expect(value(#"gatehouse_config_reloads_total{result="rejected"}"#) == "0")
        #expect(value("gatehouse_config_last_success_timestamp_seconds") == nil)
        #expect(value("gatehouse_redis_up") == nil && value("gatehouse_audit_writable") == nil)
        metrics.reloaded(at: Timestamp(milliseconds: 1_795_338_904_500))
        metrics.reloadRejected()
        metrics.redisUp.set(to: false)
        #expect(value(#"gatehouse_config_reloads_total{result="applied"}"#) == "1")
        #expect(value(#"gatehouse_config_reloads_total{result="rejected"}"#) == "1")
        #expect(value("gatehouse_config_last_success_timestamp_seconds") == "1795338904.5")
        #expect(value("gatehouse_redis_up") == "0")
    }

    @Test("the process tells its memory, time, descriptors and beginning")
    func process() throws {
        let now = Date().timeIntervalSince1970
        let start = try #require(value("process_start_time_seconds").flatMap(Double.init))
        #expect(start <= now + 1 && start > now - 86_400)
        let memory = try #require(value("process_resident_memory_bytes").flatMap(Double.init))
        #expect(memory > 1_000_000 && memory < 1e11)
        let before = try #require(value("process_cpu_seconds_total").flatMap(Double.init))
        var sum = 0.0
        while try #require(value("process_cpu_seconds_total").flatMap(Double.init)) < before + 0.02 {
            for number in 0..<10_000 { sum += Double(number).squareRoot() }
        }
        #expect(sum > 0)
        #expect(try #require(value("process_open_fds").flatMap(Double.init)) >= 3)
        #expect(try #require(value("process_max_fds").flatMap(Double.init)) >= 64)
        #expect(value(#"gatehouse_build_info{version="1.2.3"}"#) == "1")
    }
}
