/// A list of texts as netstrings, `LENGTH:BYTES,` each (D. J. Bernstein, 1997): the form in which the values of several
/// parts lie in Redis. No value can be read as two, and a reader needs no look ahead.
package struct NetstringWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func add(_ text: some StringProtocol) {
        bytes += String(text.utf8.count).utf8
        bytes.append(0x3A)
        bytes += text.utf8
        bytes.append(0x2C)
    }

    package mutating func add(_ number: Int) { add(String(number)) }

    /// A list with its count before it.
    package mutating func add(list: some Collection<String>) {
        add(list.count)
        for text in list { add(text) }
    }
}

/// Reads what ``NetstringWriter`` wrote. Anything else is an error: another version's value, or a damaged one.
package struct NetstringReader {
    package struct Malformed: Error {
        package init() {}
    }

    private var rest: ArraySlice<UInt8>

    package init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    package var isAtEnd: Bool { rest.isEmpty }

    package mutating func next() throws(Malformed) -> String {
        guard let colon = rest.prefix(11).firstIndex(of: 0x3A), colon > rest.startIndex,
            rest[..<colon].allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int(String(decoding: rest[..<colon], as: UTF8.self))
        else { throw Malformed() }
        let start = colon + 1
        guard count < rest.endIndex - start, rest[start + count] == 0x2C,
            let text = String(validating: rest[start..<start + count], as: UTF8.self)
        else { throw Malformed() }
        rest = rest[(start + count + 1)...]
        return text
    }

    /// How many things follow: never more than there are bytes left.
    package mutating func count() throws(Malformed) -> Int {
        guard let count = Int(try next()), (0...rest.count).contains(count) else { throw Malformed() }
        return count
    }

    package mutating func list() throws(Malformed) -> [String] {
        let count = try count()
        var list: [String] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try next()) }
        return list
    }
}
