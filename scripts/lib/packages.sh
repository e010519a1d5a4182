# shellcheck shell=bash
# Sourced after common.sh: Debian packages and the Python environment.

# The packages of some groups of packages.txt, each once.
packages_of() {
    local group
    for group in "$@"; do
        awk -v group="$group" '$1 == group { print $2 }' "$ROOT/scripts/packages.txt"
    done | sort -u
}

is_installed() {
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# ensure_packages GROUP…: installs what is missing; needs root or a sudo that asks no password for that alone.
ensure_packages() {
    local package install="$ROOT/scripts/lib/install-packages"
    local -a missing=() wanted
    mapfile -t wanted < <(packages_of "$@")
    command -v dpkg-query >/dev/null ||
        die "$EX_UNAVAILABLE" "this script knows Debian and Ubuntu only; elsewhere install the equivalents of: ${wanted[*]}"
    for package in "${wanted[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    say "installing: ${missing[*]}"
    if ((EUID == 0)); then
        "$install" "${missing[@]}" || die "$EX_UNAVAILABLE" "the packages could not be installed; see above"
    elif sudo -n true 2>/dev/null; then
        sudo -n "$install" "${missing[@]}" || die "$EX_UNAVAILABLE" "the packages could not be installed; see above"
    else
        warn "these packages are missing, and without root they cannot be installed:"
        printf '\n    sudo apt-get install --no-install-recommends %s\n\n' "${missing[*]}" >&2
        warn "(sudo $install ${missing[*]}" >&2
        warn " does the same and starts no server.)" >&2
        exit "$EX_UNAVAILABLE"
    fi
}

# ensure_python: a virtual environment with the exact versions of requirements.txt; made anew when those change.
# Sets PYTHON. Debian's own Python is used where there is one, because python3-venv belongs to it.
ensure_python() {
    local venv="$ROOT/.build/venv" requirements="$ROOT/scripts/requirements.txt" base=/usr/bin/python3
    [[ -x $base ]] || base=python3
    PYTHON=$venv/bin/python
    if ! cmp -s "$requirements" "$venv/requirements.txt" || ! "$PYTHON" -c '' 2>/dev/null; then
        say "preparing $venv"
        rm -rf "$venv"
        "$base" -m venv "$venv"
        "$PYTHON" -m pip --quiet --disable-pip-version-check --no-input install --retries 5 --requirement "$requirements"
        cp "$requirements" "$venv/requirements.txt"
    fi
}
