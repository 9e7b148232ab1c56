# Sourced, never executed:   . ./env.sh        what a Raspberry Pi needs to run
#                            . ./env.sh dev    the tests' tools as well
# Makes .venv beside this file, installs into it, and activates it. Bash and zsh, from any folder, as often as you like:
# when nothing changed it only activates, without network. On trouble it says so and leaves your shell as it was.
# Which versions, is locked in requirements/, so that a home runs what the tests ran; `make lock` renews them.

_pv_heater_env() {
    local here="$1" locked="$2" python="" candidate stamp
    local venv="$here/.venv"
    case "$locked" in
        "") locked=run ;;
        dev) ;;
        *) echo "env.sh: knows no '$locked'; use '. ./env.sh' or '. ./env.sh dev'" >&2; return 1 ;;
    esac
    if [ ! -x "$venv/bin/python" ]; then
        for candidate in python3 python3.13 python3.12 python3.11; do
            if command -v "$candidate" >/dev/null 2>&1 &&
                "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
                python="$candidate"
                break
            fi
        done
        if [ -z "$python" ]; then
            echo "env.sh: no Python 3.11 or newer was found; install python3 and python3-venv first" >&2
            return 1
        fi
        # On a Pi the system's own lgpio is the one that always fits, so the environment may see it.
        local share=""
        case "$(uname -m)" in arm* | aarch64) share="--system-site-packages" ;; esac
        if ! "$python" -m venv ${share:+"$share"} "$venv" >/dev/null 2>&1; then
            rm -rf "$venv"
            echo "env.sh: could not make $venv; is python3-venv installed and the folder writable?" >&2
            return 1
        fi
    fi
    # A dev environment holds everything that a plain one does, and stays one.
    [ "$(sed -n 2p "$venv/installed" 2>/dev/null)" != dev ] || locked=dev
    stamp="$(cksum <"$here/requirements/$locked.txt" && echo "$locked")" || return 1
    if [ "$stamp" != "$(cat "$venv/installed" 2>/dev/null)" ]; then
        echo "env.sh: installing into $venv (a minute or two, longer on a small Pi)"
        # SKIP_CYTHON: where zeroconf has no wheel (ARMv6) its plain Python does as well, and needs no compiler.
        if ! SKIP_CYTHON=1 "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            -r "$here/requirements/$locked.txt" >"$venv/install.log" 2>&1; then
            echo "env.sh: the installation failed: $(grep -i error "$venv/install.log" | tail -n 1) (all of it: $venv/install.log)" >&2
            return 1
        fi
        printf '%s\n' "$stamp" >"$venv/installed"
    fi
    # shellcheck disable=SC1091
    . "$venv/bin/activate"
}

if [ -n "${BASH_VERSION:-}" ]; then
    _pv_heater_file="${BASH_SOURCE[0]}"
elif [ -n "${ZSH_VERSION:-}" ]; then
    eval '_pv_heater_file="${(%):-%x}"'
else
    _pv_heater_file="./env.sh"
fi
_pv_heater_env "$(cd "$(dirname "$_pv_heater_file")" >/dev/null 2>&1 && pwd)" "${1:-}"
_pv_heater_status=$?
unset -f _pv_heater_env
unset _pv_heater_file
# The last line decides what `&&` sees; `exit` would close the user's shell.
[ "$_pv_heater_status" -eq 0 ]
