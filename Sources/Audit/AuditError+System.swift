internal import Glibc

extension AuditError.Cause: CustomStringConvertible {
    /// The system's words for the number.
    package var description: String {
        // Safe on any thread since glibc 2.32.
        unsafe String(cString: strerror(number))
    }
}

extension AuditError {
    /// What `errno` says now.
    static var lastCause: Cause { Cause(errno) }

    /// One word for the reason of an `admin.audit_gap`.
    var gapReason: String {
        switch (code, cause.number) {
        case (.overloaded, _): "overload"
        case (_, ENOSPC), (_, EDQUOT), (_, EFBIG): "disk_full"
        case (_, EROFS): "read_only"
        default: "io_error"
        }
    }
}
