import HTTPWire
import Testing

@Suite("Reason phrases")
struct ReasonPhraseTests {
    @Test(
        "a status that we answer with has the phrase of its RFC",
        arguments: [
            (200, "OK"), (204, "No Content"), (302, "Found"), (303, "See Other"), (304, "Not Modified"),
            (400, "Bad Request"), (401, "Unauthorized"), (403, "Forbidden"), (404, "Not Found"),
            (405, "Method Not Allowed"), (408, "Request Timeout"), (413, "Content Too Large"), (414, "URI Too Long"),
            (415, "Unsupported Media Type"), (417, "Expectation Failed"), (421, "Misdirected Request"),
            (429, "Too Many Requests"), (431, "Request Header Fields Too Large"), (500, "Internal Server Error"),
            (502, "Bad Gateway"), (503, "Service Unavailable"), (504, "Gateway Timeout"),
            (505, "HTTP Version Not Supported"),
        ]
    )
    func known(status: Int, phrase: String) {
        #expect(ReasonPhrase.of(status) == phrase)
    }

    @Test("every status that a malformed message is answered with has one")
    func ofWireErrors() {
        for error in WireError.allCases { #expect(ReasonPhrase.of(error.status) != "Unknown", "\(error)") }
    }

    @Test("any other number is \"Unknown\"", arguments: [Int.min, -1, 0, 99, 299, 600, Int.max])
    func unknown(status: Int) {
        #expect(ReasonPhrase.of(status) == "Unknown")
    }
}
