#!/bin/sh
# The vendors' own clients, unmodified. Needs python3 with venv, and npm.
set -eu
. "$(dirname "$0")/server.sh"

python_with moovio_sdk==26.8.6
node_with @moovio/sdk@26.7.1
"$work/venv/bin/python" "$here/moov.py" "$GATEFOLD_URL" "$id" "$secret"
node "$here/moov.mjs" "$GATEFOLD_URL" "$id" "$secret"
