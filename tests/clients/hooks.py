"""What schemathesis cannot know of itself: bytes that are a picture."""

import random
import struct
import zlib

import schemathesis
from hypothesis import strategies as st


def png(seed):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    dice = random.Random(seed)
    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + dice.randbytes(24) for _ in range(8))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PICTURES = st.integers(0, 2**32).map(png)
schemathesis.openapi.format("binary", PICTURES)
schemathesis.openapi.media_type("application/octet-stream", PICTURES)
