internal import CLDAP
internal import Glibc

/// What libldap needs of the process, once and before anything else calls it.
package enum LDAPRuntime {
    /// Call this early in `main`, while there is one thread: it changes the environment. Later calls do nothing.
    package static func prepare() {
        _ = prepared
    }

    private static let prepared: Void = {
        // ~/.ldaprc, ./ldaprc and LDAP* variables could switch certificate checks off behind our back.
        unsafe setenv("LDAPNOINIT", "1", 1)
        // A server that goes away between two of our writes would end the process.
        signal(SIGPIPE, SIG_IGN)
        // The first call initialises the library's global state; two threads must not do that at once.
        var version: Int32 = 0
        unsafe ldap_get_option(nil, LDAP_OPT_PROTOCOL_VERSION, &version)
    }()
}
