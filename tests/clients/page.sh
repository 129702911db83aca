#!/bin/sh
# A browser on the page at /, driven as a person would; its picture is left in target/clients/page.png.
# Needs chromium, node and npm.
set -eu
. "$(dirname "$0")/server.sh"

node_with puppeteer-core@24.43.1
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
export CHROMIUM
node "$here/page.mjs" "$GATEFOLD_URL/" "$GATEFOLD_KEY" "$work/page.png"
