internal import CLDAP

/// One message from a server, freed with its owner.
@safe
final class LDAPReceivedMessage {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe ldap_msgfree(pointer)
    }

    var type: UInt { UInt(bitPattern: Int(unsafe ldap_msgtype(pointer))) }
}

/// The result that ends an operation (RFC 4511, section 4.1.9).
struct LDAPOperationResult {
    let code: Int32
    let diagnostic: String
    let controls: [(type: String, value: [UInt8])]
}

extension LDAPHandle {
    /// Waits for the next message of an operation.
    func nextMessage(_ operation: Int32, deadline: ContinuousClock.Instant) throws(LDAPError) -> LDAPReceivedMessage {
        let left = max(.zero, ContinuousClock.now.duration(to: deadline))
        var received: OpaquePointer?
        // One millisecond more than is left: a timeout of 0 would be a poll before the deadline.
        let milliseconds = Int32(min(left / .milliseconds(1), 3_600_000)) + 1
        let status = unsafe gatehouse_ldap_result(ld, operation, milliseconds, &received)
        guard status >= 0 else {
            throw libraryFailure(unsafe gatehouse_ldap_get_int(ld, LDAP_OPT_RESULT_CODE))
        }
        guard status > 0, let message = unsafe received else {
            throw failure(.timeout, "The directory did not answer in time.")
        }
        return unsafe LDAPReceivedMessage(message)
    }

    func result(of message: LDAPReceivedMessage) throws(LDAPError) -> LDAPOperationResult {
        var code: Int32 = 0
        var words: UnsafeMutablePointer<CChar>?
        var received: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
        let status = unsafe ldap_parse_result(ld, message.pointer, &code, nil, &words, nil, &received, 0)
        defer {
            unsafe ldap_memfree(words)
            unsafe ldap_controls_free(received)
        }
        guard status == LDAP_SUCCESS else { throw libraryFailure(status) }
        var controls: [(type: String, value: [UInt8])] = []
        if var next = unsafe received {
            while let control = unsafe next.pointee {
                let value = unsafe control.pointee.ldctl_value
                let bytes = unsafe UnsafeRawBufferPointer(start: value.bv_val, count: Int(value.bv_len))
                unsafe controls.append((String(cString: control.pointee.ldctl_oid), Array(bytes)))
                unsafe next += 1
            }
        }
        let diagnostic = unsafe words.map { unsafe String(cString: $0) } ?? ""
        return LDAPOperationResult(code: code, diagnostic: diagnostic, controls: controls)
    }
}
