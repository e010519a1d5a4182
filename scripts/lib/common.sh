# shellcheck shell=bash
# Sourced by the scripts beside this folder: messages, exit statuses, where things are.

# sysexits(3), as the gatehouse executable uses them.
# shellcheck disable=SC2034
readonly EX_USAGE=64 EX_UNAVAILABLE=69 EX_CONFIG=78

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
readonly ROOT

# Debian keeps slapd in /usr/sbin, which an ordinary user's PATH leaves out.
PATH=$PATH:/usr/sbin:/sbin
export PATH

say() { printf '==> %s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# die STATUS MESSAGE…
die() {
    local status=$1
    shift
    warn "$@"
    exit "$status"
}

# A folder that an earlier run as another user left behind gives obscure errors much later.
require_writable_build_folder() {
    mkdir -p "$ROOT/.build" 2>/dev/null || true
    [[ -w $ROOT/.build ]] ||
        die "$EX_CONFIG" "$ROOT/.build cannot be written by $(id -un) (made by another user?); remove it or change its owner"
}

require_swift() {
    local required_major=6 required_minor=3 found
    command -v swift >/dev/null ||
        die "$EX_UNAVAILABLE" "Swift $required_major.$required_minor or newer is needed and no \"swift\" is in PATH." \
            "See https://www.swift.org/install/linux/"
    found=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' | head -n 1) || true
    [[ $found == *.* ]] || die "$EX_UNAVAILABLE" "\"swift --version\" does not say a version; is the toolchain complete?"
    if ((${found%%.*} < required_major || (${found%%.*} == required_major && ${found#*.} < required_minor))); then
        die "$EX_UNAVAILABLE" "Swift $required_major.$required_minor or newer is needed; $(command -v swift) is $found." \
            "See https://www.swift.org/install/linux/"
    fi
}
