#!/bin/sh
# Runs all clients that are not ours against gatefold: the vendors' SDKs, curl with the calls that the
# APIs' pages print, clients of HTTP/2 that are answered early, schemathesis with the description, a
# browser on a page of another origin, and one on our own page. Each script runs by itself, too. They use the server at GATEFOLD_URL with the key
# GATEFOLD_KEY (ID:SECRET), whose rate must not stand in their way, or start one.
set -eu
. "$(dirname "$0")/server.sh"

for client in sdks curl early schemathesis browser page; do
    echo "== $client"
    "$here/$client.sh"
done
