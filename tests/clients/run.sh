#!/bin/sh
# Runs all clients that are not ours against gatefold: the vendors' SDKs, curl with the calls that the
# APIs' pages print, schemathesis with the description, and a browser. Each script runs by itself, too.
# They use the server at GATEFOLD_URL with the key GATEFOLD_KEY (ID:SECRET), whose rate must not stand
# in their way, or start one in memory.
set -eu
. "$(dirname "$0")/server.sh"

for client in sdks curl schemathesis browser; do
    echo "== $client"
    "$here/$client.sh"
done
