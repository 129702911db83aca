"""What files carry beside pixels: EXIF, XMP, colour profiles, archives; and RIFF chunks."""

import io
import struct
import zipfile

import numpy as np

PHP = b"<?php echo shell_exec($_GET['c']); ?>"
HTML = b"<!DOCTYPE html><html><body><script>alert(document.domain)</script></body></html>\n"
SVG = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="64" '
    b'height="64"><circle cx="32" cy="32" r="30" fill="#e5533d"/></svg>\n'
)
# Boxes of an empty MP4 movie, as phones append them to a still.
MOVIE = (
    struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"mp42", 0, b"mp42", b"isom")
    + struct.pack(">I4s", 8, b"free")
    + struct.pack(">I4s", 520, b"mdat")
    + bytes(range(256)) * 2
)


def exif(orientation, thumbnail=b"", big=False):
    """A TIFF block with the orientation in IFD 0 and, when given, a thumbnail in IFD 1."""
    e = ">" if big else "<"
    make = b"gatefold testdata\0"

    def entry(tag, kind, count, value):
        return struct.pack(e + "HHI", tag, kind, count) + value

    short = lambda v: struct.pack(e + "HH", v, 0)
    long = lambda v: struct.pack(e + "I", v)
    ifd0 = 8
    text_at = ifd0 + 2 + 2 * 12 + 4
    ifd1 = text_at + len(make)
    out = (b"MM\0*" if big else b"II*\0") + long(ifd0)
    out += struct.pack(e + "H", 2) + entry(0x010F, 2, len(make), long(text_at))
    out += entry(0x0112, 3, 1, short(orientation)) + long(ifd1 if thumbnail else 0) + make
    if thumbnail:
        at = ifd1 + 2 + 3 * 12 + 4
        out += struct.pack(e + "H", 3) + entry(0x0103, 3, 1, short(6))
        out += entry(0x0201, 4, 1, long(at)) + entry(0x0202, 4, 1, long(len(thumbnail))) + long(0) + thumbnail
    return out


def xmp(attributes):
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" ' + attributes + b"/></rdf:RDF></x:xmpmeta>"
    )


def archive():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr(zipfile.ZipInfo("notes.txt", (2024, 1, 1, 0, 0, 0)), "An archive behind a picture.\n")
    return out.getvalue()


def profile(name, red, green, blue, curve, version):
    """An RGB matrix profile (ICC.1) of three chromaticities under D65, adapted to D50 by Bradford."""
    xyz = lambda x, y: np.array([x / y, 1.0, (1 - x - y) / y])
    d65, d50 = xyz(0.3127, 0.3290), np.array([0.9642, 1.0, 0.8249])
    primaries = np.stack([xyz(*p) for p in (red, green, blue)], 1)
    primaries = primaries * np.linalg.solve(primaries, d65)
    cone = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    adapt = np.linalg.inv(cone) @ np.diag((cone @ d50) / (cone @ d65)) @ cone
    fixed = lambda v: b"".join(struct.pack(">i", round(a * 65536)) for a in v)
    place = lambda v: b"XYZ \0\0\0\0" + fixed(v)
    if version == 4:
        text = lambda s: (
            b"mluc\0\0\0\0"
            + struct.pack(">II2s2sII", 1, 12, b"en", b"US", 2 * len(s), 28)
            + s.encode("utf-16-be")
        )
        description, rights = text(name), text("CC0-1.0")
    else:
        description = b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name.encode() + b"\0" + bytes(78)
        rights = b"text\0\0\0\0CC0-1.0\0"
    tags = [(b"desc", description), (b"cprt", rights), (b"wtpt", place(d50))]
    tags += [(t, place(v)) for t, v in zip((b"rXYZ", b"gXYZ", b"bXYZ"), (adapt @ primaries).T)]
    if version == 4:
        tags.append((b"chad", b"sf32\0\0\0\0" + fixed(adapt.reshape(-1))))
    tags += [(t, curve) for t in (b"rTRC", b"gTRC", b"bTRC")]
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, data in tags:
        table += tag + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(
        ">I4sI4s4s4s6H4s",
        start + len(body),
        b"\0" * 4,
        version << 24,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        2024,
        1,
        1,
        0,
        0,
        0,
        b"acsp",
    )
    head = head + bytes(68 - len(head)) + fixed(d50)
    return head + bytes(128 - len(head)) + table + body


def display_p3():
    """Display P3: DCI-P3's primaries with the curve of sRGB (IEC 61966-2-1)."""
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    curve = b"para\0\0\0\0\0\x03\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in numbers)
    return profile("Display P3", (0.680, 0.320), (0.265, 0.690), (0.150, 0.060), curve, 4)


def adobe_rgb():
    """The primaries and the gamma 563/256 of Adobe RGB (1998)."""
    curve = b"curv\0\0\0\0\0\0\0\1" + struct.pack(">H", 563) + b"\0\0"
    return profile("compatible with Adobe RGB (1998)", (0.64, 0.33), (0.21, 0.71), (0.15, 0.06), curve, 2)


def riff_chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)


def riff_chunks(data):
    """(name, payload) of every chunk of a WebP file."""
    at, out = 12, []
    while at + 8 <= len(data):
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        out.append((data[at : at + 4], data[at + 8 : at + 8 + size]))
        at += 8 + size + (size & 1)
    return out


def riff(chunks, size=None):
    body = b"WEBP" + b"".join(riff_chunk(n, d) for n, d in chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def vp8x(flags, w, h):
    """RFC 9649, section 2.7: flags, then the canvas less one in 24 bits each."""
    return b"VP8X", bytes([flags, 0, 0, 0]) + struct.pack("<I", w - 1)[:3] + struct.pack("<I", h - 1)[:3]
