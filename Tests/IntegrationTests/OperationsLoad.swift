import Synchronization
import TestSupport

/// People who ask without a pause, each on a connection that is kept as long as the server keeps it: what a reload or a
/// stop must not disturb. Nobody asks twice for the same thing: each request that is not answered as it should be is a
/// failure.
final class Load: Sendable {
    struct Request: Sendable {
        let host: String
        let path: String
        /// The whole field's value; empty for none.
        var cookie = ""
    }

    struct Tally: Sendable {
        var answered = 0
        /// Answers that said that they are the last ones of their connections.
        var farewells = 0
        var failures: [String] = []
        fileprivate var running = 0
    }

    private let ports: [UInt16]
    private let tally: Mutex<Tally>
    private let isOver = Atomic(false)

    /// - Parameter ports: of the nodes; who is refused a connection goes to the next one.
    init(_ requests: [Request], ports: [UInt16]) {
        self.ports = ports
        tally = Mutex(Tally(running: requests.count))
        for request in requests {
            ChildProcess.onThread { [self] in
                ask(request)
                tally.withLock { $0.running -= 1 }
            }
        }
    }

    var current: Tally { tally.withLock { $0 } }

    /// Ends when each has the answer that they wait for.
    func finish() async -> Tally {
        isOver.store(true, ordering: .relaxed)
        _ = await Poll.until(within: .seconds(30)) { current.running == 0 }
        return current
    }

    private func ask(_ request: Request) {
        let cookie = request.cookie.isEmpty ? "" : "Cookie: \(request.cookie)\r\n"
        let text = "GET \(request.path) HTTP/1.1\r\nHost: \(request.host)\r\n\(cookie)\r\n"
        var kept: ByteStream?
        while !isOver.load(ordering: .relaxed) {
            let start = ContinuousClock.now
            do {
                let stream = try kept ?? connect()
                try stream.write(text)
                let response = try stream.readResponse()
                let isLast = response.value("connection")?.lowercased() == "close"
                kept = isLast ? nil : stream
                tally.withLock { tally in
                    tally.answered += 1
                    tally.farewells += isLast ? 1 : 0
                    if response.status != 200 { tally.failures.append("\(request.path): \(response.status)") }
                }
            } catch {
                let kind = kept == nil ? "new" : "kept"
                kept = nil
                let time = ContinuousClock.now - start
                tally.withLock { $0.failures.append("\(request.path): \(error) (\(kind), after \(time))") }
            }
            Pause.milliseconds(3)
        }
    }

    private func connect() throws -> ByteStream {
        var refusal: (any Error)?
        for port in ports {
            do {
                return try ByteStream(port: port)
            } catch {
                refusal = error
            }
        }
        throw refusal ?? ChildProcess.Failure(description: "no node")
    }
}

extension House {
    /// A person and two strangers at the CRM, and somebody before the sign-in form.
    func load(_ person: Visitor, ports: [UInt16]? = nil) -> Load {
        let crm = "crm.gw.localhost"
        let cookie = "gatehouse=\(person.cookies(crm)["gatehouse"] ?? "")"
        return Load(
            [
                .init(host: crm, path: "/leads", cookie: cookie), .init(host: crm, path: "/leads/2", cookie: cookie),
                .init(host: crm, path: "/public/x"), .init(host: "login.gw.localhost", path: "/login"),
            ],
            ports: ports ?? [gateway.port]
        )
    }
}
