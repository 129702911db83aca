#!/bin/sh
# Runs the vendors' own clients against gatefold: the server at GATEFOLD_URL with the key GATEFOLD_KEY
# (ID:SECRET), or one in memory that is started and stopped here. Needs python3 with pip, and npm.
set -eu
cd "$(dirname "$0")/../.."
here=$PWD/tests/clients
work=$PWD/target/clients
mkdir -p "$work/node"

if [ ! -x "$work/venv/bin/python" ]; then
    python3 -m venv "$work/venv"
fi
"$work/venv/bin/pip" install --quiet --disable-pip-version-check moovio_sdk==26.8.6
if [ ! -d "$work/node/node_modules/@moovio/sdk" ]; then
    echo '{"private":true,"type":"module"}' >"$work/node/package.json"
    (cd "$work/node" && npm install --silent --no-audit --no-fund @moovio/sdk@26.7.1)
fi

key=${GATEFOLD_KEY:-test:a-secret}
if [ -z "${GATEFOLD_URL:-}" ]; then
    address=127.0.0.1:${GATEFOLD_PORT:-8089}
    cargo test --quiet --features http --test http --no-run 2>"$work/build.log" || { cat "$work/build.log"; exit 1; }
    GATEFOLD_LISTEN=$address cargo test --quiet --features http --test http -- \
        --ignored --exact clients::serve_in_memory >"$work/server.log" 2>&1 &
    server=$!
    # The test binary is a child of cargo's: both must end.
    trap 'pkill -P "$server" 2>/dev/null || true; kill "$server" 2>/dev/null || true' EXIT
    GATEFOLD_URL=http://$address
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

"$work/venv/bin/python" "$here/moov.py" "$GATEFOLD_URL" "${key%%:*}" "${key#*:}"
GATEFOLD_CLIENTS=$work/node node "$here/moov.mjs" "$GATEFOLD_URL" "${key%%:*}" "${key#*:}"
