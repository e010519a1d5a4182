internal import Directory
internal import GatehouseCore

/// The name and the password of a form, where they are such (docs/security-rules.md, rule 15).
struct SignInAttempt {
    private static let passwordLimit = 1024

    let name: FoldedName?
    let password: Secret?

    init(_ fields: FormFields) {
        name = fields.text("username").flatMap(FoldedName.init)
        let bytes = fields.bytes("password") ?? []
        let isPassword =
            (1...Self.passwordLimit).contains(bytes.count) && !bytes.contains(0)
            && String(validating: bytes, as: UTF8.self) != nil
        password = isPassword ? Secret(bytes) : nil
    }

    /// Why the directory is not even asked, for the audit trail.
    var reason: String {
        name == nil ? "invalid_name" : Rejection.Reason.invalidPassword.rawValue
    }
}

extension Rejection {
    /// The person reads the same words for every refusal, unless the directory only says so once the password was right.
    var message: MessageKey {
        switch reason {
        case .passwordExpired: .passwordExpired
        case .mustChangePassword: .passwordMustChange
        case .unknownName, .wrongPassword, .accountLocked, .throttled, .ambiguousName, .invalidPassword, .noUserValue:
            .signInRefused
        }
    }
}
