internal import Cryptography
internal import GatehouseCore
internal import Sessions

/// The hidden `csrf` field: an HMAC over a secret that only this browser's cookie holds, the form's name and the hour. A
/// page of another site knows neither cookie nor value, and a value for one form is worth nothing in another.
struct FormProtection: Sendable {
    enum Form: String, Sendable, CaseIterable {
        /// Bound to the sign-in cookie.
        case signIn = "sign-in"
        /// Bound to the session's token.
        case signOut = "sign-out"
    }

    private static let hour: Int64 = 3_600_000

    let key: GatewayKey
    let clock: WallClock

    func value(for form: Form, secret: SessionToken) -> String {
        value(for: form, secret: secret, hour: currentHour)
    }

    /// Values of this hour and the one before are good, so that each lives for an hour at least.
    func accepts(_ value: String?, for form: Form, secret: SessionToken?) -> Bool {
        guard let value, let secret else { return false }
        let given = Array(value.utf8)
        let current = currentHour
        // Both are compared always: the time does not tell which one it was.
        let isCurrent = ConstantTime.areEqual(given, Array(self.value(for: form, secret: secret, hour: current).utf8))
        let isPrevious = ConstantTime.areEqual(
            given,
            Array(self.value(for: form, secret: secret, hour: current - 1).utf8)
        )
        return isCurrent || isPrevious
    }

    private var currentHour: Int64 { clock.now().milliseconds / Self.hour }

    /// The secret and the hour have a fixed length, so no two inputs are spelled alike.
    private func value(for form: Form, secret: SessionToken, hour: Int64) -> String {
        var message = secret.bytes
        for shift in stride(from: 56, through: 0, by: -8) {
            message.append(UInt8(truncatingIfNeeded: hour >> Int64(shift)))
        }
        message.append(contentsOf: form.rawValue.utf8)
        return Base64URL.encode(key.authenticate(message, for: .formProtection))
    }
}
