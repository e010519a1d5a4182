extension TestDirectory {
    /// The entries that every test directory has.
    package static let baseLDIF = """
        dn: dc=example,dc=test
        objectClass: domain
        dc: example

        dn: ou=people,dc=example,dc=test
        objectClass: organizationalUnit
        ou: people

        dn: ou=groups,dc=example,dc=test
        objectClass: organizationalUnit
        ou: groups

        dn: ou=policies,dc=example,dc=test
        objectClass: organizationalUnit
        ou: policies

        dn: ou=services,dc=example,dc=test
        objectClass: organizationalUnit
        ou: services

        dn: cn=gateway,ou=services,dc=example,dc=test
        objectClass: applicationProcess
        objectClass: simpleSecurityObject
        cn: gateway
        userPassword: \(servicePassword)

        """

    /// slapd.conf(5). It knows no comments behind a line's end, and eats single backslashes in quotes.
    var configuration: String {
        var lines = ["core", "cosine", "inetorgperson", "nis", "namedobject"].map {
            "include /etc/ldap/schema/\($0).schema"
        }
        lines += ["modulepath /usr/lib/ldap", "moduleload back_mdb"]
        if options.memberOf { lines.append("moduleload memberof") }
        if options.passwordPolicy { lines.append("moduleload ppolicy") }
        lines += ["pidfile \(folder.file("slapd.pid"))", "threads 4", "loglevel none"]
        if let certificate = options.certificate {
            lines += [
                "TLSCACertificateFile \(TestCertificates.shared.authority)",
                "TLSCertificateFile \(certificate.certificate)", "TLSCertificateKeyFile \(certificate.key)",
                "TLSVerifyClient try", "TLSProtocolMin 3.3",
            ]
        }
        lines += [
            // Whoever runs the tests is the gateway by ldapi, and so is the client certificate.
            #"authz-regexp "gidNumber=[0-9]+[+]uidNumber=[0-9]+,cn=peercred,cn=external,cn=auth" "\#(Self.serviceDN)""#,
            "disallow bind_anon",
        ]
        lines += options.serverLines
        lines += [
            "database mdb", "suffix \"\(Self.suffix)\"", "directory \(folder.file("db"))", "maxsize 67108864",
            "dbnosync",
            "rootdn \"\(adminDN)\"", "rootpw \(adminPassword)", "index objectClass eq", "index uid,cn,mail eq",
            "index member,uniqueMember eq", "index entryUUID eq",
            "access to attrs=userPassword by self write by anonymous auth by * none",
            "access to dn.base=\"\" by * read",
            "access to * by dn.exact=\"\(Self.serviceDN)\" read by self read by * auth",
        ]
        lines += options.databaseLines
        if options.passwordPolicy {
            lines += [
                "overlay ppolicy", "ppolicy_default \"cn=default,ou=policies,\(Self.suffix)\"", "ppolicy_use_lockout",
                "ppolicy_send_netscape_controls",
            ]
        }
        if options.memberOf {
            lines += [
                "overlay memberof", "memberof-group-oc groupOfNames", "memberof-member-ad member",
                "memberof-memberof-ad memberOf", "memberof-refint TRUE", "memberof-dangling ignore",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
