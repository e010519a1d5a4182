import Synchronization
import TestSupport
import Testing

/// What people do at the nodes of one gateway.
extension HouseOfNodes {
    static let hosts = ["login.gw.localhost", "crm.gw.localhost", "partners.gw.localhost"]

    /// The one address that every node is known by.
    var portal: String { gateways[0].portal }
    var crmURL: String { crm(0) }

    /// Signs a person in on the way to the CRM, at one node.
    func signedIn(_ name: String, _ node: Int = 0) async throws -> Visitor {
        let visitor = visitor(node)
        let (_, answer) = try await visitor.signIn(
            "\(crmURL)/",
            portal: portal,
            name: name,
            password: House.password
        )
        guard answer.status == 200 else {
            throw ChildProcess.Failure(description: "\(name) is not signed in: \(answer.raw)\n\(gateways[node].log)")
        }
        return visitor
    }

    /// The same browser, whose next requests a balancer sends to another node.
    func moved(_ visitor: Visitor, to node: Int) -> Visitor {
        let other = self.visitor(node)
        for host in Self.hosts {
            for (name, value) in visitor.cookies(host) { other.setCookie(host, name, value) }
        }
        return other
    }

    /// Loads the sign-in page and sends its form.
    func attempt(
        _ name: String,
        _ password: String = House.password,
        at node: Int = 0,
        from address: String? = nil
    ) async throws -> WebResponse {
        let visitor = Visitor(
            port: gateways[node].port,
            always: address.map { [("X-Forwarded-For", $0)] } ?? []
        )
        let page = try await visitor.get("\(portal)/login")
        guard page.status == 200 else { return page }
        return try await visitor.submitSignIn(page, portal: portal, name: name, password: password)
    }

    /// Signs out at the portal.
    func signOut(_ visitor: Visitor) async throws -> WebResponse {
        let page = try await visitor.get("\(portal)/logout")
        return try await visitor.post(
            "\(portal)/logout",
            form: Visitor.hiddenFields(page.body),
            origin: portal
        )
    }

    /// Until every loop of every node has its connection to Redis again, and is told of changes: one may be back while the
    /// next one is not.
    func awaitRedis() async throws {
        let isWhole = try await Self.eventually(within: .seconds(5)) {
            let clients = (try? await redis.cli("CLIENT", "LIST"))?.split(whereSeparator: \.isNewline) ?? []
            let loops = clients.count { client in
                let flags = client.split(separator: " ").first { $0.hasPrefix("flags=") } ?? ""
                return client.contains(" name=gatehouse ") && flags.dropFirst(6).contains("t")
            }
            let push = clients.count { $0.contains(" name=gatehouse-push ") }
            return loops >= gateways.count * TestGateway.eventLoops && push >= gateways.count
        }
        #expect(isWhole)
    }

    /// Asks again and again until it is so, or the time is over.
    static func eventually(
        within limit: Duration,
        _ condition: () async throws -> Bool
    ) async throws -> Bool {
        let end = ContinuousClock.now + limit
        while ContinuousClock.now < end {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try await condition()
    }

    /// Runs a few lines of Python with what a test saw as files, whose paths are its arguments.
    /// - Returns: what it printed.
    static func python(_ script: String, _ texts: [String]) async throws -> String {
        try await ChildProcess.offPool {
            let folder = TemporaryFolder()
            let files = texts.enumerated().map { folder.write($1, to: "input-\($0)") }
            let output = folder.file("output")
            let status = try ChildProcess.run(
                TestEnvironment.python,
                [folder.write(script, to: "script.py")] + files,
                output: output
            )
            let text = contents(of: output)
            guard status == 0 else { throw ChildProcess.Failure(description: "python: \(text)") }
            return text
        }
    }
}

/// People who keep asking, each for itself, while something happens.
final class Traffic: Sendable {
    struct Answer: Sendable {
        /// Whose number it is in the list that was given.
        let visitor: Int
        /// 0 where none came.
        let status: Int
        let began: ContinuousClock.Instant
        let ended: ContinuousClock.Instant
    }

    private let recorded = Mutex<[Answer]>([])
    private let isOver = Mutex(false)

    var answers: [Answer] { recorded.withLock { $0 } }
    var statuses: Set<Int> { Set(answers.map(\.status)) }
    var longest: Duration { answers.map { $0.ended - $0.began }.max() ?? .zero }

    /// - Parameter pause: of a visitor between two requests.
    static func of<Result: Sendable>(
        _ visitors: [Visitor],
        _ url: String,
        pause: Duration = .milliseconds(15),
        while body: (Traffic) async throws -> Result
    ) async throws -> Result {
        let traffic = Traffic()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, visitor) in visitors.enumerated() {
                group.addTask { try await traffic.ask(number, visitor, url, pause) }
            }
            defer { traffic.isOver.withLock { $0 = true } }
            // Each has been served once before anything happens.
            for number in visitors.indices { try await traffic.nextAnswer(of: number) }
            let result = try await body(traffic)
            for number in visitors.indices { try await traffic.nextAnswer(of: number) }
            return result
        }
    }

    private func ask(_ number: Int, _ visitor: Visitor, _ url: String, _ pause: Duration) async throws {
        while !isOver.withLock({ $0 }) {
            let began = ContinuousClock.now
            let status = (try? await visitor.get(url).status) ?? 0
            let answer = Answer(visitor: number, status: status, began: began, ended: .now)
            recorded.withLock { $0.append(answer) }
            try await Task.sleep(for: pause)
        }
    }

    /// Waits for the answer to a request that begins from now on.
    private func nextAnswer(of visitor: Int) async throws {
        let now = ContinuousClock.now
        let came = try await HouseOfNodes.eventually(within: .seconds(35)) {
            answers.contains { $0.visitor == visitor && $0.began >= now }
        }
        guard came else { throw ChildProcess.Failure(description: "visitor \(visitor) gets no answers") }
    }
}
