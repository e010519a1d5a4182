internal import CLDAP

extension LDAPHandle {
    func search(_ search: LDAPSearch, deadline: ContinuousClock.Instant) throws(LDAPError) -> LDAPSearchResult {
        // C would stop reading at a NUL and ask for something else.
        guard !search.base.utf8.contains(0), !search.filter.utf8.contains(0) else {
            throw failure(.invalidConfiguration, "A search base and filter hold no NUL.")
        }
        return try guarded(until: deadline) { () throws(LDAPError) in
            let operation = try send(search, deadline: deadline)
            var entries: [LDAPEntry] = []
            var references: [String] = []
            while true {
                let message = try nextMessage(operation, deadline: deadline)
                switch message.type {
                case UInt(LDAP_RES_SEARCH_ENTRY):
                    // A server may not know the limit, or not keep it.
                    guard entries.count < search.sizeLimit else {
                        unsafe ldap_abandon_ext(ld, operation, nil, nil)
                        throw sizeLimitExceeded(LDAP_SIZELIMIT_EXCEEDED, "")
                    }
                    entries.append(try entry(of: message))
                case UInt(LDAP_RES_SEARCH_REFERENCE):
                    references += try urls(of: message)
                case UInt(LDAP_RES_SEARCH_RESULT):
                    let result = try result(of: message)
                    if let error = error(for: result) { throw error }
                    return LDAPSearchResult(entries: entries, references: references)
                default:
                    throw failure(.protocolError, "The directory answered a search with something else.")
                }
            }
        }
    }

    private func send(_ search: LDAPSearch, deadline: ContinuousClock.Instant) throws(LDAPError) -> Int32 {
        let scope =
            switch search.scope {
            case .base: LDAP_SCOPE_BASE
            case .oneLevel: LDAP_SCOPE_ONELEVEL
            case .subtree: LDAP_SCOPE_SUBTREE
            }
        // A server that is told its limit does not go on working for nobody.
        let seconds = Int32(max(1, min(ContinuousClock.now.duration(to: deadline) / .seconds(1), 3600)).rounded(.up))
        var operation: Int32 = 0
        let attributes = search.attributes.isEmpty ? [LDAP_NO_ATTRS] : search.attributes
        let status = unsafe withCStrings(attributes) { names in
            unsafe gatehouse_ldap_search(
                ld,
                search.base,
                scope,
                search.filter,
                names,
                seconds,
                Int32(clamping: search.sizeLimit),
                &operation
            )
        }
        guard status == LDAP_SUCCESS else { throw libraryFailure(status) }
        return operation
    }

    private func entry(of message: LDAPReceivedMessage) throws(LDAPError) -> LDAPEntry {
        var cursor: OpaquePointer?
        var name = unsafe berval()
        var status = unsafe ldap_get_dn_ber(ld, message.pointer, &cursor, &name)
        defer { unsafe ber_free(cursor, 0) }
        guard status == LDAP_SUCCESS, let dn = String(validating: unsafe bytes(name), as: UTF8.self) else {
            throw failure(.protocolError, "The directory sent an entry that cannot be read.", resultCode: status)
        }
        var attributes: [String: [[UInt8]]] = [:]
        while true {
            var type = unsafe berval()
            var list: UnsafeMutablePointer<berval>?
            status = unsafe ldap_get_attribute_ber(ld, message.pointer, cursor, &type, &list)
            // The array is ours, what it points to belongs to the message.
            defer { unsafe ber_memfree(list) }
            guard status == LDAP_SUCCESS else {
                throw failure(.protocolError, "The directory sent an entry that cannot be read.", resultCode: status)
            }
            guard unsafe type.bv_val != nil else { return LDAPEntry(dn: dn, attributes: attributes) }
            let key = String(decoding: unsafe bytes(type), as: UTF8.self).lowercased()
            var values: [[UInt8]] = []
            if var next = unsafe list {
                while unsafe next.pointee.bv_val != nil {
                    unsafe values.append(bytes(next.pointee))
                    unsafe next += 1
                }
            }
            attributes[key, default: []] += values
        }
    }

    private func urls(of message: LDAPReceivedMessage) throws(LDAPError) -> [String] {
        var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let status = unsafe ldap_parse_reference(ld, message.pointer, &list, nil, 0)
        defer {
            unsafe ber_memvfree(
                list.map { unsafe UnsafeMutableRawPointer($0).assumingMemoryBound(to: UnsafeMutableRawPointer?.self) }
            )
        }
        guard status == LDAP_SUCCESS else { throw libraryFailure(status) }
        var urls: [String] = []
        if var next = unsafe list {
            while let url = unsafe next.pointee {
                unsafe urls.append(String(cString: url))
                unsafe next += 1
            }
        }
        return urls.isEmpty ? [""] : urls
    }

    private func error(for result: LDAPOperationResult) -> LDAPError? {
        func make(_ code: LDAPError.Code, _ message: String) -> LDAPError {
            failure(code, message, resultCode: result.code, diagnostic: result.diagnostic)
        }
        return switch result.code {
        case LDAP_SUCCESS: nil
        case LDAP_SIZELIMIT_EXCEEDED, LDAP_ADMINLIMIT_EXCEEDED: sizeLimitExceeded(result.code, result.diagnostic)
        case LDAP_TIMELIMIT_EXCEEDED:
            make(.timeLimitExceeded, "The directory gave up the search after its time limit.")
        case LDAP_REFERRAL: make(.referral, "The directory referred the search elsewhere, which is never followed.")
        case LDAP_NO_SUCH_OBJECT:
            make(.noSuchObject, "The search base does not exist, or the gateway's account may not see it.")
        case LDAP_BUSY, LDAP_UNAVAILABLE: make(.unavailable, "The directory says that it cannot answer now.")
        default: make(.refused, "The directory refused the search.")
        }
    }

    private func sizeLimitExceeded(_ code: Int32, _ diagnostic: String) -> LDAPError {
        failure(
            .sizeLimitExceeded,
            "The search found more entries than it may.",
            resultCode: code,
            diagnostic: diagnostic
        )
    }

    private func bytes(_ value: berval) -> [UInt8] {
        unsafe Array(UnsafeRawBufferPointer(start: value.bv_val, count: Int(value.bv_len)))
    }

    /// Lends the strings as the NULL-terminated array that C wants.
    private func withCStrings(
        _ strings: [String],
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32
    ) -> Int32 {
        var text: [CChar] = []
        var offsets: [Int] = []
        for string in strings {
            offsets.append(text.count)
            text += string.utf8.map { CChar(bitPattern: $0) } + [0]
        }
        return unsafe text.withUnsafeMutableBufferPointer { text in
            guard let start = text.baseAddress else { return LDAP_PARAM_ERROR }
            var pointers: [UnsafeMutablePointer<CChar>?] = unsafe offsets.map { unsafe start + $0 } + [nil]
            return unsafe pointers.withUnsafeMutableBufferPointer { pointers in
                guard let first = pointers.baseAddress else { return LDAP_PARAM_ERROR }
                return unsafe body(first)
            }
        }
    }
}
