/// The trail's rhythm; only tests have another than the contract's.
package struct AuditTiming: Sendable {
    /// A seal follows what is written after at most so long.
    package var sealInterval: Duration = .seconds(60)
    /// Equal failures within this time are one event.
    package var foldingLength: Duration = .seconds(10)
    /// How soon a disk that was full is tried again.
    package var retryInterval: Duration = .seconds(1)

    package init() {}
}
