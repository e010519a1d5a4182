/// An error in Redis' own words.
package struct RedisServerError: Error, Equatable, Sendable {
    /// The first word in capitals, such as `WRONGTYPE`; `ERR` where the server says nothing more exact.
    package let code: String
    /// The whole line, at most 256 bytes: data for a log, never for a page.
    package let message: String

    /// - Parameter line: without its `-`. Where Redis quotes the arguments of a command that it does not know, they are
    ///   cut off: they may be what nobody should read.
    package init(line: String) {
        var text = Substring(line)
        if let quotation = text.firstRange(of: ", with args beginning with") { text = text[..<quotation.lowerBound] }
        let word = text.prefix { $0 != " " }
        code = word.isEmpty || word.contains(where: { $0.isLowercase }) ? "ERR" : String(word.prefix(32))
        message = String(decoding: text.utf8.prefix(256), as: UTF8.self)
    }
}
