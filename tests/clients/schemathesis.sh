#!/bin/sh
# schemathesis over the description at /openapi.json. Needs python3 with venv.
set -eu
. "$(dirname "$0")/server.sh"

python_with schemathesis==4.32.5
export GATEFOLD_ID="$id" GATEFOLD_SECRET="$secret" PYTHONPATH="$here"
cd "$work"
"$work/venv/bin/python" "$here/resources.py" "$GATEFOLD_URL" "$id" "$secret" >"$work/resources.toml"
cat "$here/schemathesis.toml" "$work/resources.toml" >"$work/schemathesis.toml"
# One worker: with more, its generators of data trip over each other now and then.
timeout 230 "$work/venv/bin/st" --config-file "$work/schemathesis.toml" run "$GATEFOLD_URL/openapi.json" \
    --workers 1 "$@"
