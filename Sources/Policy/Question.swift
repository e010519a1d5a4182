package import GatehouseCore

/// What is known about a request when it is judged.
package struct Question: Sendable {
    package var method: RequestMethod
    /// `nil` where it is not known (a Unix socket): no demand about networks is met then.
    package var address: SourceAddress?
    /// The signed-in person, or `nil` for an anonymous visitor.
    package var principal: Principal?

    package init(method: RequestMethod, address: SourceAddress?, principal: Principal?) {
        self.method = method
        self.address = address
        self.principal = principal
    }
}
