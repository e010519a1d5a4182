# shellcheck shell=bash
# Sourced after common.sh: the sample organisation of examples/quickstart in a slapd of its own.
#
#   sample_directory_prepare STATE SECRET   makes CA, certificate, configuration and database below STATE;
#                                           the service account's password goes to the file SECRET
#   sample_directory_command STATE PORT     sets SLAPD to the command that serves it in the foreground
#   sample_directory_fill STATE PORT        waits for the server, then adds the groups through it

readonly SAMPLE_DIRECTORY_SOURCE=$ROOT/examples/quickstart
readonly SAMPLE_SUFFIX=dc=nordwind,dc=example

# A CA of its own and a certificate for 127.0.0.1: the sample shows StartTLS with a checked name, as it should be.
sample_directory_certificates() {
    (
        cd -- "$1" || exit
        openssl ecparam -name prime256v1 -genkey -noout -out ca.key
        openssl req -x509 -new -key ca.key -sha256 -days 30 -subj "/O=Gatehouse sample/CN=Gatehouse sample CA" \
            -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" -out ca.crt
        openssl ecparam -name prime256v1 -genkey -noout -out server.key
        openssl req -new -key server.key -subj "/O=Gatehouse sample/CN=127.0.0.1" -out server.csr
        printf '%s\n' "basicConstraints=CA:FALSE" "keyUsage=critical,digitalSignature" "extendedKeyUsage=serverAuth" \
            "subjectAltName=IP:127.0.0.1,DNS:localhost" >server.ext
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -sha256 -days 30 \
            -extfile server.ext -out server.crt 2>/dev/null
        # Nothing is signed with it again.
        rm -f ca.key server.csr server.ext
    )
}

sample_directory_hash() {
    slappasswd -n -o module-path=/usr/lib/ldap -o module-load=argon2 -h '{ARGON2}' -T "$1"
}

# sample_directory_template FILE NAME VALUE: prints FILE with @NAME@ replaced, to be read by this user alone.
sample_directory_template() {
    local text
    text=$(<"$SAMPLE_DIRECTORY_SOURCE/$1")
    printf '%s\n' "${text//@"$2"@/"$3"}"
}

sample_directory_prepare() {
    local state=$1 secret=$2 mask configuration
    rm -rf -- "$state"
    mask=$(umask)
    umask 077
    mkdir -p -- "$state/db"
    printf %s "$(openssl rand -hex 24)" >"$secret"
    printf %s "$(openssl rand -hex 24)" >"$state/admin.secret"
    sample_directory_certificates "$state"
    configuration=$(sample_directory_template slapd.conf.in STATE "$state")
    printf '%s\n' "${configuration//@ADMIN_PASSWORD_HASH@/"$(sample_directory_hash "$state/admin.secret")"}" \
        >"$state/slapd.conf"
    sample_directory_template tree.ldif.in SERVICE_PASSWORD_HASH "$(sample_directory_hash "$secret")" >"$state/tree.ldif"
    echo >>"$state/tree.ldif"
    cat "$SAMPLE_DIRECTORY_SOURCE/people.ldif" >>"$state/tree.ldif"
    umask "$mask"
    slapadd -q -w -f "$state/slapd.conf" -b "$SAMPLE_SUFFIX" -l "$state/tree.ldif" >"$state/slapadd.log" 2>&1 || {
        cat "$state/slapadd.log" >&2
        die 1 "the sample directory could not be loaded"
    }
}

sample_directory_command() {
    # "-d stats" keeps slapd in the foreground and logs operations, never passwords.
    # shellcheck disable=SC2034
    SLAPD=(slapd -f "$1/slapd.conf" -h "ldap://127.0.0.1:$2" -d stats)
}

# sample_directory_as_admin STATE PORT TOOL [ARGUMENT…]: an ldap-utils tool with the administrator's rights.
sample_directory_as_admin() {
    local state=$1 port=$2 tool=$3
    shift 3
    # ldap.conf(5) and its like are left out, so that the tool trusts the sample's CA and nothing else.
    LDAPNOINIT=1 "$tool" -x -ZZ -o "TLS_CACERT=$state/ca.crt" -o TLS_REQCERT=demand -H "ldap://127.0.0.1:$port" \
        -D "cn=admin,$SAMPLE_SUFFIX" -y "$state/admin.secret" "$@"
}

# Fails when the server does not answer within ten seconds.
sample_directory_fill() {
    local state=$1 port=$2 attempt
    for ((attempt = 0; attempt < 200; attempt++)); do
        if sample_directory_as_admin "$state" "$port" ldapwhoami >/dev/null 2>&1; then
            sample_directory_as_admin "$state" "$port" ldapadd -f "$SAMPLE_DIRECTORY_SOURCE/groups.ldif" \
                >"$state/ldapadd.log" 2>&1 && return 0
            cat "$state/ldapadd.log" >&2
            return 1
        fi
        sleep 0.05
    done
    return 1
}
