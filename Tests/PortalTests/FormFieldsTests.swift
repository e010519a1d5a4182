import Testing

@testable import Portal

@Suite("Form fields")
struct FormFieldsTests {
    @Test("A password's bytes arrive as they were typed")
    func bytes() throws {
        let fields = try FormFields(parsing: "password=%20p%2Ba+s%FFs%3D%26=&username=J%C3%B6rg".utf8)
        #expect(fields.bytes("password") == Array(" p+a s".utf8) + [0xFF] + Array("s=&=".utf8))
        #expect(fields.text("password") == nil)
        #expect(fields.text("username") == "Jörg")
        #expect(fields.text("rd") == nil)
    }

    @Test(
        "What two parsers could read in two ways is refused",
        arguments: ["a=1&a=2", "username=a&username=b", "a=%", "a=%4", "a=%zz", "=1", "%61=1&a=2", "%FF=1"]
    )
    func refused(text: String) {
        #expect(throws: FormFields.Malformed.self) { try FormFields(parsing: text.utf8) }
    }

    @Test("Names in brackets are names, not structure")
    func noNesting() throws {
        let fields = try FormFields(parsing: "user[name]=a&user=b&empty".utf8)
        #expect(fields.text("user[name]") == "a")
        #expect(fields.text("user") == "b")
        #expect(fields.text("empty") == "")
    }

    @Test("A form has at most 32 fields")
    func limit() {
        let many = (0..<33).map { "f\($0)=1" }.joined(separator: "&")
        #expect(throws: FormFields.Malformed.self) { try FormFields(parsing: many.utf8) }
    }

    @Test("A query that cannot be read has no fields")
    func query() {
        #expect(FormFields(query: "rd=a&rd=b").text("rd") == nil)
        #expect(FormFields(query: nil).text("rd") == nil)
        #expect(FormFields(query: "rd=a%2Fb").text("rd") == "a/b")
    }
}
