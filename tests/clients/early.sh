#!/bin/sh
# Answers that come before a client has sent its body, over HTTP/2 without TLS: curl, Node's http2 and
# httpx send up to 60 MB with a key that is wrong, and a file that is too large with a right one; all
# must see the answer. Needs curl with HTTP/2, python3 with venv, and node.
set -eu
. "$(dirname "$0")/server.sh"

own=$work/early
mkdir -p "$own"
python_with 'httpx[http2]==0.28.1'
images=$GATEFOLD_URL/accounts/310f4f19-45cf-4429-9aae-8e93827ecb0d/images
answers=0

# expect WHAT STATUS EXPECTED
expect() {
    if [ "$2" != "$3" ]; then
        echo "$1: $2 instead of $3" >&2
        exit 1
    fi
    answers=$((answers + 1))
}

for megabytes in 1 5 20 60; do
    head -c "${megabytes}000000" /dev/zero >"$own/body"
    wrong="Bearer $id:wrong"
    for key in "$wrong" "Bearer $GATEFOLD_KEY"; do
        if [ "$key" = "$wrong" ]; then status=401; elif [ "$megabytes" -lt 17 ]; then continue; else status=400; fi
        got=$(curl --silent --show-error --http2-prior-knowledge --max-time 60 --output "$own/answer" \
            --write-out '%{http_code}' -H "Authorization: $key" -H 'Content-Type: multipart/form-data; boundary=x' \
            --data-binary "@$own/body" "$images" || true)
        expect "curl, $megabytes MB" "$got" "$status"
        got=$("$work/venv/bin/python" "$here/early.py" "$images" "$key" "$own/body" || true)
        expect "httpx, $megabytes MB" "$got" "$status"
        got=$(node "$here/early.mjs" "$images" "$key" "$own/body" || true)
        expect "node, $megabytes MB" "$got" "$status"
    done
done

echo "early: $answers answers reached clients that were still sending"
