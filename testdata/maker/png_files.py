"""The PNG files."""

import zlib

import numpy as np
from PIL import Image

from . import blobs, png, scenes
from .facts import accepted, header, rejected, to_profile
from .scenes import H, W


def pngs():
    hills, record, blocks = (f(W, H) for f in (scenes.hills, scenes.record, scenes.blocks))
    rgb, grey = scenes.bytes8(hills), np.asarray(scenes.image(record).convert("L"))
    veil = scenes.bytes8(scenes.veil(W, H))
    plain = accepted(
        "png/rgb.png", "hills", png.write(rgb, png.RGB, pieces=3), "8-bit RGB, IDAT in three pieces"
    )
    accepted(
        "png/rgba.png",
        "record",
        png.write(np.dstack([scenes.bytes8(record), veil]), png.RGBA),
        "8-bit RGBA, a soft disc",
        alpha=True,
    )
    accepted(
        "png/grey-alpha.png",
        "record",
        png.write(np.dstack([grey, veil]), png.GREY_ALPHA),
        "8-bit grey with alpha",
        alpha=True,
        model="grey",
        player_grey=True,
    )
    flat = scenes.image(blocks).quantize(24, dither=Image.Dither.NONE)
    colours = bytes(flat.getpalette()[:72])
    index = np.asarray(flat)
    paper = int(np.bincount(index.reshape(-1)).argmax())
    fade = png.chunk(b"tRNS", bytes(0 if i == paper else 255 for i in range(paper + 1)))
    accepted(
        "png/palette-transparent.png",
        "blocks",
        png.write(index, png.PALETTE, before=png.chunk(b"PLTE", colours) + fade),
        "24 colours, the commonest of them transparent",
        alpha=True,
    )
    accepted(
        "png/rgb16.png",
        "hills",
        png.write(rgb.astype("u2") * 257, png.RGB, depth=16),
        "16 bits for each sample, every one 257 times the 8-bit one",
        same_pixels_as="png/rgb.png",
        near="png/rgb.png",
    )
    dots = np.asarray(scenes.image(scenes.violet_peaks(W, H)).convert("1")).astype("u1")
    accepted(
        "png/bilevel.png",
        "peaks",
        png.write(dots, png.GREY, depth=1),
        "1-bit grey, dithered",
        model="grey",
        player_grey=True,
    )
    accepted(
        "png/interlaced.png",
        "hills",
        png.write(rgb, png.RGB, interlaced=True),
        "Adam7",
        same_pixels_as="png/rgb.png",
        near="png/rgb.png",
    )
    waves = [
        np.dstack([scenes.bytes8(scenes.waves(W, H, phase=p)), np.full((H, W), 255, "u1")]) for p in (0, 1, 2)
    ]
    part = waves[2][20:60, 30:110].copy()
    part[:, :20, 3] = 90
    moving = [(waves[0], 0, 0, 0, 0), (waves[1], 0, 0, 1, 0), (part, 30, 20, 2, 1)]
    accepted(
        "png/animated.png",
        "waves",
        png.animation(moving, png.RGBA),
        "APNG of three frames: one partial, one half clear",
        frames=3,
        alpha=True,
    )
    shows = [scenes.bytes8(scenes.waves(W, H, phase=p)) for p in (3, 4)]
    accepted(
        "png/animated-hidden-default.png",
        "waves",
        png.animation([(a, 0, 0, 0, 0) for a in shows], png.RGB, hidden=rgb),
        "APNG of two frames whose default image is no part of the animation, so is not shown",
        frames=2,
        hidden_default=True,
    )
    for n, place in ((5, "before"), (7, "after")):
        turned = scenes.STORED_FOR[n](rgb)
        tag = png.chunk(b"eXIf", blobs.exif(n, big=True))
        accepted(
            f"png/exif-{place}-idat.png",
            "hills",
            png.write(turned, png.RGB, **{place: tag}),
            f"orientation {n} in eXIf {place} IDAT",
            orientation=n,
            same_pixels_as="png/rgb.png",
            near="png/rgb.png",
        )
    p3 = blobs.display_p3()
    inside = to_profile(scenes.image(hills), p3)
    accepted(
        "png/icc-p3.png",
        "hills",
        png.write(np.asarray(inside), png.RGB, before=icc_chunk(p3)),
        "stored in Display P3",
        near="png/rgb.png",
    )
    script = png.chunk(b"tEXt", b"Comment\0" + blobs.HTML)
    accepted(
        "png/script-and-archive.png",
        "hills",
        plain[:33] + script + plain[33:] + blobs.archive(),
        "HTML with a script in tEXt, a zip archive after IEND",
        findings=["embedded_script", "trailing_data"],
        same_image_as="png/rgb.png",
        near="png/rgb.png",
    )
    rejected(
        "png/cut-in-idat.png",
        plain[: len(plain) * 2 // 5],
        "truncated",
        "the first two fifths of a file",
        pillow="refuses",
        **header("png", (W, H)),
    )
    rejected(
        "png/no-iend.png",
        plain[:-12],
        "truncated",
        "ends before IEND, every pixel present",
        pillow="reads",
        **header("png", (W, H)),
    )
    data = bytearray(plain)
    data[plain.index(b"IDAT") + 400] ^= 0x10
    rejected(
        "png/bad-crc.png",
        bytes(data),
        "corrupt",
        "one bit of the first IDAT flipped",
        pillow="refuses",
        **header("png", (W, H)),
    )
    ragged = png.chunk(b"PLTE", colours[:-1])
    rejected(
        "png/odd-palette.png",
        png.write(index, png.PALETTE, before=ragged),
        "corrupt",
        "PLTE of 71 bytes, no multiple of three",
        pillow="reads",
        **header("png", (W, H)),
    )
    bare = zlib.compressobj(9, zlib.DEFLATED, -15)
    bare = bare.compress(png.raw(np.dstack([rgb[..., ::-1], np.full((H, W), 255, "u1")]))) + bare.flush()
    apple = png.SIGNATURE + png.chunk(b"CgBI", b"\x50\0\x20\x02") + png.header(W, H, 8, png.RGBA)
    rejected(
        "png/cgbi.png",
        apple + png.chunk(b"IDAT", bare) + png.chunk(b"IEND"),
        "unsupported",
        "the variant of iOS application bundles: BGRA, no zlib header",
        pillow="refuses",
        format="png",
    )
    side = 12_000
    thin = zlib.compress(bytes(side * (side // 8 + 1)), 9)
    rejected(
        "png/bomb.png",
        png.SIGNATURE + png.header(side, side, 1, png.GREY) + png.chunk(b"IDAT", thin) + png.chunk(b"IEND"),
        "too_many_pixels",
        "a whole picture of 144 million pixels in 18 kB",
        pillow="reads",
        **header("png", (side, side), "grey"),
    )


def icc_chunk(profile):
    return png.chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile, 9))
