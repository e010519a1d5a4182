import GatehouseCore
import Testing

@Suite("Hexadecimal")
struct HexadecimalTests {
    @Test("every byte is two lower-case digits, the higher one first")
    func everyByte() {
        #expect(Hexadecimal.encode([0x00, 0x0F, 0x10, 0x9A, 0xBC, 0xDE, 0xFF]) == "000f109abcdeff")
        for byte in UInt8.min ... .max {
            let text = Hexadecimal.encode([byte])
            #expect(text.utf8.count == 2 && UInt8(text, radix: 16) == byte && text == text.lowercased())
        }
    }

    @Test("no bytes are no digits")
    func nothing() {
        #expect(Hexadecimal.encode([]).isEmpty)
    }
}
