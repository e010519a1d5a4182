package import GatehouseCore
package import NIOCore

/// `limits.sign_in`: how many failures there may be, and what follows (docs/security-rules.md, rule 22).
package struct SignInLimits: Sendable, Equatable {
    /// So many in such a time: `5/5m`.
    package struct Rate: Sendable, Equatable {
        /// 1 to 1,000.
        package let count: Int
        /// 1 s to 1 d.
        package let period: Duration

        package init(count: Int, period: Duration) {
            self.count = count
            self.period = period
        }
    }

    /// Failures of one name, and of one person under whatever names: the last of them locks.
    package var perAccount: Rate
    /// Failures from one network (IPv4 /32, IPv6 /64), spread by GCRA.
    package var perNetwork: Rate
    /// For how long a name, or a person, stays locked.
    package var lockout: Duration

    package init(
        perAccount: Rate = Rate(count: 5, period: .seconds(300)),
        perNetwork: Rate = Rate(count: 50, period: .seconds(300)),
        lockout: Duration = .seconds(900)
    ) {
        self.perAccount = perAccount
        self.perNetwork = perNetwork
        self.lockout = lockout
    }
}

/// Why an attempt is not looked at, and when the next one will be.
package struct SignInRefusal: Sendable, Equatable {
    package enum Reason: String, Sendable, CaseIterable {
        /// The name that was typed failed too often.
        case accountLocked = "account_throttled"
        /// Too many failures from this network.
        case networkThrottled = "network_throttled"
    }

    package let reason: Reason
    /// More than zero, rounded up to whole seconds by who shows it.
    package let retryAfter: Duration

    package init(reason: Reason, retryAfter: Duration) {
        self.reason = reason
        self.retryAfter = retryAfter
    }
}

/// The places of an attempt among the failures: taken before the directory is asked, so that a thousand guesses at once are
/// not a thousand guesses, and given back when it was none.
package struct SignInReservation: Sendable {
    package let name: FoldedName?
    package let address: SourceAddress
    /// Among whose failures the attempt has a place as well: noted by whoever asks ``SignInLimiter/admit(_:_:on:)``, and
    /// left there when that did not answer, since the place may have been taken.
    package var person: SubjectID?
    /// Names this attempt among those of its name.
    let nonce: String

    init(name: FoldedName?, address: SourceAddress, nonce: String) {
        self.name = name
        self.address = address
        self.nonce = nonce
    }
}

package enum SignInAdmission: Sendable {
    case admitted(SignInReservation)
    case refused(SignInRefusal)
}

/// What came of an attempt.
package enum SignInOutcome: Sendable {
    case succeeded
    /// A failure of the name, and of the person where the attempt had a place there.
    case failed
    /// The directory could not say: nothing is counted against anybody.
    case unanswered
}

/// Counts failed sign-ins. Every method takes the caller's event loop and answers on it; a future fails only when the store
/// cannot answer, and then nobody signs in.
///
/// A name and the person that it stands for are counted apart. What is told to the outside depends on the name that was
/// typed and on the network alone: for a name that nobody has it is the same. That the person behind it is locked shows in
/// nothing but that no password is looked at, or else it would tell which names are one person, and which password is
/// right (docs/security-rules.md, rule 22).
package protocol SignInLimiter: Sendable {
    /// Takes a place in the network's rate and one among the failures of the name.
    /// - Parameter name: `nil` where the form had none that could be one; its network counts all the same.
    func reserve(
        name: FoldedName?,
        address: SourceAddress,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInAdmission>

    /// Takes a place among the failures of the person whom the directory found under the name, before it is asked for
    /// the password.
    /// - Returns: `false` when they are locked or have no place left: no password may be looked at then, and the attempt
    ///   is a failure of its name.
    func admit(
        _ subject: SubjectID,
        _ reservation: SignInReservation,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool>

    /// Judges all places of an attempt, once.
    /// - Returns: a refusal when the attempt failed and its name is locked now. A success is never refused.
    func settle(
        _ reservation: SignInReservation,
        _ outcome: SignInOutcome,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<SignInRefusal?>
}
