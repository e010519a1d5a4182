internal import GatehouseCore
internal import NIOCore
internal import Sessions
internal import Testing

/// Persons and their names, and what takes a place.
extension SignInLimiterConformance {
    func checkPersonAcrossNames() async throws {
        for name in ["alice", "alice@example.com", "alice", "alice@example.com", "al-1001"] {
            #expect(try await attempt(name, .failed, for: Self.alice) == nil)
        }
        // The fifth locked the person. Nothing of that is told.
        let place = try await reserved("al-1001")
        #expect(try await !limiter.admit(Self.alice, place, on: eventLoop).get())
        #expect(try await limiter.settle(place, .failed, on: eventLoop).get() == nil)
        #expect(try await admits("bob", SubjectID(realm: "staff", immutableID: "2")))
        #expect(try await admits("alice", SubjectID(realm: "partners", immutableID: "1")))
    }

    func checkLockedPerson() async throws {
        // Reserved before the fifth failure was known: too late all the same.
        let early = try await reserved("early-name")
        for _ in 0..<5 { _ = try await attempt("alice", .failed, for: Self.alice) }
        #expect(try await !limiter.admit(Self.alice, early, on: eventLoop).get())
        #expect(try await limiter.settle(early, .unanswered, on: eventLoop).get() == nil)
        for count in 1...5 {
            let place = try await reserved("other-name")
            #expect(try await !limiter.admit(Self.alice, place, on: eventLoop).get())
            let refusal = try await limiter.settle(place, .failed, on: eventLoop).get()
            #expect((refusal?.reason == .accountLocked) == (count == 5))
            #expect(count < 5 || isAbout(refusal?.retryAfter, .seconds(900)))
        }
        #expect(try await attempt("other-name", .failed)?.reason == .accountLocked)
        #expect(try await attempt("alice", .failed)?.reason == .accountLocked)
    }

    func checkSuccessClears() async throws {
        for _ in 0..<3 {
            for _ in 0..<4 { #expect(try await attempt("alice", .failed, for: Self.alice) == nil) }
            #expect(try await attempt("alice", .succeeded, for: Self.alice) == nil)
        }
        for _ in 0..<4 { #expect(try await attempt("al-1001", .failed, for: Self.alice) == nil) }
        #expect(try await attempt("alice", .succeeded, for: Self.alice) == nil)
        #expect(try await admits("alice", Self.alice))
        #expect(try await attempt("al-1001", .failed, for: Self.alice)?.reason == .accountLocked)
    }

    func checkSuccessIsNeverLate() async throws {
        var places: [SignInReservation] = []
        for _ in 0..<5 { places.append(try await admitted("alice", Self.alice)) }
        #expect(try await !admits("alice@example.com", Self.alice))
        for place in places.dropLast() {
            #expect(try await limiter.settle(place, .failed, on: eventLoop).get() == nil)
        }
        #expect(try await limiter.settle(places[4], .succeeded, on: eventLoop).get() == nil)
        for _ in 0..<4 { #expect(try await attempt("alice", .failed, for: Self.alice) == nil) }
        #expect(try await admits("alice", Self.alice))
    }

    func checkSuccessKeepsPlaces() async throws {
        var places: [SignInReservation] = []
        for _ in 0..<4 { places.append(try await admitted("alice", Self.alice)) }
        #expect(try await attempt("alice", .succeeded, for: Self.alice) == nil)
        places.append(try await admitted("alice", Self.alice))
        #expect(try await reserve("alice").isRefused)
        #expect(try await !admits("alice@example.com", Self.alice))
        for (index, place) in places.enumerated() {
            let refusal = try await limiter.settle(place, .failed, on: eventLoop).get()
            #expect((refusal != nil) == (index == 4))
        }
        #expect(try await !admits("alice@example.com", Self.alice))
    }

    func checkParallelNames() async throws {
        let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<1000 {
                group.addTask {
                    let address = SourceAddress(ipv4: 0xCB00_7100 + UInt32(index))
                    guard case .admitted(let place) = try await reserve("name-\(index)", address) else { return false }
                    return try await limiter.admit(Self.alice, place, on: eventLoop).get()
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(admitted == 5)
    }

    func checkPendingIsNoFailure() async throws {
        var places: [SignInReservation] = []
        for _ in 0..<5 { places.append(try await admitted("alice", Self.alice)) }
        #expect(try await reserve("alice").isRefused)
        for (index, place) in places.enumerated() {
            let refusal = try await limiter.settle(place, .failed, on: eventLoop).get()
            #expect((refusal != nil) == (index == 4))
        }
    }

    func checkSlowJudgement() async throws {
        var places: [SignInReservation] = []
        for _ in 0..<5 { places.append(try await admitted("alice", Self.alice)) }
        try await pass(.seconds(115))
        #expect(try await reserve("alice").isRefused)
        #expect(try await !admits("alice@example.com", Self.alice))
        try await pass(.seconds(6))
        #expect(try await admits("alice", Self.alice))
        for (index, place) in places.enumerated() {
            let refusal = try await limiter.settle(place, .failed, on: eventLoop).get()
            #expect((refusal != nil) == (index == 4))
        }
        #expect(try await !admits("alice@example.com", Self.alice))
    }
}

extension SignInAdmission {
    var isRefused: Bool {
        if case .refused = self { true } else { false }
    }
}
