#!/bin/sh
# A browser uploads to links from a page of another origin. Needs chromium, curl, node, npm and python3.
set -eu
. "$(dirname "$0")/server.sh"

own=$work/browser
mkdir -p "$own"
browser=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
port=${GATEFOLD_PAGE_PORT:-8099}
python3 "$here/files.py" "$own"

# ask PATH EXPRESSION curl-arguments…: what the expression makes of the answer `a`.
ask() {
    path=$1
    expression=$2
    shift 2
    curl -fsS "$GATEFOLD_URL$path" -H "Authorization: Bearer $GATEFOLD_KEY" "$@" |
        python3 -c "import json, sys; a = json.load(sys.stdin); print($expression)"
}

collection=$(ask /v1/collection 'a["collection_id"]' -X POST)
cover=$(ask "/v1/collection/$collection/cover" 'a["collection_cover_upload"]["upload_url"]' -X POST)
session=$(ask /v1/upload_session 'a["upload_session_id"]' --json "{\"collection_id\": \"$collection\"}")
tracks=/v1/upload/$session/track
audio=$(ask "$tracks" 'a["track_upload"]["upload_url"]' --json '{"file_name": "a.wav"}')
track=$(ask "$tracks" 'a["track_cover_upload"]["upload_url"]' --json '{"file_name": "b.wav"}')
shown=$(curl -fsS "$GATEFOLD_URL/upload/image" -H "x-api-key: $GATEFOLD_KEY" -F "image=@$own/picture.png" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["key"])')

python3 -m http.server "$port" --bind 127.0.0.1 --directory "$here" >"$own/pages.log" 2>&1 &
pages=$!
trap 'kill "$pages" 2>/dev/null || true; if [ -n "${server:-}" ]; then kill "$server" || true; fi' EXIT
until curl -fs "http://127.0.0.1:$port/browser.html" >/dev/null; do
    kill -0 "$pages"
    sleep 0.2
done

node_with puppeteer-core@24.43.1
query="cover=$cover&audio=$audio&track=$track&shown=$GATEFOLD_URL/$shown"
CHROMIUM=$browser node "$here/browser.mjs" "http://localhost:$port/browser.html?$query" >"$own/told"

colour=$(ask "/v1/collection/$collection" 'a["collection"]["player_color"]')
cat >"$own/expected" <<TOLD
raw: 200 - id $colour
form: 200 - id $colour
other: 404 not_found id false
text: 422 unknown_format id false
audio: 200 - id ready
forged: 404 not_found id false
picture: 640x480 4
done
TOLD
diff "$own/expected" "$own/told" >&2 || { echo "the page was told something else" >&2; exit 1; }
echo "browser: $(wc -l <"$own/expected") lines as they should be"
