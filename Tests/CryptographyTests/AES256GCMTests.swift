import Cryptography
import Testing

@Suite("AES-256-GCM")
struct AES256GCMTests {
    @Test(
        "NIST's vectors are sealed as published, and opened again",
        arguments: GCMVectors.encryptions.indices
    )
    func encryptions(index: Int) throws {
        let vector = GCMVectors.encryptions[index]
        let plaintext = bytes(hex: try #require(vector.plaintext))
        let (key, nonce, data) = (
            bytes(hex: vector.key), bytes(hex: vector.nonce), bytes(hex: vector.data)
        )
        let sealed = AES256GCM.seal(plaintext, key: key, nonce: nonce, authenticating: data)
        #expect(hex(sealed) == vector.ciphertext + vector.tag)
        #expect(AES256GCM.open(sealed, key: key, nonce: nonce, authenticating: data) == plaintext)
    }

    @Test(
        "NIST's vectors are opened or refused as published",
        arguments: GCMVectors.decryptions.indices
    )
    func decryptions(index: Int) {
        let vector = GCMVectors.decryptions[index]
        let opened = AES256GCM.open(
            bytes(hex: vector.ciphertext + vector.tag),
            key: bytes(hex: vector.key),
            nonce: bytes(hex: vector.nonce),
            authenticating: bytes(hex: vector.data)
        )
        #expect(opened.map(hex) == vector.plaintext)
    }

    @Test("both sorts are among the vectors of decryption")
    func bothSorts() {
        #expect(GCMVectors.decryptions.contains { $0.plaintext == nil })
        #expect(GCMVectors.decryptions.contains { $0.plaintext != nil })
    }

    @Test("a box that is shorter than its tag is refused", arguments: [0, 1, 15, 16])
    func short(count: Int) {
        let (key, nonce) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 12))
        let box = [UInt8](repeating: 0, count: count)
        #expect(AES256GCM.open(box, key: key, nonce: nonce, authenticating: []) == nil)
    }

    @Test("a megabyte comes back")
    func large() {
        let (key, nonce) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 12))
        let plaintext = [UInt8](repeating: 0x5A, count: 1 << 20)
        let sealed = AES256GCM.seal(plaintext, key: key, nonce: nonce, authenticating: [3])
        #expect(sealed.count == plaintext.count + AES256GCM.tagByteCount)
        #expect(AES256GCM.open(sealed, key: key, nonce: nonce, authenticating: [3]) == plaintext)
    }
}
