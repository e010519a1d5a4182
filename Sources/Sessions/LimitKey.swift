internal import GatehouseCore

/// What failures are counted on.
enum LimitKey {
    static func name(_ name: FoldedName) -> String { "n:" + name.description }
    static func person(_ subject: SubjectID) -> String { "p:" + subject.description }
    /// An IPv4 address by itself, an IPv6 one by its /64: whoever has one address of it has all.
    static func network(_ address: SourceAddress) -> String { "a:" + address.network.description }
}
