"""Writes the files that clients upload: files.py DIRECTORY.

picture.png and second.png differ from run to run, for some APIs take no picture twice.
"""

import random
import struct
import sys
import zlib
from pathlib import Path


def png(width, height, seed):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    dice = random.Random(seed)
    red, green = dice.randrange(256), dice.randrange(256)
    row = b"\0" + b"".join(bytes((red, (x + green) % 256, 90)) for x in range(width))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    seeded = chunk(b"tEXt", b"Comment\0" + str(seed).encode())
    rows = zlib.compress(row * height, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + seeded + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def mp3(frames=38):
    """Silence at 128 kbit/s and 44.1 kHz: frames of 417 bytes (ISO/IEC 11172-3)."""
    return (b"\xff\xfb\x90\xc4" + bytes(413)) * frames


to = Path(sys.argv[1])
dice = random.SystemRandom()
(to / "picture.png").write_bytes(png(640, 480, dice.getrandbits(64)))
(to / "second.png").write_bytes(png(641, 480, dice.getrandbits(64)))
(to / "artwork.png").write_bytes(png(3000, 3000, 1))
(to / "track-1.mp3").write_bytes(mp3())
