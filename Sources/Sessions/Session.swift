internal import Cryptography
package import GatehouseCore

/// What the directory said about a person, and when. Facts, never roles: those are worked out under the configuration in
/// force.
package struct SessionFacts: Sendable, Hashable {
    package let subject: Subject
    /// When the directory was asked. By the store's clock in a session that a store hands out.
    package let checkedAt: Timestamp
    /// Names which groups and attributes were asked for (`RealmConfiguration.factsDigest`). Under a configuration that
    /// asks for others the person is read anew before the next decision.
    package let digest: String

    package init(subject: Subject, checkedAt: Timestamp, digest: String) {
        self.subject = subject
        self.checkedAt = checkedAt
        self.digest = digest
    }
}

/// From where somebody signed in, as lists of sessions show it. Nothing is decided by it.
package struct SessionClient: Sendable, Hashable {
    package static let userAgentLimit = 256

    /// As text; empty where it is not known.
    package let address: String
    /// At most ``userAgentLimit`` bytes.
    package let userAgent: String

    package init(address: String = "", userAgent: String = "") {
        self.address = address
        var rest = Self.userAgentLimit
        self.userAgent = String(
            String.UnicodeScalarView(
                userAgent.unicodeScalars.prefix { scalar in
                    rest -= UTF8.width(scalar)
                    return rest >= 0
                }
            )
        )
    }
}

/// One sign-in of one person. A class, because every request with a session hands it on several times.
package final class Session: Sendable {
    package let id: SessionID
    package let facts: SessionFacts
    /// How the person proved who they are, as RFC 8176 names it: `pwd`, `otp`, `hwk`, …
    package let authenticationMethods: [String]
    package let client: SessionClient
    package let createdAt: Timestamp
    /// No traffic moves this end.
    package let absoluteEnd: Timestamp
    /// Moves with activity.
    package let idleEnd: Timestamp

    package var subject: Subject { facts.subject }

    package init(
        id: SessionID,
        facts: SessionFacts,
        authenticationMethods: [String],
        client: SessionClient = SessionClient(),
        createdAt: Timestamp,
        absoluteEnd: Timestamp,
        idleEnd: Timestamp
    ) {
        self.id = id
        self.facts = facts
        self.authenticationMethods = authenticationMethods
        self.client = client
        self.createdAt = createdAt
        self.absoluteEnd = absoluteEnd
        self.idleEnd = idleEnd
    }
}

extension Session {
    func with(
        facts: SessionFacts? = nil,
        authenticationMethods: [String]? = nil,
        idleEnd: Timestamp? = nil
    ) -> Session {
        Session(
            id: id,
            facts: facts ?? self.facts,
            authenticationMethods: authenticationMethods ?? self.authenticationMethods,
            client: client,
            createdAt: createdAt,
            absoluteEnd: absoluteEnd,
            idleEnd: idleEnd ?? self.idleEnd
        )
    }
}

/// When activity is written down. Each time would be a write for each request; once in a while loses as much of a session's
/// idle time at most.
enum SessionTouch {
    /// The least by which the idle end must move: a fifteenth of the idle time, one minute at most.
    static func least(of idle: Duration) -> Duration {
        min(idle / 15, .seconds(60))
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
    /// Something newer took its place: a sign-in in the same browser, one session too many of the person, or, of a token,
    /// another one.
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
    package let subject: SubjectID
    /// The app host, canonical, without port.
    package let host: String
    /// The public half of the app host's return cookie; the callback must bring the cookie that belongs to it.
    package let state: String
    /// Where the visit was going: an absolute URL on that host.
    package let destination: String

    package init(
        digest: TokenDigest,
        session: SessionID,
        subject: SubjectID,
        host: String,
        state: String,
        destination: String
    ) {
        self.digest = digest
        self.session = session
        self.subject = subject
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
