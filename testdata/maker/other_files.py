"""GIF and WebP files, and what is no image."""

import numpy as np
from PIL import Image

from . import blobs, png, scenes
from .facts import accepted, header, rejected, save, to_profile
from .scenes import H, W


def gifs():
    flat = lambda scene, colours=32: scenes.image(scene).quantize(colours, dither=Image.Dither.NONE)
    blocks = flat(scenes.blocks(W, H))
    still = accepted("gif/still.gif", "blocks", save(blocks, "GIF", interlace=0), "one frame, 32 colours")
    ground = int(np.bincount(np.asarray(blocks).reshape(-1)).argmax())
    accepted(
        "gif/transparent-interlaced.gif",
        "blocks",
        save(blocks, "GIF", interlace=1, transparency=ground),
        "interlaced, the commonest colour transparent",
        alpha=True,
    )
    frames = [flat(scenes.blocks(W, H, shift=0.12 * i, amount=0), 16) for i in range(3)]
    moving = save(
        frames[0],
        "GIF",
        save_all=True,
        append_images=frames[1:],
        duration=[80, 120, 200],
        loop=0,
        disposal=[1, 2, 3],
        interlace=0,
    )
    assert [c >> 2 & 7 for c in controls(moving)] == [1, 2, 3]
    accepted(
        "gif/animated.gif",
        "blocks",
        moving,
        "three frames with the disposals keep, clear and restore",
        frames=3,
        alpha=any(c & 1 for c in controls(moving)),
    )
    comment = b"!\xfe" + bytes([len(blobs.HTML)]) + blobs.HTML + b"\0"
    at = still.index(b",", 13 + 3 * (2 << (still[10] & 7)))
    while still[at - 8 : at - 5] == b"!\xf9\x04":
        at -= 8
    accepted(
        "gif/script-and-tail.gif",
        "blocks",
        still[:at] + comment + still[at:] + b"\0" * 37,
        "HTML with a script in a comment, 37 bytes after the trailer",
        findings=["embedded_script", "trailing_data"],
        same_image_as="gif/still.gif",
        near="gif/still.gif",
    )
    rejected(
        "gif/cut.gif",
        still[: len(still) // 2],
        "truncated",
        "the first half of a file",
        pillow="refuses",
        **header("gif", (W, H)),
    )
    rejected(
        "gif/no-trailer.gif",
        still[:-1],
        "truncated",
        "ends before the trailer, every pixel present",
        pillow="reads",
        **header("gif", (W, H)),
    )


def controls(data):
    """The packed byte of every graphic control extension (GIF89a, section 23): disposal and whether
    an index is transparent."""
    found = []
    at = 13 + (3 * (2 << (data[10] & 7)) if data[10] & 0x80 else 0)
    while data[at] != 0x3B:
        if data[at] == 0x21:
            if data[at + 1] == 0xF9:
                found.append(data[at + 3])
            at += 2
        else:
            at += 11 + (3 * (2 << (data[at + 9] & 7)) if data[at + 9] & 0x80 else 0)
        while data[at]:
            at += data[at] + 1
        at += 1
    return found


def webps():
    hills, record = scenes.hills(W, H), scenes.record(W, H)
    still = scenes.image(hills)
    small = (84, 63)
    lossy = accepted(
        "webp/lossy.webp",
        "hills",
        save(still.resize(small), "WEBP", quality=84, method=6),
        "VP8, two thirds of the size",
        near="png/rgb.png",
    )
    accepted(
        "webp/lossless.webp",
        "hills",
        save(still, "WEBP", lossless=True, exact=True, method=6),
        "VP8L",
        same_pixels_as="png/rgb.png",
        near="png/rgb.png",
    )
    accepted(
        "webp/alpha.webp",
        "record",
        save(scenes.image(record, scenes.veil(W, H)), "WEBP", quality=84, method=6),
        "VP8 with ALPH",
        alpha=True,
        near="png/rgba.png",
    )
    frames = [scenes.image(scenes.waves(W, H, phase=p)) for p in (0, 1, 2)]
    moving = save(
        frames[0],
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=[80, 120, 200],
        loop=0,
        quality=80,
        method=6,
        allow_mixed=False,
    )
    alpha = bool(dict(blobs.riff_chunks(moving))[b"VP8X"][0] & 0x10)
    accepted(
        "webp/animated.webp", "waves", moving, "three frames", frames=3, alpha=alpha, near="png/animated.png"
    )
    turned = blobs.riff_chunks(save(scenes.image(scenes.STORED_FOR[6](hills)), "WEBP", quality=84, method=6))
    for name, prefix in (("exif-prefixed", b"Exif\0\0"), ("exif-bare", b"")):
        data = blobs.riff([blobs.vp8x(8, H, W), *turned, (b"EXIF", prefix + blobs.exif(6))])
        twin = {} if prefix else {"same_image_as": "webp/exif-prefixed.webp"}
        accepted(
            f"webp/{name}.webp",
            "hills",
            data,
            f"orientation 6 in EXIF {'with' if prefix else 'without'} the prefix of JPEG",
            orientation=6,
            near="png/rgb.png",
            **twin,
        )
    p3 = blobs.display_p3()
    inside = to_profile(still, p3)
    accepted(
        "webp/icc-p3-xmp.webp",
        "hills",
        save(
            inside,
            "WEBP",
            quality=90,
            method=6,
            icc_profile=p3,
            xmp=blobs.xmp(b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/webp"'),
        ),
        "stored in Display P3, with XMP",
        near="png/rgb.png",
    )
    rejected(
        "webp/cut.webp",
        lossy[: len(lossy) // 2],
        "truncated",
        "the first half of a file",
        pillow="refuses",
        **header("webp", small),
    )
    rejected(
        "webp/riff-too-long.webp",
        lossy[:4] + (1 << 24).to_bytes(4, "little") + lossy[8:],
        "truncated",
        "the RIFF header promises 16 MiB",
        **header("webp", small),
    )


def others():
    rejected("other/empty.png", b"", "empty", "no bytes")
    rejected("other/page.svg", blobs.SVG, "unknown_format", "a drawing in SVG")
    accepted(
        "other/png-called.jpg",
        "blocks",
        png.write(scenes.bytes8(scenes.blocks(W, H, shift=0.1)), png.RGB),
        "a PNG by content, a JPEG by name",
        findings=["spoofed_type"],
    )
