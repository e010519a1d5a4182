import Glibc
import Synchronization
import TestSupport
import Testing

/// One directory for the tests of operation. None of them changes what another one reads.
enum StandingDirectory {
    private static let opening = Task { try await House.openDirectory() }

    static func directory() async throws -> TestDirectory { try await opening.value }
}

extension House {
    /// A house of one node with an audit trail in its folder. A fourth application, `files`, is slow: see ``SlowUpstream``.
    /// - Parameters:
    ///   - directory: `nil` is the standing one.
    ///   - change: of the configuration, before the start.
    static func openAudited(
        directory: TestDirectory? = nil,
        slow: SlowUpstream? = nil,
        options: TestGateway.Options = TestGateway.Options(),
        change: (String) -> String = { $0 }
    ) async throws -> House {
        let standing = try await StandingDirectory.directory()
        let directory = directory ?? standing
        let crm = try RecordingUpstream()
        let partners = try RecordingUpstream()
        var text = configuration(directory, crm: crm.port, partners: partners.port) + "audit: { file: audit.jsonl }\n"
        if let slow { text = slow.added(to: text) }
        let gateway = try await TestGateway.start(change(text), options: options)
        return House(directory: directory, crm: crm, partners: partners, gateway: gateway)
    }
}

/// An application that takes its time. GET answers with chunks of ten bytes until ``release()``, or with one where the path
/// ends in `/one`; POST answers with the number of bytes that came.
final class SlowUpstream: Sendable {
    let port: UInt16
    private let process: ChildProcess

    static func start() async throws -> SlowUpstream {
        try await ChildProcess.offPool {
            let port = FreePort.takeOne()
            let process = try ChildProcess(TestEnvironment.python, ["-c", script, "\(port)"])
            for _ in 0..<2000 {
                if (try? ByteStream(port: port)) != nil { return SlowUpstream(port: port, process: process) }
                guard process.isRunning else { break }
                Pause.milliseconds(5)
            }
            throw ChildProcess.Failure(description: "the slow application does not run")
        }
    }

    private init(port: UInt16, process: ChildProcess) {
        self.port = port
        self.process = process
    }

    /// Lets every response come to its end.
    func release() async throws {
        let port = port
        try await ChildProcess.offPool {
            let stream = try ByteStream(port: port)
            try stream.write("GET /release/one HTTP/1.1\r\nHost: localhost\r\n\r\n")
            _ = try stream.readResponse()
        }
    }

    /// The configuration with the application `files` in it.
    func added(to configuration: String) -> String {
        configuration.changing(
            "sessions: {",
            to: """
                  - name: files
                    hosts: [files.gw.localhost]
                    upstreams: ["http://127.0.0.1:\(port)"]
                    rules:
                      - { path: "/keep/**", allow: anyone }
                      - { path: "/take/**", roles: [sales] }
                      - { path: "/**", roles: [sales] }
                sessions: {
                """
        )
    }

    private static let script = """
        import http.server, sys, threading

        released = threading.Event()

        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *_): pass
            def do_GET(self):
                if self.path.startswith("/release"): released.set()
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                while True:
                    self.wfile.write(b"a\\r\\n0123456789\\r\\n")
                    if self.path.endswith("/one") or released.wait(0.03): break
                self.wfile.write(b"0\\r\\n\\r\\n")
            def do_POST(self):
                size = len(self.rfile.read(int(self.headers["Content-Length"])))
                body = str(size).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128

        Server(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
        """
}

/// A response that comes while a test does something else.
final class Download: Sendable {
    private let body = Mutex((text: "", isOver: false))

    /// Begins a GET, and returns when the response has begun.
    /// - Parameter cookie: the whole field's value.
    static func begin(port: UInt16, host: String, path: String, cookie: String = "") async throws -> Download {
        let download = Download()
        ChildProcess.onThread {
            defer { download.body.withLock { $0.isOver = true } }
            guard let stream = try? ByteStream(port: port, timeout: 60) else { return }
            let field = cookie.isEmpty ? "" : "Cookie: \(cookie)\r\n"
            try? stream.write("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\(field)Connection: close\r\n\r\n")
            while let bytes = try? stream.read() {
                download.body.withLock { $0.text += String(decoding: bytes, as: UTF8.self) }
            }
        }
        guard await Poll.until({ download.count > 0 || download.isOver }), download.count > 0 else {
            throw ChildProcess.Failure(description: "the download does not begin: \(download.text)")
        }
        return download
    }

    var text: String { body.withLock { $0.text } }
    var isOver: Bool { body.withLock { $0.isOver } }
    /// How many pieces of the slow application have come.
    var count: Int { text.split(separator: "0123456789", omittingEmptySubsequences: false).count - 1 }
    /// Whether the response was whole.
    var isWhole: Bool { text.hasSuffix("\r\n0\r\n\r\n") }
}

extension String {
    /// A configuration with something else in it. That nothing is there to be replaced is a mistake of the test's.
    func changing(_ old: String, to new: String) -> String {
        if !contains(old) { Issue.record("the configuration does not have \"\(old)\"") }
        return replacing(old, with: new)
    }
}

/// Waiting for what comes when it comes.
enum Poll {
    /// - Returns: whether it was so in time.
    static func until(within limit: Duration = .seconds(15), _ condition: () async throws -> Bool) async rethrows
        -> Bool
    {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if try await condition() { return true }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return try await condition()
    }
}

extension TestGateway {
    /// The value of a series, written as the exposition writes it.
    func metric(_ series: String) async throws -> Double? {
        try await operations("/metrics").body.split(separator: "\n")
            .first { $0.hasPrefix("\(series) ") }
            .flatMap { Double($0.dropFirst(series.utf8.count + 1)) }
    }

    /// Changes the configuration and has it read anew.
    /// - Returns: whether it was taken.
    @discardableResult
    func reload(_ change: (String) -> String) async throws -> Bool {
        let before = try await reloads()
        rewrite(change)
        send(SIGHUP)
        var after = before
        let isOver = try await Poll.until {
            after = try await reloads()
            return after != before
        }
        guard isOver else { throw ChildProcess.Failure(description: "no reload:\n\(log)") }
        return after.applied > before.applied
    }

    private func reloads() async throws -> (applied: Double, rejected: Double) {
        let name = "gatehouse_config_reloads_total"
        return try await (
            metric("\(name){result=\"applied\"}") ?? 0, metric("\(name){result=\"rejected\"}") ?? 0
        )
    }

    /// The number of the first line of the configuration that contains a text.
    func line(of text: String) -> Int? {
        contents(of: configurationFile).split(separator: "\n", omittingEmptySubsequences: false)
            .firstIndex { $0.contains(text) }.map { $0 + 1 }
    }
}
