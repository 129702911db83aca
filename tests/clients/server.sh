# To be sourced: afterwards GATEFOLD_URL and GATEFOLD_KEY (ID:SECRET) lead to a running gatefold. One
# that is given is used; else one in memory is started, and stopped when the script ends.
# Sets `here` (this directory), `work` (for files), `id` and `secret`.
cd "$(dirname "$0")/../.."
here=$PWD/tests/clients
work=$PWD/target/clients
mkdir -p "$work"

export GATEFOLD_KEY="${GATEFOLD_KEY:-test:a-secret}"
id=${GATEFOLD_KEY%%:*}
secret=${GATEFOLD_KEY#*:}
if [ -z "${GATEFOLD_URL:-}" ]; then
    address=127.0.0.1:${GATEFOLD_PORT:-8089}
    if curl -fs "http://$address/healthz" >/dev/null; then
        echo "something listens on $address already" >&2
        exit 1
    fi
    cargo test --quiet --features http --test http --no-run 2>"$work/build.log" || { cat "$work/build.log"; exit 1; }
    GATEFOLD_RATE=0 GATEFOLD_LISTEN=$address cargo test --quiet --features http --test http -- \
        --ignored --exact clients::serve_in_memory >"$work/server.log" 2>&1 &
    server=$!
    # The test binary is a child of cargo's: both must end.
    trap 'pkill -P "$server" 2>/dev/null || true; kill "$server" 2>/dev/null || true' EXIT
    export GATEFOLD_URL="http://$address"
    tries=0
    until curl -fs "$GATEFOLD_URL/readyz" >/dev/null; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ]; then
            cat "$work/server.log"
            exit 1
        fi
        sleep 0.2
    done
fi

# A Python of our own with these packages.
python_with() {
    if [ ! -x "$work/venv/bin/python" ]; then
        python3 -m venv "$work/venv"
    fi
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
}
