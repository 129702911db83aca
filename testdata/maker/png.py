"""A PNG writer that can also write what no sane one would (PNG specification, third edition)."""

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
# Clause 8.2: x and y of the first sample, then the steps.
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name, data=b"", crc=None):
    if crc is None:
        crc = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc & 0xFFFFFFFF)


def header(w, h, depth, colour, interlaced=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, interlaced))


def filtered(samples, depth):
    """Rows of one pass with the filter that leaves the least (clause 12.7); packed below 8 bits."""
    h, w, n = samples.shape
    if depth == 16:
        rows = np.stack([samples >> 8, samples & 255], -1).reshape(h, -1).astype(int)
        step = 2 * n
    elif depth == 8:
        rows = samples.reshape(h, -1).astype(int)
        step = n
    else:
        bits = (samples.reshape(h, w)[..., None] >> np.arange(depth - 1, -1, -1)) & 1
        packed = np.packbits(bits.reshape(h, -1).astype("u1"), axis=1)
        return b"".join(b"\0" + row.tobytes() for row in packed)
    out = []
    above = np.zeros_like(rows[0])
    for row in rows:
        left = np.concatenate([np.zeros(step, int), row[:-step]])
        corner = np.concatenate([np.zeros(step, int), above[:-step]])
        guess = left + above - corner
        a, b, c = np.abs(guess - left), np.abs(guess - above), np.abs(guess - corner)
        paeth = np.where((a <= b) & (a <= c), left, np.where(b <= c, above, corner))
        tries = [row, row - left, row - above, row - (left + above) // 2, row - paeth]
        tries = [(t & 255).astype("u1") for t in tries]
        cost = [np.abs(t.view("i1").astype(int)).sum() for t in tries]
        best = int(np.argmin(cost))
        out.append(bytes([best]) + tries[best].tobytes())
        above = row
    return b"".join(out)


def raw(samples, depth=8, interlaced=False):
    """What IDAT holds before it is deflated."""
    if not interlaced:
        return filtered(samples, depth)
    passes = [samples[y0::dy, x0::dx] for x0, y0, dx, dy in ADAM7]
    return b"".join(filtered(p, depth) for p in passes if p.size)


def cube(samples):
    return samples if samples.ndim == 3 else samples[..., None]


def write(samples, colour, depth=8, interlaced=False, before=b"", after=b"", pieces=1, end=True):
    """A whole file; `before` and `after` are chunks around IDAT, `pieces` splits IDAT."""
    samples = cube(samples)
    h, w, _ = samples.shape
    data = zlib.compress(raw(samples, depth, interlaced), 9)
    cuts = [len(data) * i // pieces for i in range(pieces + 1)]
    idat = b"".join(chunk(b"IDAT", data[a:b]) for a, b in zip(cuts, cuts[1:]))
    parts = [SIGNATURE, header(w, h, depth, colour, int(interlaced)), before, idat, after]
    return b"".join(parts) + (chunk(b"IEND") if end else b"")


def animation(frames, colour, hidden=None, delay=(1, 5)):
    """An APNG: `frames` are (samples, x, y, dispose, blend); `hidden` is a default image that is not
    part of the animation (clause 11.3.6)."""
    first = frames[0][0] if hidden is None else hidden
    h, w, _ = first.shape
    out = [SIGNATURE, header(w, h, 8, colour), chunk(b"acTL", struct.pack(">II", len(frames), 0))]
    sequence = 0
    if hidden is not None:
        out.append(chunk(b"IDAT", zlib.compress(raw(hidden), 9)))
    for i, (samples, x, y, dispose, blend) in enumerate(frames):
        fh, fw, _ = samples.shape
        out.append(chunk(b"fcTL", struct.pack(">5I2H2B", sequence, fw, fh, x, y, *delay, dispose, blend)))
        sequence += 1
        data = zlib.compress(raw(samples), 9)
        if i == 0 and hidden is None:
            out.append(chunk(b"IDAT", data))
        else:
            out.append(chunk(b"fdAT", struct.pack(">I", sequence) + data))
            sequence += 1
    out.append(chunk(b"IEND"))
    return b"".join(out)
