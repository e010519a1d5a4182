import GatehouseCore
import Testing

@Suite("Source address and network")
struct SourceAddressTests {
    @Test(
        "an address is read and written in one form",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("::FFFF:c000:201", "192.0.2.1"),
            ("0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"), ("2001:DB8::1", "2001:db8::1"),
            ("2001:0db8:0:0:0:0:0:1", "2001:db8::1"), ("::", "::"), ("::1", "::1"), ("0.0.0.0", "0.0.0.0"),
            ("255.255.255.255", "255.255.255.255"),
        ]
    )
    func forms(text: String, canonical: String) throws {
        let address = try #require(SourceAddress(text))
        #expect(address.description == canonical)
        #expect(SourceAddress(canonical) == address)
    }

    @Test("an IPv4 address mapped into IPv6 is the IPv4 address")
    func mapped() {
        #expect(SourceAddress("::ffff:10.0.0.1") == SourceAddress("10.0.0.1"))
        #expect(SourceAddress(ipv4: 0x0A00_0001) == SourceAddress("10.0.0.1"))
        #expect(
            SourceAddress(ipv6: [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 10, 0, 0, 1])
                == SourceAddress("10.0.0.1")
        )
        // Compatible, NAT64 and 6to4 forms are addresses of their own.
        for other in ["::10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::"] {
            #expect(SourceAddress(other)?.isIPv4 == false)
        }
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", " ", "a", "192.0.2", "192.0.2.1.", "192.0.2.256", "192.0.2.01", "0x7f.0.0.1", "2130706433", "127.1",
            "192.0.2.1:80", "192.0.2.1/32", " 192.0.2.1", "192.0.2.1 ", "192.0.2.1\n", "192.0.2.1\0",
            "192.0.2.1\0.evil",
            "::1\0", "[::1]", "fe80::1%eth0", ":::1", "1::2::3", "12345::", "::ffff:192.0.2.256", "１92.0.2.1",
            "-1.0.0.0",
        ]
    )
    func malformed(text: String) {
        #expect(SourceAddress(text) == nil)
    }

    @Test("loopback is 127.0.0.0/8, mapped or not, and ::1 alone")
    func loopback() {
        for text in ["127.0.0.1", "127.255.255.254", "::ffff:127.0.0.1", "::1"] {
            #expect(SourceAddress(text)?.isLoopback == true)
        }
        for text in ["128.0.0.1", "126.255.255.255", "::", "::2", "::127.0.0.1", "1::1"] {
            #expect(SourceAddress(text)?.isLoopback == false)
        }
    }

    @Test(
        "a network contains the addresses behind its prefix and no other",
        arguments: [
            ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "9.255.255.255", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("192.0.2.6/31", "192.0.2.7", true), ("192.0.2.6/31", "192.0.2.8", false), ("0.0.0.0/0", "255.1.2.3", true),
            ("0.0.0.0/0", "2001:db8::1", false), ("0.0.0.0/0", "::1", false), ("::/0", "2001:db8::1", true),
            ("::/0", "::ffff:10.0.0.1", false), ("::/0", "10.0.0.1", false), ("::/0", "::10.0.0.1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
            ("2001:db8::/63", "2001:db8:0:1::", true), ("2001:db8::/63", "2001:db8:0:2::", false),
            ("2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", true), ("2001:db8::/64", "2001:db8:0:1::", false),
            ("2001:db8::/65", "2001:db8:0:0:7fff::", true), ("2001:db8::/65", "2001:db8:0:0:8000::", false),
            ("2001:db8::1/128", "2001:db8::1", true), ("2001:db8::1/128", "2001:db8::", false), ("::1", "::1", true),
            ("::ffff:10.0.0.0/104", "10.9.9.9", true), ("::ffff:10.0.0.0/104", "11.0.0.0", false),
            ("::ffff:0:0/96", "203.0.113.9", true), ("::ffff:0:0/96", "::1", false), ("::/96", "10.0.0.1", false),
        ]
    )
    func containment(network: String, address: String, isInside: Bool) throws {
        let network = try #require(Network(network))
        #expect(network.contains(try #require(SourceAddress(address))) == isInside)
    }

    @Test(
        "a network is written in one form",
        arguments: [
            ("10.0.0.0/8", "10.0.0.0/8"), ("192.0.2.7", "192.0.2.7/32"), ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("2001:DB8::/32", "2001:db8::/32"), ("::1", "::1/128"), ("::/0", "::/0"), ("0.0.0.0/0", "0.0.0.0/0"),
        ]
    )
    func descriptions(text: String, canonical: String) throws {
        let network = try #require(Network(text))
        #expect(network.description == canonical)
        #expect(Network(canonical) == network)
    }

    @Test(
        "what is no network is refused, also a base with bits behind its prefix",
        arguments: [
            "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8/8",
            "10.0.0.0/8 ", "10.0.0.0 /8", "10.0.0.0/８", "10.0.0.0/255.0.0.0", "10.0.0.1/8", "0.0.0.1/0", "::1/0",
            "::/129",
            "2001:db8::1/64", "2001:db9::/31", "::ffff:10.0.0.0/8", "::ffff:0:0/95", "10.0.0.0\0/8",
            "10.0.0.0/99999999999999999999", "localhost", "[::1]/128", "2001:db8::/0",
        ]
    )
    func malformedNetworks(text: String) {
        #expect(Network(text) == nil)
    }
}
