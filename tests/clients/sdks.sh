#!/bin/sh
# The vendors' own clients, unmodified. Needs python3 with venv, and npm.
set -eu
. "$(dirname "$0")/server.sh"

python_with moovio_sdk==26.8.6
mkdir -p "$work/node"
if [ ! -d "$work/node/node_modules/@moovio/sdk" ]; then
    echo '{"private":true,"type":"module"}' >"$work/node/package.json"
    (cd "$work/node" && npm install --silent --no-audit --no-fund @moovio/sdk@26.7.1)
fi
"$work/venv/bin/python" "$here/moov.py" "$GATEFOLD_URL" "$id" "$secret"
GATEFOLD_CLIENTS=$work/node node "$here/moov.mjs" "$GATEFOLD_URL" "$id" "$secret"
