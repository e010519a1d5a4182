/// What an application may make of the bytes of a path that it receives: it decodes percent-encoding once, and before or
/// after that some drop `;params`, merge slashes, walk dot segments, read a back-slash as a slash, or compare without
/// regard to case. Written apart from the code under test, and wider than it.
enum BackendReadings {
    static func all(of path: [UInt8]) -> Set<String> {
        var readings: Set<[UInt8]> = []
        for dropsBefore in [false, true] {
            for dropsAfter in [false, true] {
                for merges in [false, true] {
                    for walksFirst in [false, true] {
                        var bytes = path
                        if dropsBefore { bytes = dropParameters(bytes) }
                        if walksFirst { bytes = walk(bytes, merging: merges) }
                        bytes = decode(bytes)
                        if dropsAfter { bytes = dropParameters(bytes) }
                        readings.insert(bytes)
                        readings.insert(walk(bytes.map { $0 == 0x5C ? 0x2F : $0 }, merging: merges))
                        readings.insert(Array(bytes.prefix { $0 != 0 }))
                    }
                }
            }
        }
        var texts: Set<String> = []
        for reading in readings {
            let text = String(decoding: reading, as: UTF8.self)
            texts.insert(text)
            texts.insert(text.lowercased())
            // Compared in capitals: "ſ" is then "S", and "ı" is "I".
            texts.insert(text.uppercased().lowercased())
        }
        return texts
    }

    static func isAdmin(_ path: [UInt8]) -> Bool {
        all(of: path).contains { $0 == "/admin" || $0.hasPrefix("/admin/") }
    }

    static func decode(_ path: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = 0
        while index < path.count {
            if path[index] == 0x25, index + 2 < path.count,
                let value = UInt8(String(decoding: path[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                index += 3
            } else {
                bytes.append(path[index])
                index += 1
            }
        }
        return bytes
    }

    private static func dropParameters(_ path: [UInt8]) -> [UInt8] {
        let segments = path.split(separator: 0x2F, omittingEmptySubsequences: false)
        return Array(segments.map { $0.prefix { $0 != 0x3B } }.joined(separator: [0x2F]))
    }

    private static func walk(_ path: [UInt8], merging: Bool) -> [UInt8] {
        var kept: [ArraySlice<UInt8>] = []
        for segment in path.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: merging) {
            if segment.elementsEqual(".".utf8) { continue }
            if segment.elementsEqual("..".utf8) { _ = kept.popLast() } else { kept.append(segment) }
        }
        return [0x2F] + Array(kept.joined(separator: [0x2F]))
    }
}
