"""Makes what there is to be found, and tells schemathesis the ids: resources.py URL ID SECRET.

Prints the dictionaries of a configuration. There are many of each, for many are deleted or used up.
"""

import json
import sys

import requests

from hooks import png

URL, KEY, SECRET = sys.argv[1:4]
ACCOUNT = "310f4f19-45cf-4429-9aae-8e93827ecb0d"
MANY = 40
session = requests.Session()
token = {"Authorization": f"Bearer {KEY}:{SECRET}"}
pair = {"Authorization": f"{KEY}:{SECRET}"}
key = {"x-api-key": f"{KEY}:{SECRET}"}
found = {}


def post(path, **arguments):
    answer = session.post(URL + path, timeout=30, **arguments)
    answer.raise_for_status()
    return answer


def note(name, value):
    found.setdefault(name, []).append(value)


def ticket(upload):
    note("path.ticket", upload["upload_url"].rsplit("/", 1)[1])


note("path.accountID", ACCOUNT)
note("header.x-moov-version", "v2024.01.00")
for n in range(MANY):
    # A server that was tried before has the earlier ones already.
    answer = session.post(
        f"{URL}/accounts/{ACCOUNT}/images", headers=token, files={"image": png(f"image {n}")}, timeout=30
    ).json()
    note("path.imageID", answer["imageID"])
    note("path.publicID", answer["publicID"])
    note("path.imageId", post("/media/image/upload", headers=pair, data=png(f"draft {n}")).text)
    name = post("/upload/image", headers=key, files={"image": png(f"file {n}")}).json()["data"]["key"]
    note("path.file", name.rsplit("/", 1)[1])
    collection = post("/v1/collection", headers=token, json={"title": f"Collection {n}"}).json()["collection_id"]
    note("path.collection_id", collection)
    note("body.collection_id", collection)
    ticket(post(f"/v1/collection/{collection}/cover", headers=token).json()["collection_cover_upload"])
    # In collections of their own, which nobody deletes.
    own = post("/v1/collection", headers=token, json={}).json()["collection_id"]
    upload = post("/v1/upload_session", headers=token, json={"collection_id": own}).json()["upload_session_id"]
    note("path.upload_session_id", upload)
    track = post(f"/v1/upload/{upload}/track", json={"file_name": "a.mp3"}).json()
    note("path.track_id", track["track_id"])
    ticket(track["track_upload"])
    ticket(track["track_cover_upload"])
listed = session.get(f"{URL}/library/assets", headers=token, timeout=30).json()["assets"]
found["path.id"] = [asset["id"] for asset in listed]

print("[dictionaries]")
for name, values in found.items():
    print(f'{json.dumps(name.replace(".", "-"))} = {{ values = {json.dumps(values)} }}')
print("[parameters]")
for name in found:
    print(f'{json.dumps(name)} = {{ dictionary = {json.dumps(name.replace(".", "-"))}, probability = 0.8 }}')
