/// Why the trail cannot be kept, or a file of it cannot be read.
package struct AuditError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable, CaseIterable {
        case folderMissing = "folder_missing"
        /// A symbolic link, a FIFO, a device or a folder.
        case notAFile = "not_a_file"
        /// Another process writes this file.
        case inUse = "in_use"
        case cannotOpen = "cannot_open"
        /// The file has content, and no line at its end is one of a trail.
        case notATrail = "not_a_trail"
        /// The system does not take what is written: disk full, read-only, broken.
        case unwritable
        /// More events wait than may wait.
        case overloaded
        /// The trail was closed.
        case closed
        /// The system has no thread or descriptor left.
        case noResources = "no_resources"
        case unreadable
        /// A filter of a search, or a key, is none.
        case invalidArgument = "invalid_argument"
    }

    /// The number that the system gave; 0 where it was not asked.
    package struct Cause: Sendable, Equatable {
        package let number: Int32

        package init(_ number: Int32 = 0) {
            self.number = number
        }
    }

    package let code: Code
    /// One sentence for an administrator, with the file's name.
    package let message: String
    package let cause: Cause

    package init(_ code: Code, _ message: String, cause: Cause = Cause()) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        cause.number == 0 ? message : "\(message) (\(cause))"
    }
}
