internal import COpenSSL

/// Random bytes from libcrypto's generator, which the system's seeds.
enum LibcryptoRandom {
    /// For what is unpredictable and public, as a nonce.
    static func publicBytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        precondition(unsafe RAND_bytes(&bytes, Int32(count)) == 1, "libcrypto gives no random bytes")
        return bytes
    }

    /// For keys: from an instance of the generator whose output nobody ever sees.
    static func privateBytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        precondition(
            unsafe RAND_priv_bytes(&bytes, Int32(count)) == 1,
            "libcrypto gives no random bytes"
        )
        return bytes
    }
}
