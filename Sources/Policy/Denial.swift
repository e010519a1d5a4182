/// Why a request is not permitted, and which rule said so.
package struct Denial: Sendable, Equatable {
    package enum Reason: Sendable, Equatable {
        case noRule
        case nobody
        case otherDirectory
        case missingRole(anyOf: [String])
        case missingPermission(String)
        case network
        case boundSegment(attribute: String)
        /// Two readings of the path belong to different apps.
        case ambiguousPath
    }

    package let reason: Reason
    /// Index of the deciding rule in the app's list; `nil` where none matched.
    package let rule: Int?

    package init(reason: Reason, rule: Int?) {
        self.reason = reason
        self.rule = rule
    }
}

extension Denial.Reason {
    /// For logs and programs: one word that never changes.
    package var code: String {
        switch self {
        case .noRule: "no_rule"
        case .nobody: "nobody"
        case .otherDirectory: "other_directory"
        case .missingRole: "missing_role"
        case .missingPermission: "missing_permission"
        case .network: "network"
        case .boundSegment: "bound_segment"
        case .ambiguousPath: "ambiguous_path"
        }
    }
}
