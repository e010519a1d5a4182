/// What `verify` found out about the files of a trail.
package struct AuditVerification: Sendable, Equatable {
    /// A place and what there is to say of it: `FILE:LINE: what`.
    package struct Finding: Sendable, Equatable, CustomStringConvertible {
        package let file: String
        /// From 1.
        package let line: Int
        package let what: String

        package var description: String { "\(file):\(line): \(what)" }
    }

    /// The first thing that is wrong; nothing after it was looked at. `nil`: the trail is good.
    package internal(set) var problem: Finding?
    /// What an auditor should know all the same, in the order of the files.
    package internal(set) var notes: [Finding] = []
    /// Lines of the trail that hold, torn ones not counted.
    package internal(set) var lines = 0
    /// The numbers of the first and the last of them.
    package internal(set) var sequences: ClosedRange<UInt64>?
    /// The last line that one of the given keys vouches for.
    package internal(set) var sealedSequence: UInt64?

    package var isGood: Bool { problem == nil }
}
