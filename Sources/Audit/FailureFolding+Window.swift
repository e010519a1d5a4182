internal import GatehouseCore

extension FailureFolding {
    /// Equal failures behind the one that was let through: their number, and what they have in common.
    struct Window: Sendable {
        private static let loginLimit = 10
        /// Different names that are counted and not listed; what one window holds stays small.
        static let omittedLimit = 1000
        private static let networkLimit = 5

        private(set) var count: Int64 = 0
        /// When the first one was counted.
        private(set) var first = Timestamp(milliseconds: 0)
        private var last = Timestamp(milliseconds: 0)
        private var common = AuditEvent(.signInFailed, outcome: .failure)
        /// In the order in which they came, as are the networks.
        private var logins: [String] = []
        /// Hashes of the names that are not listed.
        private var omitted: Set<Int> = []
        private var networks: [SourceAddress] = []

        mutating func count(_ event: AuditEvent, at time: Timestamp) {
            if count == 0 {
                common = event
                common.requestID = nil
                common.details = []
                first = time
            } else {
                common.keepCommon(with: event)
            }
            count += 1
            last = time
            if let login = event.login { note(login) }
            if let network = event.address?.network, networks.count < Self.networkLimit, !networks.contains(network) {
                networks.append(network)
            }
        }

        /// - Parameter isOthers: the window is one for other networks.
        func folded(isOthers: Bool) -> AuditEvent {
            var event = common
            if isOthers {
                event.address = nil
                event.details.append(.init("network", "others"))
                if !networks.isEmpty {
                    event.details.append(.init("networks", networks.map(Self.text).joined(separator: ", ")))
                }
            } else if let address = event.address, !address.isIPv4 {
                event.details.append(.init("network", Self.text(address.network)))
            }
            event.details.append(.init("count", count))
            if !logins.isEmpty { event.details.append(.init("logins", logins.joined(separator: ", "))) }
            if !omitted.isEmpty { event.details.append(.init("logins_omitted", Int64(omitted.count))) }
            event.details.append(.init("until", last.rfc3339))
            return event
        }

        private mutating func note(_ login: String) {
            guard !logins.contains(login) else { return }
            if logins.count < Self.loginLimit {
                logins.append(login)
            } else if omitted.count < Self.omittedLimit {
                omitted.insert(login.hashValue)
            }
        }

        private static func text(_ network: SourceAddress) -> String {
            network.isIPv4 ? network.description : "\(network)/64"
        }
    }
}

extension AuditEvent {
    /// Drops what another event of the same window does not share.
    fileprivate mutating func keepCommon(with other: AuditEvent) {
        if subject != other.subject { subject = nil }
        if login != other.login { login = nil }
        if directory != other.directory { directory = nil }
        if app != other.app { app = nil }
        if method != other.method { method = nil }
        if path != other.path { path = nil }
        if rule != other.rule { rule = nil }
        if userAgent != other.userAgent { userAgent = nil }
        if session != other.session { session = nil }
        // The last one speaks for an IPv6 network.
        address = other.address
    }
}
