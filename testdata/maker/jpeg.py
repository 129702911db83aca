"""A small sequential JPEG encoder for codings that Pillow does not write, and segment surgery
(ITU-T T.81)."""

import struct

import numpy as np

# Annex K.3: the typical tables, as counts of codes of 1..16 bits and the values in order.
DC_COUNTS = bytes([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
DC_VALUES = bytes(range(12))
AC_COUNTS = bytes([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D])
AC_VALUES = bytes.fromhex(
    "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728"
    "292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a83848586878889"
    "8a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2"
    "e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa"
)
# Figure A.6: the order of coefficients, as row * 8 + column.
ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, (i // 8 if (i // 8 + i % 8) % 2 else i % 8)))


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def codes(counts, values):
    """Annex C: value → (code, length)."""
    table, code, k = {}, 0, 0
    for bits, n in enumerate(counts, 1):
        for _ in range(n):
            table[values[k]] = (code, bits)
            code += 1
            k += 1
        code <<= 1
    return table


def coefficients(plane, step, depth):
    """Quantised blocks of one component in zigzag order; the edge is repeated to whole blocks."""
    h, w = plane.shape
    plane = np.pad(plane.astype(float), ((0, -h % 8), (0, -w % 8)), mode="edge") - (1 << (depth - 1))
    k, n = np.mgrid[0:8, 0:8]
    basis = np.cos((2 * n + 1) * k * np.pi / 16) / 2
    basis[0] /= np.sqrt(2)
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    tiles = plane.reshape(rows, 8, columns, 8).swapaxes(1, 2)
    quantised = np.rint(basis @ tiles @ basis.T / step).astype(int)
    return quantised.reshape(rows * columns, 64)[:, ZIGZAG]


class Bits:
    def __init__(self):
        self.text = []

    def put(self, value, length):
        if length:
            self.text.append(format(value & ((1 << length) - 1), f"0{length}b"))

    def done(self):
        text = "".join(self.text)
        text += "1" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")


def entropy(blocks):
    """F.1.2: one scan of one component."""
    dc, ac, bits, before = codes(DC_COUNTS, DC_VALUES), codes(AC_COUNTS, AC_VALUES), Bits(), 0

    def number(value):
        size = abs(int(value)).bit_length()
        return size, int(value) if value > 0 else int(value) - 1

    for block in blocks:
        size, extra = number(block[0] - before)
        before = block[0]
        bits.put(*dc[size])
        bits.put(extra, size)
        run = 0
        for value in block[1:]:
            if value == 0:
                run += 1
                continue
            while run > 15:
                bits.put(*ac[0xF0])
                run -= 16
            size, extra = number(value)
            bits.put(*ac[run << 4 | size])
            bits.put(extra, size)
            run = 0
        if run:
            bits.put(*ac[0])
    return bits.done()


def sequential(planes, steps, depth=8, app=b""):
    """One scan for each component, none subsampled: baseline at 8 bits, extended at 12."""
    h, w = planes[0].shape
    wide = max(steps) > 255
    out = [b"\xff\xd8", app]
    for i, step in enumerate(steps):
        values = struct.pack(">64H", *[step] * 64) if wide else bytes([step] * 64)
        out.append(segment(0xDB, bytes([(0x10 if wide else 0) | i]) + values))
    parts = b"".join(bytes([i + 1, 0x11, i]) for i in range(len(planes)))
    out.append(segment(0xC0 if depth == 8 else 0xC1, struct.pack(">BHHB", depth, h, w, len(planes)) + parts))
    out.append(segment(0xC4, b"\x00" + DC_COUNTS + DC_VALUES))
    out.append(segment(0xC4, b"\x10" + AC_COUNTS + AC_VALUES))
    for i, (plane, step) in enumerate(zip(planes, steps)):
        out.append(segment(0xDA, bytes([1, i + 1, 0x00, 0, 63, 0])))
        out.append(entropy(coefficients(plane, step, depth)))
    out.append(b"\xff\xd9")
    return b"".join(out)


def ycc(rgb):
    """JFIF: full-range BT.601."""
    r, g, b = np.moveaxis(rgb.astype(float), -1, 0)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    return [np.clip(v, 0, 255) for v in (y, (b - y) / 1.772 + 128, (r - y) / 1.402 + 128)]


def after_soi(data, *segments):
    return data[:2] + b"".join(segments) + data[2:]


def find(data, marker):
    """Where the first segment with this marker starts; pieces are walked, never searched."""
    at = 2
    while data[at + 1] != marker:
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return at


def with_height_in_dnl(data):
    """B.2.5: the frame header says 0 lines, a DNL segment after the first scan says how many."""
    at = find(data, 0xC0) + 5
    lines = data[at : at + 2]
    return data[:at] + b"\0\0" + data[at + 2 : -2] + segment(0xDC, lines) + data[-2:]
