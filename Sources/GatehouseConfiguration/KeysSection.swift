/// `keys`: the gateway's own secret, and those of before.
struct KeysSection {
    /// `nil` where a problem was reported.
    let file: String?
    let previous: [String]

    private static let byteCount = 32

    init(_ reader: MappingReader?) {
        file = reader?["file"]?.filePath()
        var previous: [String] = []
        for field in reader?["previous"]?.list() ?? [] {
            guard let path = field.filePath() else { continue }
            if path == file {
                field.refuse("this is \"file\" itself; name the files of before the rotation")
            } else if previous.contains(path) {
                field.refuse("\(quoted(path)) stands here twice; keep one of them")
            } else if let content = field.privateFile(path) {
                if content.bytes.count == Self.byteCount {
                    previous.append(path)
                } else {
                    field.refuse(
                        "the file \(quoted(path)) has \(content.bytes.count) bytes, and a key has \(Self.byteCount); name a key file"
                    )
                }
            }
        }
        self.previous = previous
    }
}
