/// A certificate authority and certificates of our own, made by the `openssl` command once for each test process.
package final class TestCertificates: Sendable {
    package static let shared = TestCertificates()

    package struct Pair: Sendable {
        package let certificate: String
        package let key: String
    }

    private let folder = TemporaryFolder()

    /// The authority that signed the others.
    package var authority: String { folder.file("ca.crt") }
    /// An authority that signed nothing here.
    package var strangeAuthority: String { folder.file("strange.crt") }
    /// For `ldap.example.test`, `localhost`, 127.0.0.1 and ::1.
    package var server: Pair { pair("server") }
    /// Signed by the authority, for `other.example.test` only.
    package var wrongName: Pair { pair("wrongname") }
    /// Signed by the authority, for the right names, not valid any more.
    package var expired: Pair { pair("expired") }
    /// A client certificate with the subject `cn=gateway,ou=services,dc=example,dc=test`.
    package var client: Pair { pair("gateway") }

    private init() {
        let script = """
            set -e
            cd \(folder.path)
            ca() {
              openssl ecparam -name prime256v1 -genkey -noout -out $1.key
              openssl req -x509 -new -key $1.key -sha256 -days 30 -subj "/O=Example Test/CN=$2" \
                -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" -out $1.crt
            }
            mk() {
              openssl ecparam -name prime256v1 -genkey -noout -out $1.key
              openssl req -new -key $1.key -subj "$2" -out $1.csr
              printf '%s\\n' "basicConstraints=CA:FALSE" "keyUsage=critical,digitalSignature" "$3" "$4" > $1.ext
              openssl x509 -req -in $1.csr -CA ca.crt -CAkey ca.key -CAcreateserial -sha256 -days $5 -extfile $1.ext -out $1.crt
            }
            ca ca "Example Test CA"; ca strange "Strange CA"
            names="subjectAltName=DNS:localhost,DNS:ldap.example.test,IP:127.0.0.1,IP:::1"
            mk server "/O=Example Test/CN=ldap.example.test" "extendedKeyUsage=serverAuth" "$names" 30
            mk expired "/O=Example Test/CN=ldap.example.test" "extendedKeyUsage=serverAuth" "$names" -1
            mk wrongname "/O=Example Test/CN=other.example.test" "extendedKeyUsage=serverAuth" "subjectAltName=DNS:other.example.test" 30
            mk gateway "/DC=test/DC=example/OU=services/CN=gateway" "extendedKeyUsage=clientAuth" "" 30
            chmod 600 *.key
            """
        let status = try? ChildProcess.run("/bin/sh", ["-c", script], output: folder.file("log"))
        precondition(status == 0, "certificates cannot be made:\n\(contents(of: folder.file("log")))")
    }

    private func pair(_ name: String) -> Pair {
        Pair(certificate: folder.file("\(name).crt"), key: folder.file("\(name).key"))
    }
}
