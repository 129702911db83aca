"""The Moov SDK for Python, unmodified, against a running gatefold.

Usage: moov.py URL ID SECRET
"""

import io
import struct
import sys
import uuid
import zlib

import httpx
from moovio_sdk import Moov
from moovio_sdk.models import components, errors

URL, KEY, SECRET = sys.argv[1:4]
ACCOUNT = str(uuid.uuid4())
MISSING = str(uuid.uuid4())
# What the client sends for a public link.
ACCEPT = "image/jpeg;q=1, image/png;q=0.7, image/webp;q=0"


def png(seed, width=640, height=480):
    """A picture that differs with its seed."""
    rows = b"".join(
        b"\0" + bytes((x * 3 + y * 5 + seed * (c + 1) * 17) % 256 for x in range(width) for c in range(3))
        for y in range(height)
    )

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


# Another run against the same server must not meet its own duplicates.
BASE = uuid.uuid4().int % 1_000_000


def image(seed, name="example.file"):
    return {"file_name": name, "content": png(BASE + seed, 64 + seed, 48)}


def refused(kind, status, call, **arguments):
    try:
        call(**arguments)
    except kind as error:
        got = error.raw_response
        assert got.status_code == status, (status, got.status_code, got.text)
        assert got.headers["x-request-id"], "no request id"
        return error
    raise AssertionError(f"{arguments} was not refused")


def main(moov, stranger):
    images = moov.images
    first = images.upload(account_id=ACCOUNT, image=image(1), metadata={"alt_text": "Red carton"})
    assert first.headers["x-request-id"], first
    first = first.result
    assert first.alt_text == "Red carton" and len(first.public_id) == 21
    assert first.link.endswith("/images/" + first.public_id)
    plain = images.upload(account_id=ACCOUNT, image={**image(2), "content": io.BytesIO(image(2)["content"])}).result
    assert plain.alt_text is None

    assert [i.image_id for i in images.list(account_id=ACCOUNT).result] == [plain.image_id, first.image_id]
    assert [i.image_id for i in images.list(account_id=ACCOUNT, skip=1, count=1).result] == [first.image_id]
    assert images.list(account_id=ACCOUNT, skip=5).result == []
    got = images.get_metadata(account_id=ACCOUNT, image_id=first.image_id).result
    assert got == first, (got, first)

    own = {"account_id": ACCOUNT, "image_id": first.image_id}
    kept = images.update(**own, image=image(3)).result
    assert (kept.alt_text, kept.public_id) == ("Red carton", first.public_id)
    assert kept.updated_on >= first.updated_on and kept.created_on == first.created_on
    assert images.update(**own, image=image(4), metadata={"alt_text": "Blue"}).result.alt_text == "Blue"
    assert images.update(**own, image=image(5), metadata={}).result.alt_text is None
    assert images.update_metadata(**own, alt_text="Green").result.alt_text == "Green"
    assert images.update_metadata(**own).result.alt_text is None

    public = images.get_public(public_id=first.public_id)
    assert public.result.headers["content-type"] == "image/jpeg", public.result.headers
    etag = public.result.headers["etag"]
    assert public.result.read()[:2] == b"\xff\xd8"
    small = images.get_public(public_id=first.public_id, size="32x0").result
    assert small.headers["etag"] != etag and len(small.read()) > 100
    # The client has no word for 304 and trips over its own error for it: that is what it must see.
    try:
        images.get_public(public_id=first.public_id, if_none_match=etag)
        raise AssertionError("an unchanged picture was sent again")
    except (errors.APIError, httpx.ResponseNotRead) as error:
        response = getattr(error, "raw_response", None)
        assert response is None or response.status_code == 304, response
    url = f"{URL}/images/{first.public_id}"
    assert httpx.get(url, headers={"accept": ACCEPT, "if-none-match": etag}).status_code == 304

    # Duplicates, of the same account and under replacing.
    for call, more in ((images.upload, {"account_id": ACCOUNT}), (images.update, own)):
        error = refused(errors.GenericError, 409, call, **more, image=image(2))
        assert error.data.error, error
        assert error.raw_response.json()["imageID"] == plain.image_id
    images.upload(account_id=str(uuid.uuid4()), image=image(2))

    broken = {"file_name": "x.png", "content": b"GIF89a nonsense"}
    for call, more in ((images.upload, {"account_id": ACCOUNT}), (images.update, own)):
        error = refused(errors.ImageRequestValidationError, 422, call, **more, image=broken)
        assert error.data.image, error
        long = {"alt_text": "x" * 126}
        error = refused(errors.ImageRequestValidationError, 422, call, **more, image=image(9), metadata=long)
        assert "125" in error.data.metadata.alt_text, error
        # A whole request above 16 MiB, which the client hears although it is still sending.
        large = {"file_name": "x.png", "content": bytes(20_000_000)}
        assert refused(errors.GenericError, 400, call, **more, image=large).data.error
    error = refused(errors.ImageMetadataValidationError, 422, images.update_metadata, **own, alt_text="x" * 126)
    assert "125" in error.data.alt_text, error

    refused(errors.APIError, 404, images.get_metadata, account_id=ACCOUNT, image_id=MISSING)
    refused(errors.APIError, 404, images.get_metadata, account_id=ACCOUNT, image_id="no-id")
    refused(errors.APIError, 404, images.update, account_id=ACCOUNT, image_id=MISSING, image=image(6))
    refused(errors.APIError, 404, images.delete, account_id=ACCOUNT, image_id=MISSING)
    refused(errors.APIError, 404, images.get_public, public_id="qJRAaAwwF5hmfeAFdHjIb")
    refused(errors.APIError, 400, images.get_public, public_id=first.public_id, size="0x0")
    refused(errors.APIError, 400, images.get_public, public_id=first.public_id, size="2049x1")
    refused(errors.APIError, 400, images.list, account_id=ACCOUNT, count=201)
    refused(errors.APIError, 401, stranger.images.list, account_id=ACCOUNT)
    refused(errors.APIError, 401, stranger.images.upload, account_id=ACCOUNT, image=image(7))

    images.delete(**own)
    assert images.get_metadata(**own).result.disabled_on is not None
    assert images.get_public(public_id=first.public_id).result.status_code == 200


def security(secret):
    return components.Security(username=KEY, password=secret)


with (
    Moov(server_url=URL, security=security(SECRET)) as moov,
    Moov(server_url=URL, security=security("wrong")) as stranger,
):
    main(moov, stranger)
print(f"moovio_sdk with httpx {httpx.__version__}: all passed")
