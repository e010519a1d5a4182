import GatehouseCore
import Testing

@Suite("Origin and host name")
struct OriginTests {
    @Test(
        "an absolute URL is split into its origin and the rest",
        arguments: [
            ("https://app.test/", "https://app.test", "/"), ("HTTPS://APP.Test./a?b", "https://app.test", "/a?b"),
            ("https://app.test:443", "https://app.test", ""), ("http://app.test:80/x", "http://app.test", "/x"),
            ("http://app.test:443/", "http://app.test:443", "/"),
            ("https://app.test:8443/a/../b", "https://app.test:8443", "/a/../b"),
            ("https://[::1]:8443/a", "https://[::1]:8443", "/a"),
            ("https://[2001:DB8:0::1]", "https://[2001:db8::1]", ""),
            ("https://app.test?rd=//evil", "https://app.test", "?rd=//evil"),
            ("https://127.0.0.1/", "https://127.0.0.1", "/"),
            ("https://app.test//evil.test/", "https://app.test", "//evil.test/"),
            ("https://app.test/@evil.test", "https://app.test", "/@evil.test"),
        ]
    )
    func split(url: String, origin: String, rest: String) throws {
        let (found, remainder) = try #require(Origin.split(url))
        #expect(found.description == origin)
        #expect(remainder == rest)
    }

    @Test(
        "what two parsers could read in two ways is no URL to us",
        arguments: [
            "", "/", "//evil.test", "///evil.test", #"/\evil.test"#, #"\\evil.test"#, #"https:\\evil.test"#,
            "https:evil.test",
            "https:/evil.test", "https:///evil.test", "https://", "https:///", "https://?", "https://@evil.test",
            "https://app.test@evil.test", "https://app.test:443@evil.test", "https://app.test:@evil.test/",
            "https://user:pw@app.test/",
            #"https://app.test\@evil.test"#, #"https://app.test\.evil.test"#, "https://app.test#@evil.test",
            "https://app.test/#x",
            "https://app.test%2eevil.test", "https://app.test%00.evil.test", "https://app.test%2f@evil.test",
            "https://app test/",
            " https://app.test", "https://app.test ", "https://app.test/\t", "https://\tapp.test", "ht\ntps://app.test",
            "https://app.test\r\nSet-Cookie: a=b", "https://app.test/\0", "https://app.test:", "https://app.test:/",
            "https://app.test:0/",
            "https://app.test:0443/", "https://app.test:65536/", "https://app.test:+443/", "https://app.test:-1/",
            "https://app.test:443:443/",
            "https://app.test:４43/", "https://app..test/", "https://.app.test/", "https://app.test../", "https://./",
            "https://app.test,evil/",
            "https://app.test;evil/", "https://[::1", "https://::1/", "https://[::1]evil/", "https://[::1]:x/",
            "https://[]/",
            "https://[v1.a]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://ａpp.test/",
            "https://app。test/",
            "https://\u{212A}ey.test/", "javascript:alert(1)", "javascript://app.test/%0aalert(1)", "data:text/html,x",
            "ftp://app.test/",
            "file:///etc/passwd", "httpss://app.test", "xhttps://app.test", "app.test", "app.test:443", "*://app.test",
            "https//app.test",
        ]
    )
    func refused(url: String) {
        #expect(Origin.split(url) == nil)
        #expect(Origin(url) == nil)
    }

    /// Swift takes a Character together with the marks behind it, and U+037E for ";".
    @Test(
        "a mark or a look-alike behind any part of a URL or an authority is refused",
        arguments: ["\u{301}", "\u{FE0F}", "\u{200D}", "\u{338}", "\u{37E}", "\u{212A}", "\r\n", "\0"]
    )
    func marks(mark: String) {
        let url = "https://app.test:443/a?b"
        for index in url.indices {
            #expect(Origin.split(url[...index] + mark + url[index...].dropFirst()) == nil)
        }
        for authority in ["app.test", "app.test:443", "[::1]:443", "[::1]", "127.0.0.1:80"] {
            for index in authority.indices {
                let text = authority[...index] + mark + authority[index...].dropFirst()
                #expect(HostName.split(authority: text) == nil)
                #expect(HostName.canonical(text) == nil)
            }
        }
    }

    @Test(
        "an origin has no path but the slash",
        arguments: ["https://app.test/a", "https://app.test?", "https://app.test//"]
    )
    func noPath(text: String) {
        #expect(Origin(text) == nil)
        #expect(Origin.split(text) != nil)
    }

    @Test("a name that only begins or ends like the known one is another origin")
    func lookalikes() throws {
        let known = try #require(Origin("https://app.test"))
        for url in [
            "https://app.test.evil", "https://xapp.test", "https://app.tes", "http://app.test", "https://app.test:444",
        ] {
            #expect(try #require(Origin(url)) != known)
        }
        for url in [
            "https://app.test/", "https://APP.TEST", "https://app.test.", "https://app.test:443",
            "https://app.test.:443/",
        ] {
            #expect(Origin(url) == known)
        }
    }

    @Test(
        "loopback is localhost, names below it, and loopback addresses",
        arguments: [
            ("http://localhost", true), ("http://login.gw.localhost:8080", true), ("http://127.0.0.1:1", true),
            ("http://127.9.9.9", true),
            ("http://[::1]", true), ("http://localhost.evil.test", false), ("http://notlocalhost", false),
            ("http://10.0.0.1", false),
            ("http://127.0.0.1.evil.test", false), ("http://[::2]", false), ("http://127.1", false),
        ]
    )
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try #require(Origin(text)).isLoopback == isLoopback)
    }

    @Test(
        "a host name has one spelling",
        arguments: [
            ("app.test", "app.test"), ("APP.Test", "app.test"), ("app.test.", "app.test"), ("a_b-c.test", "a_b-c.test"),
            ("[::1]", "[::1]"), ("[2001:DB8::0001]", "[2001:db8::1]"), ("10.0.0.1", "10.0.0.1"),
            ("xn--bcher-kva.test", "xn--bcher-kva.test"),
        ]
    )
    func hostNames(text: String, canonical: String) {
        #expect(HostName.canonical(text) == canonical)
        #expect(HostName.canonical(canonical) == canonical)
    }

    @Test(
        "what is no host name is refused",
        arguments: [
            "", ".", "..", "app..test", ".app.test", "app.test..", "app test", "app/test", "app:80", "app,test",
            "app@test", "bücher.test",
            "\u{212A}ey.test", "app.test\0", "[::1", "::1]", "[::1]x", "[10.0.0.1]", "[::ffff:10.0.0.1]", "*.test",
            String(repeating: "a", count: 64) + ".test", String(repeating: "a.", count: 127) + "a",
        ]
    )
    func badHostNames(text: String) {
        #expect(HostName.canonical(text) == nil)
    }

    @Test("an authority names a port or none")
    func authorities() throws {
        #expect(try #require(HostName.split(authority: "APP.test.:8080")) == ("app.test", 8080))
        #expect(try #require(HostName.split(authority: "app.test")) == ("app.test", nil))
        #expect(try #require(HostName.split(authority: "[::1]:65535")) == ("[::1]", 65535))
        #expect(try #require(HostName.split(authority: "[::1]")) == ("[::1]", nil))
        for text in ["app.test:", "app.test:0", "app.test:080", "app.test:65536", ":80", "a:b:80", "[::1]80"] {
            #expect(HostName.split(authority: text) == nil)
        }
    }
}
