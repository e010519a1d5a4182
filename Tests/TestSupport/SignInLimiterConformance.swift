internal import GatehouseCore
package import NIOCore
package import Sessions
internal import Testing

/// What every ``SignInLimiter`` must do, whatever it counts in (docs/security-rules.md, rule 22). The limits are
/// ``limits(for:)``; the limiter is empty at the start.
package struct SignInLimiterConformance: Sendable {
    package enum Behaviour: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case fifthLocks = "the fifth failure within five minutes locks the name, for as long as was said"
        case spellings = "spellings of one name share their failures"
        case personAcrossNames = "failures of one person count together, and none of their names is told"
        case lockedPerson =
            "a person who is locked is admitted under no name, and their names lock by their own failures"
        case windowMoves = "failures that are older than the window no longer count"
        case successClears = "a success forgets the failures of name and person, and not those of other names"
        case successIsNeverLate = "whoever has a place is not locked when the password turns out right"
        case successKeepsPlaces = "a success gives back no place of another attempt"
        case unansweredCountsNothing = "what the directory could not say is counted against nobody"
        case parallelGuesses = "a thousand guesses at once are no more than five"
        case parallelNames = "a thousand guesses at once under a thousand names of one person are no more than five"
        case pendingIsNoFailure = "attempts that are still being looked at take places and lock nobody"
        case slowJudgement = "an attempt keeps its place for two minutes, and is counted even after that"
        case networkThrottles = "failures from one network are throttled, whatever the names, and come back one by one"
        case networksApart = "one network's failures are not another's; an IPv6 /64 is one network"
        case successesAreFree = "sign-ins that succeed cost their network nothing"
        case unusableName = "an attempt without a usable name counts on its network"
        case lockEnds = "after the lock name and person have all their tries again"

        package var testDescription: String { rawValue }
    }

    package static let limits = SignInLimits(
        perAccount: .init(count: 5, period: .seconds(300)),
        perNetwork: .init(count: 20, period: .seconds(300)),
        lockout: .seconds(900)
    )

    /// What the limiter has to be made with for one behaviour.
    package static func limits(for behaviour: Behaviour) -> SignInLimits {
        var limits = limits
        if behaviour == .slowJudgement { limits.perAccount = .init(count: 5, period: .seconds(20)) }
        return limits
    }

    static let alice = SubjectID(realm: "staff", immutableID: "1")

    package let limiter: any SignInLimiter
    package let pass: @Sendable (Duration) async throws -> Void
    package let eventLoop: any EventLoop

    package init(
        limiter: any SignInLimiter,
        pass: @escaping @Sendable (Duration) async throws -> Void,
        eventLoop: any EventLoop
    ) {
        self.limiter = limiter
        self.pass = pass
        self.eventLoop = eventLoop
    }

    package func check(_ behaviour: Behaviour) async throws {
        switch behaviour {
        case .fifthLocks: try await checkFifthLocks()
        case .spellings: try await checkSpellings()
        case .personAcrossNames: try await checkPersonAcrossNames()
        case .lockedPerson: try await checkLockedPerson()
        case .windowMoves: try await checkWindowMoves()
        case .successClears: try await checkSuccessClears()
        case .successIsNeverLate: try await checkSuccessIsNeverLate()
        case .successKeepsPlaces: try await checkSuccessKeepsPlaces()
        case .unansweredCountsNothing: try await checkUnanswered()
        case .parallelGuesses: try await checkParallelGuesses()
        case .parallelNames: try await checkParallelNames()
        case .pendingIsNoFailure: try await checkPendingIsNoFailure()
        case .slowJudgement: try await checkSlowJudgement()
        case .networkThrottles: try await checkNetworkThrottles()
        case .networksApart: try await checkNetworksApart()
        case .successesAreFree: try await checkSuccessesAreFree()
        case .unusableName: try await checkUnusableName()
        case .lockEnds: try await checkLockEnds()
        }
    }

    private func checkFifthLocks() async throws {
        for count in 1...5 {
            let refusal = try await attempt("alice", .failed)
            if count < 5 {
                #expect(refusal == nil)
            } else {
                #expect(refusal?.reason == .accountLocked)
                #expect(isAbout(refusal?.retryAfter, .seconds(900)))
            }
        }
        try await pass(.seconds(300))
        let later = try await attempt("alice", .failed)
        #expect(later?.reason == .accountLocked)
        #expect(isAbout(later?.retryAfter, .seconds(600)))
        #expect(try await attempt("bob", .failed) == nil)
    }

    private func checkSpellings() async throws {
        for name in ["alice", "ALICE", " alice ", "ａｌｉｃｅ"] { #expect(try await attempt(name, .failed) == nil) }
        #expect(try await attempt("Alice", .failed) != nil)
        #expect(try await attempt("aLICE", .failed)?.reason == .accountLocked)
    }

    private func checkWindowMoves() async throws {
        for _ in 0..<4 { #expect(try await attempt("alice", .failed) == nil) }
        try await pass(.seconds(299))
        // Four are still there; this one would be the fifth a moment later only if none had gone.
        try await pass(.seconds(2))
        for _ in 0..<4 { #expect(try await attempt("alice", .failed) == nil) }
        #expect(try await attempt("alice", .failed) != nil)
    }

    private func checkUnanswered() async throws {
        for _ in 0..<60 { #expect(try await attempt("alice", .unanswered, for: Self.alice) == nil) }
        for _ in 0..<4 { #expect(try await attempt("alice", .failed, for: Self.alice) == nil) }
        #expect(try await admits("alice@example.com", Self.alice))
        #expect(try await attempt("alice", .failed, for: Self.alice) != nil)
    }

    private func checkParallelGuesses() async throws {
        let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<1000 {
                group.addTask {
                    // From a thousand networks: only the name holds them together.
                    let address = SourceAddress(ipv4: 0xCB00_7100 + UInt32(index))
                    if case .admitted = try await reserve("alice", address) { return true }
                    return false
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(admitted == 5)
    }

    private func checkNetworkThrottles() async throws {
        for index in 0..<20 { #expect(try await attempt("name-\(index)", .failed) == nil) }
        let refusal = try await attempt("name-20", .failed)
        #expect(refusal?.reason == .networkThrottled)
        #expect((refusal?.retryAfter ?? .zero) > .zero)
        #expect((refusal?.retryAfter ?? .zero) <= .seconds(16))
        try await pass(.seconds(16))
        #expect(try await attempt("name-21", .failed) == nil)
        #expect(try await attempt("name-22", .failed)?.reason == .networkThrottled)
    }

    private func checkNetworksApart() async throws {
        let inside = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"].compactMap { SourceAddress($0) }
        for index in 0..<20 { #expect(try await attempt("name-\(index)", .failed, from: inside[index % 2]) == nil) }
        #expect(try await attempt("one-more", .failed, from: inside[0])?.reason == .networkThrottled)
        for text in ["2001:db8:1:3::1", "192.0.2.9"] {
            let other = try #require(SourceAddress(text))
            #expect(try await attempt("one-more", .failed, from: other) == nil)
        }
    }

    private func checkSuccessesAreFree() async throws {
        for index in 0..<60 {
            let person = SubjectID(realm: "staff", immutableID: "\(index)")
            #expect(try await attempt("name-\(index)", .succeeded, for: person) == nil)
        }
    }

    private func checkUnusableName() async throws {
        for _ in 0..<20 { #expect(try await attempt(nil, .failed) == nil) }
        #expect(try await attempt(nil, .failed)?.reason == .networkThrottled)
    }

    private func checkLockEnds() async throws {
        for _ in 0..<5 { _ = try await attempt("alice", .failed, for: Self.alice) }
        try await pass(.seconds(901))
        for _ in 0..<4 { #expect(try await attempt("alice", .failed, for: Self.alice) == nil) }
        #expect(try await attempt("alice", .succeeded, for: Self.alice) == nil)
    }

    // MARK: - Words of the checks

    static let home = SourceAddress(ipv4: 0xC000_0201)

    func reserve(_ name: String?, _ address: SourceAddress = home) async throws -> SignInAdmission {
        let name = try name.map { try #require(FoldedName($0)) }
        return try await limiter.reserve(name: name, address: address, on: eventLoop).get()
    }

    func reserved(_ name: String?) async throws -> SignInReservation {
        guard case .admitted(let reservation) = try await reserve(name) else { throw Refused() }
        return reservation
    }

    /// With places at name and person.
    func admitted(_ name: String, _ person: SubjectID) async throws -> SignInReservation {
        var reservation = try await reserved(name)
        guard try await limiter.admit(person, reservation, on: eventLoop).get() else { throw Refused() }
        reservation.person = person
        return reservation
    }

    /// Whether a password would be looked at. Leaves nothing behind.
    func admits(_ name: String, _ person: SubjectID) async throws -> Bool {
        var reservation = try await reserved(name)
        reservation.person = person
        let isAdmitted = try await limiter.admit(person, reservation, on: eventLoop).get()
        _ = try await limiter.settle(reservation, .unanswered, on: eventLoop).get()
        return isAdmitted
    }

    /// - Returns: the refusal, whether it came before the directory was asked or after.
    func attempt(
        _ name: String?,
        _ outcome: SignInOutcome,
        for person: SubjectID? = nil,
        from address: SourceAddress = home
    ) async throws -> SignInRefusal? {
        var reservation: SignInReservation
        switch try await reserve(name, address) {
        case .refused(let refusal): return refusal
        case .admitted(let place): reservation = place
        }
        if let person {
            guard try await limiter.admit(person, reservation, on: eventLoop).get() else { throw Refused() }
            reservation.person = person
        }
        return try await limiter.settle(reservation, outcome, on: eventLoop).get()
    }

    struct Refused: Error {}

    /// A real clock goes on by itself.
    func isAbout(_ found: Duration?, _ wanted: Duration) -> Bool {
        guard let found else { return false }
        return found <= wanted && found > wanted - .seconds(5)
    }
}
