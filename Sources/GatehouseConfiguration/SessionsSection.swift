internal import Sessions

/// `sessions` and `second_factors`.
struct SessionsSection {
    private(set) var lifetime = SessionLifetime()

    /// Beyond this a session is no session, and cookies end earlier.
    private static let longest: Duration = .seconds(400 * 86400)

    init(_ reader: MappingReader?) {
        guard let reader else { return }
        if let idle = Self.duration(reader["idle"]) { lifetime.idle = idle }
        if let absolute = Self.duration(reader["absolute"]) { lifetime.absolute = absolute }
        if lifetime.idle > lifetime.absolute {
            let key = reader["idle"] == nil ? "absolute" : "idle"
            reader.refuse(
                key,
                "\"idle\" (\(text(lifetime.idle))) is longer than \"absolute\" (\(text(lifetime.absolute))), so it would never be reached; "
                    + "shorten it, or lengthen \"absolute\""
            )
        }
        _ = reader["cookie"]?.mapping()?["scope"]?.choice()
    }

    private static func duration(_ field: Field?) -> Duration? {
        field?.duration(in: .seconds(1)...longest, "a session lasts longer than nothing and at most 400d")
    }

    private func text(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        for (unit, letter) in [(86400, "d"), (3600, "h"), (60, "m")] as [(Int64, String)] where seconds % unit == 0 {
            return "\(seconds / unit)\(letter)"
        }
        return "\(seconds)s"
    }
}

enum SecondFactorsSection {
    static func check(_ reader: MappingReader) {
        guard let field = reader["required"], let isRequired = field.flag() else { return }
        if isRequired {
            field.refuse("second factors are not in this version, so nobody could sign in; write \"required: false\"")
        } else {
            field.warn("a password alone signs people in: second factors are not required, and not in this version")
        }
    }
}
