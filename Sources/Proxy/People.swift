internal import GatehouseCore
internal import Identity
internal import NIOCore
internal import Policy
internal import Sessions

/// A session as one configuration sees it: roles worked out once, identity fields rendered once per app. Confined to its
/// event loop.
final class Person {
    /// What the session's facts are worth under the configuration.
    enum Standing {
        case current
        /// The directory was asked for other groups and attributes then: it has to be asked again before a decision.
        case outdated
        /// Of a directory that is none of ours any more: nobody.
        case foreign
    }

    /// The object that was looked at last: the same one again needs no comparison.
    private(set) var session: Session
    let principal: Principal
    let standing: Standing
    /// Until then the directory is not asked again: it did not answer a moment ago.
    var asksAgainAt: NIODeadline?
    private var blocks: [RouteTable.AppIndex: Block] = [:]

    private struct Block {
        let bytes: ByteBuffer
        /// Who made the assertion in it.
        let issuer: PresentIssuer
        /// By the wall clock, as the assertion's end is.
        let renderedAt: Timestamp
    }

    init(_ session: Session, under snapshot: ProxySnapshot) {
        self.session = session
        principal = Principal(subject: session.subject, table: snapshot.routes.roles)
        switch snapshot.factsDigests[session.subject.id.realm] {
        case nil: standing = .foreign
        case session.facts.digest: standing = .current
        default: standing = .outdated
        }
    }

    /// Whether this is what would be made of the session.
    func stands(for session: Session) -> Bool {
        if session === self.session { return true }
        guard session.facts == self.session.facts,
            session.authenticationMethods == self.session.authenticationMethods
        else { return false }
        self.session = session
        return true
    }

    /// For how many milliseconds an assertion serves: it is dead five minutes after it was made, and an application may
    /// take its time. A clock that was put back makes a block of the future, which serves no longer.
    private static let assertionUse: Range<Int64> = 0..<120_000

    /// The identity fields for one app, as bytes; `nil` when the person cannot be named to it.
    func identityBlock(
        for app: RouteTable.AppIndex,
        under snapshot: ProxySnapshot,
        _ assertions: PresentIssuer,
        _ clock: WallClock
    ) -> ByteBuffer? {
        // Without an assertion a block does not grow old.
        let now = assertions.signs ? clock.now() : Timestamp(milliseconds: 0)
        if let block = blocks[app], block.issuer === assertions,
            Self.assertionUse.contains(now.milliseconds - block.renderedAt.milliseconds)
        {
            return block.bytes
        }
        guard let bytes = render(app, snapshot, assertions, at: now) else { return nil }
        blocks[app] = Block(bytes: bytes, issuer: assertions, renderedAt: now)
        return bytes
    }

    private func render(
        _ app: RouteTable.AppIndex,
        _ snapshot: ProxySnapshot,
        _ assertions: PresentIssuer,
        at now: Timestamp
    ) -> ByteBuffer? {
        let facts = IdentityFacts(
            subject: principal.subject,
            roles: principal.grants.roles,
            permissions: principal.grants.permissions,
            relations: principal.grants.relations
        )
        guard var bytes = snapshot.renderers[app].block(for: facts) else { return nil }
        if let token = assertions.token(for: self, audience: snapshot.routes.apps[app].name, at: now) {
            bytes.writeStaticString("X-Gatehouse-Assertion: ")
            bytes.writeString(token)
            bytes.writeStaticString("\r\n")
        }
        return bytes
    }
}

/// Who signs assertions now. A class, so that one issuer is told from the next by a look at the reference.
final class PresentIssuer {
    private let issuer: AssertionIssuer?
    let signs: Bool

    init(_ issuer: AssertionIssuer?) {
        self.issuer = issuer
        signs = issuer != nil
    }

    func token(for person: Person, audience: String, at now: Timestamp) -> String? {
        issuer?.token(
            for: AssertionFacts(
                subject: person.principal.subject,
                roles: person.principal.grants.roles,
                permissions: person.principal.grants.permissions,
                authenticationMethods: person.session.authenticationMethods,
                authenticatedAt: person.session.createdAt,
                checkedAt: person.session.facts.checkedAt
            ),
            audience: audience,
            at: now
        )
    }
}

/// The people that one event loop has judged requests of, under the snapshot in force.
struct People {
    private var people: [SessionID: Person] = [:]

    /// Sessions that are kept; over that, all are made anew.
    private static let limit = 20_000

    mutating func person(of session: Session, under snapshot: ProxySnapshot) -> Person {
        if let person = people[session.id], person.stands(for: session) { return person }
        if people.count >= Self.limit { people.removeAll(keepingCapacity: true) }
        let person = Person(session, under: snapshot)
        people[session.id] = person
        return person
    }

    mutating func forgetAll() { people.removeAll() }
}
