package import Cryptography
package import Directory
package import GatehouseCore
package import Logging
package import NIOCore
package import Sessions

/// What stands behind the portal's pages. Most of it outlives a reload, which makes a new ``PortalService`` of it.
package struct PortalServices: Sendable {
    /// Asked by a directory before it looks at a password: whether the person whom it found under the name may try.
    package typealias Admit = @Sendable (SubjectID) async -> Bool
    /// Asks the directories about a name and a password. Throws only when they cannot answer.
    package typealias Authenticate =
        @Sendable (FoldedName, Secret, Admit) async throws -> AuthenticationResult
    /// Reads a person anew whose facts were asked for under another configuration. `nil` is no session any more; throws when
    /// the directory cannot answer, and then the facts of before are used.
    package typealias Refresh = @Sendable (Session) async throws -> Session?
    /// Counts what came of an attempt to sign in. The directory is one of the configuration or ``unknownDirectory``.
    package typealias OnSignIn = @Sendable (_ directory: String, _ outcome: String) -> Void

    /// Stands for the directory of an attempt that none of several is known for.
    package static let unknownDirectory = "_unknown"

    package var store: any SessionStore
    package var limiter: any SignInLimiter
    package var audit: PortalAudit
    package var memory: SignInMemory
    package var key: GatewayKey
    /// Where store and limiter are asked; any loop of the process.
    package var eventLoop: any EventLoop
    /// For hidden fields and for the times that pages tell; those of sessions are by the store's clock.
    package var clock: WallClock
    /// Times the answers of failed sign-ins.
    package var steadyClock: SteadyClock
    package var authenticate: Authenticate
    package var refresh: Refresh
    /// The public signing keys as a JSON Web Key Set (RFC 7517, section 5); `nil` while there is none to publish.
    package var jwks: @Sendable () -> String?
    package var onSignIn: OnSignIn
    /// Counts an attempt that one of the limits refused, by the word of ``SignInRefusal/Reason``.
    package var onLimited: @Sendable (_ limit: String) -> Void
    package var logger: Logger

    package init(
        store: any SessionStore,
        limiter: any SignInLimiter,
        audit: PortalAudit,
        memory: SignInMemory,
        key: GatewayKey,
        eventLoop: any EventLoop,
        clock: WallClock = .system,
        steadyClock: SteadyClock = .system,
        authenticate: @escaping Authenticate,
        refresh: @escaping Refresh,
        jwks: @escaping @Sendable () -> String?,
        onSignIn: @escaping OnSignIn,
        onLimited: @escaping @Sendable (_ limit: String) -> Void = { _ in },
        logger: Logger
    ) {
        self.store = store
        self.limiter = limiter
        self.audit = audit
        self.memory = memory
        self.key = key
        self.eventLoop = eventLoop
        self.clock = clock
        self.steadyClock = steadyClock
        self.authenticate = authenticate
        self.refresh = refresh
        self.jwks = jwks
        self.onSignIn = onSignIn
        self.onLimited = onLimited
        self.logger = logger
    }
}
