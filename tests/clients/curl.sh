#!/bin/sh
# Every call that the APIs' pages print, with the host, the key and the ids replaced: first as it is
# printed, then with what it needs. Needs curl and python3.
set -eu
. "$(dirname "$0")/server.sh"

own=$work/curl
mkdir -p "$own"
python3 "$here/files.py" "$own"
calls=0

# call STATUS CODE curl-arguments…: CODE is what x-gatefold-code says, - for none.
call() {
    status=$1
    code=$2
    shift 2
    calls=$((calls + 1))
    got=$(curl --silent --show-error --max-time 60 --dump-header "$own/head" --output "$own/body" \
        --write-out '%{http_code}' "$@")
    told=$(sed -n 's/\r$//; s/^x-gatefold-code: //Ip' "$own/head")
    if [ "$got" != "$status" ] || [ "${told:--}" != "$code" ]; then
        echo "call $calls: $got ${told:--} instead of $status $code: $*" >&2
        head -c 600 "$own/body" >&2
        exit 1
    fi
    grep -qi '^x-request-id: ' "$own/head" || { echo "call $calls: no x-request-id: $*" >&2; exit 1; }
}

# tell EXPRESSION: of the answer's JSON, as `a`; true must hold, anything else is printed.
tell() {
    python3 - "$own/body" "$1" <<'PYTHON'
import json, re, sys
a = json.load(open(sys.argv[1]))
value = eval(f"({sys.argv[2]})")
if value is False or value is None:
    sys.exit(f"{sys.argv[2]} does not hold in {a}")
if value is not True:
    print(value)
PYTHON
}

is_uuid() {
    tr -d '\n' <"$own/body" | grep -Eqx '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}' || {
        echo "call $calls: no bare UUID: $(head -c 200 "$own/body")" >&2
        exit 1
    }
}

no_such=8ef109f8-5a61-4355-b2e4-b8ac2f6f6f47

# Moov. The printed call sends JSON where a form is taken: it is told so.
example='{
"image": "00010101011111001111000101010",
"metadata": {
"altText": "Red soy milk carton by Fancy Brand"
}
}'
call 404 not_found -X PUT "$GATEFOLD_URL/accounts/{accountID}/images/{imageID}" \
    -H "Authorization: Bearer $GATEFOLD_KEY" --data "$example"
account=310f4f19-45cf-4429-9aae-8e93827ecb0d
images=$GATEFOLD_URL/accounts/$account/images
call 201 - -X POST "$images" -H "Authorization: Bearer $GATEFOLD_KEY" -F "image=@$own/picture.png"
image=$(tell 'a["imageID"]')
call 400 not_multipart -X PUT "$images/$image" -H "Authorization: Bearer $GATEFOLD_KEY" --data "$example"
tell 'set(a) == {"error"} and "multipart/form-data" in a["error"] and "image" in a["error"]'
call 401 unauthenticated -X PUT "$images/$image" -H "Authorization: Bearer {token}" --data "$example"
call 200 - -X PUT "$images/$image" -H "Authorization: Bearer $GATEFOLD_KEY" -F "image=@$own/second.png" \
    -F 'metadata={"altText": "Red soy milk carton by Fancy Brand"}'
tell 'a["altText"] == "Red soy milk carton by Fancy Brand"'
tell '{"imageID", "publicID", "link", "createdOn", "updatedOn"} <= set(a)'
public=$(tell 'a["publicID"]')
call 200 - "$GATEFOLD_URL/images/$public?size=64x48"
call 409 duplicate -X POST "$images" -u "$GATEFOLD_KEY" -F "image=@$own/second.png"
tell "a['imageID'] == '$image'"

# audiodelivery: covers.
call 404 not_found -X POST "$GATEFOLD_URL/v1/collection/COLLECTION_ID/cover" \
    -H "Authorization: Bearer $GATEFOLD_KEY"
tell 'set(a) == {"ok", "message", "api_request_id"} and a["ok"] is False'
call 401 unauthenticated -X POST "$GATEFOLD_URL/v1/collection/COLLECTION_ID/cover" \
    -H "Authorization: Bearer YOUR_API_KEY"
call 200 - -X POST "$GATEFOLD_URL/v1/collection" -H "Authorization: Bearer $GATEFOLD_KEY" \
    -H "Content-Type: application/json" -d '{"title": "One"}'
collection=$(tell 'a["collection_id"]')
call 200 - -X POST "$GATEFOLD_URL/v1/collection/$collection/cover" \
    -H "Authorization: Bearer $GATEFOLD_KEY"
tell 'a["ok"] and {"api_request_id", "collection_id", "collection", "collection_cover_upload"} <= set(a)'
tell '{"id", "organization_id", "title", "organization_index", "metadata", "image_colors", "player_color",
    "player_subtitle", "is_cover_overridable", "is_theme_overridable"} <= set(a["collection"])'
tell 'a["collection_cover_upload"]["method"] == "POST" and a["collection_cover_upload"]["ttl"] == 3600'
link=$(tell 'a["collection_cover_upload"]["upload_url"]')
call 200 - -X POST "$link" --data-binary "@$own/picture.png"
tell 'len(a["image_colors"]) > 0 and bool(re.fullmatch("#[0-9a-f]{6}", a["player_color"]))'
call 200 - -X POST "$link" -F "file=@$own/picture.png"
call 404 not_found -X POST "$link" --data-binary "@$own/second.png"
call 200 - "$GATEFOLD_URL/v1/collection/$collection" -H "Authorization: Bearer $GATEFOLD_KEY"
tell 'len(a["collection"]["image_colors"]) > 0 and a["collection"]["player_color"][0] == "#"'
colour=$(tell 'a["collection"]["player_color"]')

# audiodelivery: sessions.
call 400 invalid -X POST "$GATEFOLD_URL/v1/upload_session" -H "Authorization: Bearer $GATEFOLD_KEY" \
    -H "Content-Type: application/json" -d '{"collection_id": "COLLECTION_ID", "expires_in": 7200}'
call 200 - -X POST "$GATEFOLD_URL/v1/upload_session" -H "Authorization: Bearer $GATEFOLD_KEY" \
    -H "Content-Type: application/json" -d "{\"collection_id\": \"$collection\", \"expires_in\": 7200}"
tell "a['upload_session']['collection_id'] == '$collection' and a['player_color'] == '$colour'"
tell '{"ok", "upload_session_id", "upload_session", "player_color", "expires_at"} <= set(a)'
session=$(tell 'a["upload_session_id"]')
call 404 not_found -X GET "$GATEFOLD_URL/v1/upload_session/SESSION_ID" \
    -H "Authorization: Bearer $GATEFOLD_KEY"
call 200 - -X GET "$GATEFOLD_URL/v1/upload_session/$session" -H "Authorization: Bearer $GATEFOLD_KEY"
tell '{"id", "creator_id", "collection_id", "organization_index", "metadata", "expires_at"}
    == set(a["upload_session"])'
call 404 not_found -X POST "$GATEFOLD_URL/v1/upload/SESSION_ID/track" \
    -H "Authorization: Bearer $GATEFOLD_KEY" -H "Content-Type: application/json" \
    -d '{"file_name": "track-1.mp3"}'
call 200 - -X POST "$GATEFOLD_URL/v1/upload/$session/track" -H "Authorization: Bearer $GATEFOLD_KEY" \
    -H "Content-Type: application/json" -d '{"file_name": "track-1.mp3"}'
tell '{"ok", "api_request_id", "upload_session_id", "track_id", "track", "upload_session", "track_upload",
    "track_cover_upload"} <= set(a)'
tell '{"id", "index", "path", "upload_url"} <= set(a["track"])'
tell 'a["track_upload"]["method"] == "PUT" and a["track_cover_upload"]["method"] == "POST"'
track=$(tell 'a["track_id"]')
audio=$(tell 'a["track_upload"]["upload_url"]')
cover=$(tell 'a["track_cover_upload"]["upload_url"]')
call 422 invalid -X PUT "$audio" --data-binary "@$own/picture.png"
call 200 - -X PUT "$audio" --upload-file "$own/track-1.mp3"
tell 'a["track"]["track_status_id"] == "ready" and 0.9 < a["track"]["duration"] < 1.1'
call 200 - -X POST "$cover" -F "file=@$own/second.png"

# audiodelivery: the cover of a track.
call 404 not_found -X POST "$GATEFOLD_URL/v1/track/TRACK_ID/cover" -H "Authorization: Bearer $GATEFOLD_KEY"
call 200 - -X POST "$GATEFOLD_URL/v1/track/$track/cover" -H "Authorization: Bearer $GATEFOLD_KEY"
tell '{"ok", "api_request_id", "track_id", "track", "track_cover_upload"} <= set(a)'
tell '{"id", "organization_id", "collection_id", "index", "duration", "file_name", "order", "metadata",
    "player_title", "player_subtitle", "player_color", "image_colors", "track_status_id"} <= set(a["track"])'
link=$(tell 'a["track_cover_upload"]["upload_url"]')
call 200 - -X POST "$link" --data-binary "@$own/picture.png"

# Audicient. The printed requests have no body; the host is the vendor's, and says nothing to us.
vendor='Host: api.audicient.com'
key="Authorization: $id:$secret"
upload=$GATEFOLD_URL/media/image/upload
call 404 not_found -X POST "$upload/:imageId" -H "$vendor" -H "$key"
tell 'a == {"status": 404, "success": False, "message": a["message"], "data": None}'
call 401 unauthenticated -X POST "$upload?isTemp=true" -H "$vendor" -H 'Authorization: <API_KEY>:<API_SECRET>'
for query in isTemp=true isRelease=true; do
    call 400 missing_file -X POST "$upload?$query" -H "$vendor" -H "$key"
done
call 200 - -X POST "$upload?isTemp=true" -H "$vendor" -H "$key" -F "file=@$own/picture.png"
is_uuid
uuid=$(cat "$own/body")
call 200 - -X POST "$upload/$uuid" -H "$vendor" -H "$key" -F "file=@$own/second.png"
is_uuid
[ "$(cat "$own/body")" = "$uuid" ]
call 404 not_found -X POST "$upload/$no_such" -H "$vendor" -H "$key" -F "file=@$own/second.png"
call 200 - -X POST "$upload?isRelease=true" -H "$vendor" -H "$key" -F "image=@$own/artwork.png"
is_uuid
call 422 side_too_short -X POST "$upload?isRelease=true" -H "$vendor" -H "$key" -F "image=@$own/picture.png"
call 400 invalid -X POST "$upload?isTemp=maybe" -H "$vendor" -H "$key" -F "image=@$own/picture.png"
call 200 - -X POST "$GATEFOLD_URL/media/image/$uuid/claim" -u "$GATEFOLD_KEY"
call 200 - "$GATEFOLD_URL/media/image/$uuid?size=100x100" -H "$key"

# Backoffice. The printed call names no file, which curl itself refuses.
calls=$((calls + 1))
printed=0
curl --silent --location --request POST "$GATEFOLD_URL/upload/image" --header "x-api-key: $GATEFOLD_KEY" \
    --form 'image=@""' >"$own/body" 2>&1 || printed=$?
[ "$printed" = 26 ] || { echo "curl ended with $printed instead of 26" >&2; exit 1; }
call 200 - --location --request POST "$GATEFOLD_URL/upload/image" --header "x-api-key: $GATEFOLD_KEY" \
    --form "image=@\"$own/picture.png\""
tell 'set(a) == {"data"} and bool(re.fullmatch(r"uploads/[0-9a-f-]{36}\.png", a["data"]["key"]))'
call 200 - "$GATEFOLD_URL/$(tell 'a["data"]["key"]')"
call 200 - --location --request POST "$GATEFOLD_URL/upload/image?x-api-key=$GATEFOLD_KEY" \
    --form "image=@\"$own/picture.png\""
call 401 unauthenticated --location --request POST "$GATEFOLD_URL/upload/image" \
    --header 'x-api-key: <api-key>' --form "image=@\"$own/picture.png\""
call 400 empty --location --request POST "$GATEFOLD_URL/upload/image" \
    --header "x-api-key: $GATEFOLD_KEY" --form 'image='

echo "curl: $calls calls answered as they should be"
