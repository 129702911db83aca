# To be sourced: afterwards GATEFOLD_URL and GATEFOLD_KEY (ID:SECRET) lead to a running gatefold. One
# that is given is used; else `gatefold serve` is started, and stopped when the script ends: the program
# at GATEFOLD, or one that is built here.
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
    program=${GATEFOLD:-}
    if [ -z "$program" ]; then
        cargo build --quiet --features cli,http
        program=${CARGO_TARGET_DIR:-target}/debug/gatefold
    fi
    rm -rf "$work/data"
    printf 'log_filter = "warn"\n[http]\nrequests_per_second = 0\n' >"$work/serve.toml"
    "$program" serve --config "$work/serve.toml" --data "$work/data" --listen "$address" \
        --key "$GATEFOLD_KEY" >"$work/server.log" 2>&1 &
    server=$!
    trap 'kill "$server" 2>/dev/null || true' EXIT
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

# Packages for node, of our own; each with its version.
node_with() {
    mkdir -p "$work/node"
    if [ ! -f "$work/node/package.json" ]; then
        echo '{"private":true,"type":"module"}' >"$work/node/package.json"
    fi
    for package in "$@"; do
        if [ ! -d "$work/node/node_modules/${package%@*}" ]; then
            (cd "$work/node" && npm install --silent --no-audit --no-fund "$package")
        fi
    done
    export GATEFOLD_CLIENTS="$work/node"
}

# A Python of our own with these packages.
python_with() {
    if [ ! -x "$work/venv/bin/python" ]; then
        python3 -m venv "$work/venv"
    fi
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
}
