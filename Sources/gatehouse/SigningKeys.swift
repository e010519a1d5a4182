internal import Cryptography
internal import GatehouseCore
internal import Identity
internal import Logging
internal import Proxy
internal import ServiceLifecycle
internal import Synchronization

/// The keys that sign assertions: read from where all nodes find them, rotated when it is time, handed to the data plane and
/// to the page that publishes them.
final class SigningKeys: Service {
    private static let interval: Duration = .seconds(60)
    private static let retry: Duration = .seconds(1)

    private let store: SigningKeyStore
    private let keys: GatewayKeys
    private let issuer: String
    private let clock: WallClock
    private let logger: Logger
    private let ring = Mutex(SigningKeyRing())

    init(store: SigningKeyStore, keys: GatewayKeys, issuer: Origin, clock: WallClock = .system, logger: Logger) {
        self.store = store
        self.keys = keys
        self.issuer = issuer.description
        self.clock = clock
        self.logger = logger
    }

    /// A JSON Web Key Set; `nil` while there is no key.
    var jwks: String? {
        let ring = ring.withLock { $0 }
        return ring.keys.isEmpty ? nil : ring.jwks(at: clock.now())
    }

    /// Set once the data plane is there.
    private let server = Mutex<ProxyServer?>(nil)

    func serve(_ server: ProxyServer) { self.server.withLock { $0 = server } }

    func run() async throws {
        var hasFailed = false
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                try await refresh()
                if hasFailed { logger.notice("signing keys are there again") }
                hasFailed = false
            } catch {
                if !hasFailed { logger.warning("signing keys cannot be read", metadata: ["error": "\(error)"]) }
                hasFailed = true
            }
            let pause = hasFailed ? Self.retry : Self.interval
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
        }
    }

    /// Reads the ring, and rotates it where it is time. A node that was slower than another takes what that one made.
    func refresh() async throws {
        for _ in 0..<5 {
            let sealed = try await store.load()
            let found = try sealed.map(open) ?? SigningKeyRing()
            guard let rotated = found.rotated(at: clock.now(), makeKey: ES256PrivateKey.generate) else {
                return await install(found)
            }
            let new = keys.seal(rotated.encoded(), context: SigningKeyStore.context)
            if try await store.replace(sealed, by: new) {
                logger.notice("signing keys rotated", metadata: ["keys": "\(rotated.keys.count)"])
                return await install(rotated)
            }
        }
        throw SigningKeyStore.Failure(description: "other nodes were faster five times")
    }

    private func open(_ sealed: [UInt8]) throws -> SigningKeyRing {
        guard let bytes = keys.open(sealed, context: SigningKeyStore.context),
            let ring = SigningKeyRing(encoded: bytes)
        else {
            throw SigningKeyStore.Failure(
                description: "they were sealed with another gateway key, or damaged; put the key of before into "
                    + "\"keys.previous\", or remove them and they are made anew"
            )
        }
        return ring
    }

    private func install(_ ring: SigningKeyRing) async {
        let isNew = self.ring.withLock { held in
            defer { held = ring }
            return held.keys.map(\.id) != ring.keys.map(\.id)
        }
        // Which of its keys signs is the ring's own business: only another ring is news.
        guard isNew, let server = server.withLock({ $0 }) else { return }
        await server.install(assertions: AssertionIssuer(issuer: issuer, ring: ring))
    }
}
