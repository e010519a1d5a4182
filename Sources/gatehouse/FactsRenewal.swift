internal import Audit
internal import Directory
internal import GatehouseCore
internal import Logging
internal import NIOCore
internal import Sessions
internal import Synchronization

/// Reads a session's person anew, because the configuration asks for other groups or attributes than the one under which
/// they were read, and puts what the directory says now into the session. One question for a session at a time, whoever
/// waits for its answer; after a failure the directory is given time.
final class FactsRenewal: Sendable {
    struct Failed: Error, CustomStringConvertible {
        let description = "the directory could not be asked about this person a moment ago"
    }

    private static let pause: Duration = .seconds(10)
    /// Failures that are remembered at once.
    private static let memory = 10_000

    /// A session, and what was asked of the directory at that time: after a reload it is another question.
    private struct Question: Hashable {
        let session: SessionID
        let digest: String
    }

    private struct Storage {
        var waiting: [Question: [EventLoopPromise<Session?>]] = [:]
        var failures: [SessionID: ContinuousClock.Instant] = [:]
    }

    private let directory: CurrentDirectory
    private let store: any SessionStore
    private let audit: AuditTrail
    private let eventLoop: any EventLoop
    private let work: BackgroundWork
    private let logger: Logger
    private let storage = Mutex(Storage())

    init(
        directory: CurrentDirectory,
        store: any SessionStore,
        audit: AuditTrail,
        eventLoop: any EventLoop,
        work: BackgroundWork,
        logger: Logger
    ) {
        self.directory = directory
        self.store = store
        self.audit = audit
        self.eventLoop = eventLoop
        self.work = work
        self.logger = logger
    }

    /// - Returns: `nil` when the session is over: its person is gone, or no longer one of the gateway's. Fails when
    ///   directory or store cannot answer, or there is no room.
    func renew(_ session: Session, on eventLoop: any EventLoop) -> EventLoopFuture<Session?> {
        let promise = eventLoop.makePromise(of: Session?.self)
        enum Step { case ask, wait, fail }
        let (realm, digest) = directory.current
        let question = Question(session: session.id, digest: digest)
        let step = storage.withLock { storage -> Step in
            if let failedAt = storage.failures[session.id], ContinuousClock.now - failedAt < Self.pause { return .fail }
            let isFirst = storage.waiting[question] == nil
            storage.waiting[question, default: []].append(promise)
            return isFirst ? .ask : .wait
        }
        switch step {
        case .fail: promise.fail(Failed())
        case .wait: break
        case .ask:
            let isTaken = work.submit {
                do {
                    self.answer(question, .success(try await self.ask(session, realm, digest)))
                } catch {
                    self.answer(question, .failure(error))
                }
            }
            if !isTaken { answer(question, .failure(BackgroundWork.NoRoom())) }
        }
        return promise.futureResult
    }

    /// The same for the portal.
    func renew(_ session: Session) async throws -> Session? {
        try await renew(session, on: eventLoop).get()
    }

    private func answer(_ question: Question, _ result: Result<Session?, any Error>) {
        let waiting = storage.withLock { storage in
            if case .failure = result {
                if storage.failures.count >= Self.memory { storage.failures = [:] }
                storage.failures[question.session] = .now
            } else {
                storage.failures[question.session] = nil
            }
            return storage.waiting.removeValue(forKey: question) ?? []
        }
        for promise in waiting { promise.completeWith(result) }
    }

    private func ask(_ session: Session, _ realm: Realm, _ digest: String) async throws -> Session? {
        let id = session.subject.id
        guard id.realm == realm.name else { return nil }
        let reason: String
        let asked = store.clock.now()
        switch try await realm.person(id: id) {
        case .found(let person) where !person.isDisabled:
            let facts = SessionFacts(subject: person.subject, checkedAt: asked, digest: digest)
            return try await store.renew(session.id, facts: facts, near: eventLoop)
        case .found: reason = "person_disabled"
        case .gone: reason = "person_gone"
        case .excluded: reason = "person_excluded"
        }
        guard try await store.end(session.id, of: id, cause: .revoked, near: eventLoop) else { return nil }
        var event = AuditEvent(.sessionRevoked, outcome: .success, reason: reason)
        event.subject = id
        event.directory = id.realm
        event.session = session.id
        audit.record(event)
        return nil
    }
}
