import GatehouseCore
import Testing

@Suite("Distinguished name")
struct DistinguishedNameTests {
    @Test(
        "spellings of one name are one name",
        arguments: [
            (#"cn=Smith\, John,dc=test"#, #"CN=Smith\2C John,DC=test"#), (#"cn=a\+b"#, #"cn=a\2bb"#),
            ("cn=\\#1", #"cn=\231"#), (#"cn=a\\b"#, #"cn=a\5Cb"#), (#"cn=a\=b"#, "cn=a=b"),
            (#"cn=\41dmin"#, "cn=admin"),
            ("cn=ADMIN,ou=Groups,dc=TEST", "cn=admin,ou=groups,dc=test"),
            ("cn=admin, ou=groups , dc=test", "cn=admin,ou=groups,dc=test"),
            (" cn = admin ,dc=test ", "cn=admin,dc=test"), ("cn=a  b", "cn=a b"), (#"cn=\20a\20"#, "cn=a"),
            (#"cn=a\ "#, "cn=a"),
            ("cn=a;dc=test", "cn=a,dc=test"), ("cn=a+ou=b,dc=test", "ou=B + CN=a,dc=test"),
            (#"cn=M\C3\BCller"#, "cn=MÜLLER"), ("cn=mu\u{308}ller", "cn=müller"), ("cn=a\u{A0}b", "cn=a b"),
            ("2.5.4.3=x", "2.5.4.3=X"), ("cn=#04024869", "CN=#04024869"),
            ("cn=#0402AbCd , dc=test", "cn=#0402abcd,dc=test"),
            ("cn=", "cn= "),
        ]
    )
    func equal(left: String, right: String) throws {
        let left = try #require(DistinguishedName(left))
        let right = try #require(DistinguishedName(right))
        #expect(left == right)
        #expect(Set([left, right]).count == 1)
    }

    @Test(
        "different names are different, however alike they look",
        arguments: [
            ("cn=admin,dc=test", "cn=admin-readonly,dc=test"), ("cn=admin,dc=test", "cn=admi,dc=test"),
            ("cn=admin", "ou=admin"), ("cn=admin,dc=test", "cn=admin"), ("cn=a,cn=b", "cn=b,cn=a"),
            (#"cn=a\,dc=test"#, "cn=a,dc=test"),
            (#"cn=a\+ou=b"#, "cn=a+ou=b"), ("cn=a b", "cn=ab"), ("cn=a+ou=b", "cn=a,ou=b"),
            ("cn=admin \u{301}", "cn=admin"),
            ("cn=#04024869", "cn=\\#04024869"), ("cn=#04024869", "cn=hi"), ("cn=аdmin", "cn=admin"),
            ("cn=a\u{200B}", "cn=a"),
            (#"cn=admin\00"#, "cn=admin"), ("", "cn=a"),
        ]
    )
    func different(left: String, right: String) throws {
        #expect(try #require(DistinguishedName(left)) != (try #require(DistinguishedName(right))))
    }

    @Test(
        "what is no name is refused",
        arguments: [
            "cn", "=x", "cn=a,", ",cn=a", "cn=a,,dc=b", "cn=a+", "cn=a+,dc=b", #"cn=a\"#, #"cn=a\zz"#, #"cn=a\4"#,
            #"cn="a""#, "cn=<a>",
            "cn=a\0b", "c n=a", "cn,dc=test", #"cn=\FF"#, #"cn=\C3"#, "c_n=a", "cn=#", "cn=#0", "cn=#04 02", "cn=#04g0",
            "admin", ";",
        ]
    )
    func malformed(text: String) {
        #expect(DistinguishedName(text) == nil)
    }

    @Test("a name keeps the text that it was read from")
    func description() {
        #expect(DistinguishedName(#"CN=R\26D , DC=Test"#)?.description == #"CN=R\26D , DC=Test"#)
    }

    @Test(
        "a name is within its base by whole parts, never by its text",
        arguments: [
            ("cn=a,ou=groups,dc=test", "ou=groups,dc=test", true),
            ("CN=A, OU=Groups, DC=Test", "ou=groups,dc=test", true),
            ("ou=groups,dc=test", "ou=groups,dc=test", true), ("dc=test", "ou=groups,dc=test", false),
            ("cn=a,ou=xgroups,dc=test", "ou=groups,dc=test", false),
            (#"cn=a\,ou=groups,dc=test"#, "ou=groups,dc=test", false),
            ("cn=a,ou=groups,dc=test,dc=evil", "ou=groups,dc=test", false), ("cn=a", "", true), ("", "", true),
            ("", "cn=a", false),
        ]
    )
    func containment(name: String, base: String, isWithin: Bool) throws {
        #expect(try #require(DistinguishedName(name)).isWithin(try #require(DistinguishedName(base))) == isWithin)
    }

    @Test("the empty name is the root")
    func empty() {
        #expect(DistinguishedName("")?.isEmpty == true)
        #expect(DistinguishedName("  ")?.isEmpty == true)
        #expect(DistinguishedName("cn=a")?.isEmpty == false)
    }
}
