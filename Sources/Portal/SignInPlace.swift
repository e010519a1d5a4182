internal import GatehouseCore
internal import NIOCore
internal import Sessions
internal import Synchronization

/// The places of one attempt among the failures, from the reservation to the verdict. The directory asks in between whether
/// the person whom it found has one too.
final class SignInPlace: Sendable {
    private struct State {
        var reservation: SignInReservation
        var admission = Duration.zero
        var problem: (any Error)?
    }

    private let environment: PortalEnvironment
    private let visit: Visit
    private let state: Mutex<State>

    init(_ reservation: SignInReservation, _ visit: Visit, _ environment: PortalEnvironment) {
        self.environment = environment
        self.visit = visit
        state = Mutex(State(reservation: reservation))
    }

    /// How long the limits took over the person: time that a name which nobody has does not cost.
    var admission: Duration { state.withLock { $0.admission } }

    /// Whether a password may be looked at. Where the limits cannot say, it may not, and ``check()`` throws.
    func admit(_ subject: SubjectID) async -> Bool {
        let start = environment.steadyClock.now()
        // Before it is asked: where there is no answer, the place may have been taken, and is given back.
        let reservation = state.withLock { state in
            state.reservation.person = subject
            return state.reservation
        }
        do {
            let isAdmitted = try await environment.stored(visit) { () async throws in
                let services = environment.services
                return try await services.limiter.admit(subject, reservation, on: services.eventLoop).get()
            }
            state.withLock { state in
                if !isAdmitted { state.reservation.person = nil }
                state.admission = environment.steadyClock.now() - start
            }
            return isAdmitted
        } catch {
            state.withLock { $0.problem = error }
            return false
        }
    }

    /// - Throws: when the limits could not say whether the person may try: then nothing that the directory said counts.
    func check() throws {
        if let problem = state.withLock({ $0.problem }) { throw problem }
    }

    func succeed() async throws { _ = try await settle(.succeeded) }

    /// - Returns: a refusal when the name is locked now.
    func fail() async throws -> SignInRefusal? { try await settle(.failed) }

    /// Where even this fails the places come back when their time is over.
    func giveBack() async { _ = try? await settle(.unanswered) }

    private func settle(_ outcome: SignInOutcome) async throws -> SignInRefusal? {
        let reservation = state.withLock { $0.reservation }
        return try await environment.stored(visit) { () async throws in
            let services = environment.services
            return try await services.limiter.settle(reservation, outcome, on: services.eventLoop).get()
        }
    }
}
