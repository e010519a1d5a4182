internal import Cryptography
package import GatehouseCore

/// One sign-in of one person. It stores facts, never roles: those are worked out under the configuration in force.
package struct Session: Sendable {
    package let id: SessionID
    package let subject: Subject
    /// How the person proved who they are, as RFC 8176 names it: `pwd`, `otp`, `hwk`, …
    package let authenticationMethods: [String]
    package let createdAt: Timestamp
    /// No traffic moves this end.
    package let absoluteEnd: Timestamp
    /// Moves with activity.
    package var idleEnd: Timestamp

    package init(
        id: SessionID,
        subject: Subject,
        authenticationMethods: [String],
        createdAt: Timestamp,
        absoluteEnd: Timestamp,
        idleEnd: Timestamp
    ) {
        self.id = id
        self.subject = subject
        self.authenticationMethods = authenticationMethods
        self.createdAt = createdAt
        self.absoluteEnd = absoluteEnd
        self.idleEnd = idleEnd
    }
}

/// How long sessions last.
package struct SessionLifetime: Sendable, Equatable {
    /// Without activity.
    package var idle: Duration
    /// In all, whatever the traffic.
    package var absolute: Duration

    package init(idle: Duration = .seconds(15 * 60), absolute: Duration = .seconds(8 * 3600)) {
        self.idle = idle
        self.absolute = absolute
    }
}

/// Why a session is over.
package enum SessionEnd: String, Sendable, Hashable, CaseIterable {
    case signedOut = "signed_out"
    case idle
    case absolute
    case revoked
    /// The same browser signed in again.
    case replaced
}

/// What a token turned out to be. A token that is valid on another host is `unknown` here.
package enum SessionLookup: Sendable {
    case live(Session)
    /// The session was there and is over.
    case ended(SessionEnd)
    case unknown
}

/// One hand-over of a session from the portal to an app host: 256 bits, one host, 60 seconds, once.
package struct Ticket: Sendable {
    package static let lifetime: Duration = .seconds(60)

    /// Digest of what the URL carries.
    package let digest: TokenDigest
    package let session: SessionID
    /// The app host, canonical, without port.
    package let host: String
    /// The public half of the app host's return cookie; the callback must bring the cookie that belongs to it.
    package let state: String
    /// Where the visit was going: an absolute URL on that host.
    package let destination: String

    package init(digest: TokenDigest, session: SessionID, host: String, state: String, destination: String) {
        self.digest = digest
        self.session = session
        self.host = host
        self.state = state
        self.destination = destination
    }
}

package enum TicketRedemption: Sendable {
    /// The new token now stands for the session on the ticket's host.
    case redeemed(session: Session, destination: String)
    /// Unknown, used, expired, for another host or another browser, or its session is over.
    case refused
}

extension SessionToken {
    /// SHA-256 of the token's bytes: what stores keep (docs/security-rules.md, rule 20).
    package var digest: TokenDigest { TokenDigest(bytes: SHA256.hash(bytes)) }
}
