"""The JPEG files and the covers."""

import numpy as np
from PIL import Image

from . import blobs, jpeg, scenes
from .facts import accepted, header, rejected, save, to_profile
from .scenes import H, W


def covers():
    release = {"audicient-release": "side_too_short"}
    for name, scene, draw, hue, options in (
        ("coral-sun", "sun", scenes.coral_sun, [0, 25], dict(quality=84)),
        ("teal-record", "rings", scenes.teal_record, [160, 195], dict(quality=76, subsampling="4:4:4")),
        ("violet-peaks", "peaks", scenes.violet_peaks, [250, 285], dict(quality=84, progressive=True)),
    ):
        accepted(
            f"covers/{name}.jpg",
            scene,
            save(scenes.image(draw(600, 600)), "JPEG", optimize=True, **options),
            "a cover with one plain accent",
            player_hue=hue,
            under=release,
        )
    accepted(
        "covers/release-3000.jpg",
        "release",
        save(scenes.image(scenes.release_square(3000)), "JPEG", quality=50, optimize=True, progressive=True),
        "large enough for release artwork",
        under={"audicient-release": "accepted"},
    )


def jpegs():
    hills, record, blocks, waves = (
        f(W, H) for f in (scenes.hills, scenes.record, scenes.blocks, scenes.waves)
    )
    still = scenes.image(hills)
    base = accepted(
        "jpeg/baseline-420.jpg",
        "hills",
        save(still, "JPEG", quality=86),
        "baseline, 4:2:0",
        near="png/rgb.png",
    )
    turned = lambda n: scenes.image(scenes.STORED_FOR[n](hills))
    accepted(
        "jpeg/grey-orientation-2.jpg",
        "record",
        save(
            scenes.image(scenes.STORED_FOR[2](record)).convert("L"),
            "JPEG",
            quality=86,
            exif=b"Exif\0\0" + blobs.exif(2),
        ),
        "one component, mirrored by EXIF",
        model="grey",
        orientation=2,
        player_grey=True,
    )
    accepted(
        "jpeg/orientation-3.jpg",
        "hills",
        save(turned(3), "JPEG", quality=86, exif=b"Exif\0\0" + blobs.exif(3)),
        "turned by 180 degrees by EXIF",
        orientation=3,
        near="png/rgb.png",
    )
    thumbnail = save(turned(6).resize((H // 2, W // 2)), "JPEG", quality=60)
    accepted(
        "jpeg/orientation-6-thumbnail.jpg",
        "hills",
        save(turned(6), "JPEG", quality=86, exif=b"Exif\0\0" + blobs.exif(6, thumbnail, big=True)),
        "turned by 90 degrees by EXIF, which also holds a thumbnail JPEG",
        orientation=6,
        near="png/rgb.png",
    )
    accepted(
        "jpeg/orientation-8.jpg",
        "hills",
        save(turned(8), "JPEG", quality=86, exif=b"Exif\0\0" + blobs.exif(8)),
        "turned by 270 degrees by EXIF",
        orientation=8,
        near="png/rgb.png",
    )
    adobe = blobs.adobe_rgb()
    wide = to_profile(scenes.image(waves), adobe)
    accepted(
        "jpeg/icc-adobe-422-restart.jpg",
        "waves",
        save(wide, "JPEG", quality=86, subsampling="4:2:2", restart_marker_blocks=3, icc_profile=adobe),
        "Adobe RGB, 4:2:2, a restart marker every third MCU",
        near="png/animated.png",
    )
    accepted(
        "jpeg/rgb-adobe.jpg",
        "blocks",
        save(scenes.image(blocks), "JPEG", quality=86, keep_rgb=True),
        "components are R, G and B: Adobe marker with transform 0",
        near="gif/still.gif",
    )
    inks = np.dstack([255 - scenes.bytes8(blocks), scenes.bytes8(np.linspace(0, 120, W)[None].repeat(H, 0))])
    accepted(
        "jpeg/cmyk.jpg",
        "blocks",
        save(Image.fromarray(inks, "CMYK"), "JPEG", quality=90),
        "four inks, inverted as Adobe writes them",
        model="cmyk",
        under={"audicient-release": "wrong_color_model"},
    )
    # YCCK: the inks as libjpeg sees them, inverted, through YCbCr; K stays. Pillow inverts on saving.
    ycck = np.dstack([np.rint(v) for v in jpeg.ycc(inks[..., :3])] + [255 - inks[..., 3]])
    data = bytearray(save(Image.fromarray((255 - ycck).astype("u1"), "CMYK"), "JPEG", quality=90))
    marker = jpeg.find(data, 0xEE)
    assert data[marker + 4 : marker + 9] == b"Adobe" and data[marker + 15] == 0
    data[marker + 15] = 2
    accepted(
        "jpeg/ycck.jpg",
        "blocks",
        bytes(data),
        "the same inks as YCCK: Adobe marker with transform 2",
        model="cmyk",
        near="jpeg/cmyk.jpg",
    )
    planes = jpeg.ycc(hills)
    accepted(
        "jpeg/non-interleaved.jpg",
        "hills",
        jpeg.sequential(planes, [6, 9, 9]),
        "baseline with a scan of its own for each component",
        near="png/rgb.png",
    )
    php = jpeg.after_soi(base, jpeg.segment(0xFE, blobs.PHP))
    accepted(
        "jpeg/php-comment.jpg",
        "hills",
        php,
        "PHP in a comment",
        findings=["embedded_script"],
        same_image_as="jpeg/baseline-420.jpg",
        near="png/rgb.png",
    )
    accepted(
        "jpeg/html-tail.jpg",
        "hills",
        base + blobs.HTML,
        "HTML after the end: also a page",
        findings=["trailing_data"],
        same_image_as="jpeg/baseline-420.jpg",
        near="png/rgb.png",
    )
    camera = blobs.xmp(
        b'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MicroVideo="1" '
        b'GCamera:MicroVideoVersion="1" GCamera:MicroVideoOffset="%d"' % len(blobs.MOVIE)
    )
    motion = jpeg.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + camera)
    accepted(
        "jpeg/motion-photo.jpg",
        "hills",
        jpeg.after_soi(base, motion) + blobs.MOVIE,
        "a phone's still with a film after it",
        findings=["trailing_data"],
        same_image_as="jpeg/baseline-420.jpg",
        near="png/rgb.png",
    )
    accepted(
        "jpeg/two-pictures.jpg",
        "hills",
        save(still, "MPO", quality=86, save_all=True, append_images=[scenes.image(record)]),
        "a multi-picture file (CIPA DC-007): the second picture is announced, so it is no trailing data",
        same_image_as="jpeg/baseline-420.jpg",
        near="png/rgb.png",
    )
    accepted(
        "jpeg/no-eoi.jpg",
        "hills",
        base[:-2],
        "every block present, EOI missing",
        findings=["truncated"],
        lenient=True,
        same_image_as="jpeg/baseline-420.jpg",
        near="png/rgb.png",
    )
    rejected(
        "jpeg/cut-to-20-percent.jpg",
        base[: scan_share(base, 0.2)],
        "truncated",
        "a fifth of the entropy-coded data",
        pillow="refuses",
        **header("jpeg", (W, H)),
    )
    slow = save(still, "JPEG", quality=86, progressive=True)
    rejected(
        "jpeg/cut-progressive-to-60-percent.jpg",
        slow[: len(slow) * 3 // 5],
        "truncated",
        "the first three fifths of a progressive file",
        pillow="refuses",
        **header("jpeg", (W, H)),
    )
    rejected(
        "jpeg/twelve-bit.jpg",
        jpeg.sequential([p * 16 for p in planes], [48, 64, 64], depth=12),
        "unsupported",
        "extended sequential with 12 bits for each sample",
        pillow="refuses",
        format="jpeg",
    )
    rejected(
        "jpeg/height-in-dnl.jpg",
        jpeg.with_height_in_dnl(base),
        "unsupported",
        "the frame header leaves the height to a DNL segment",
        pillow="refuses",
        format="jpeg",
    )


def scan_share(data, share):
    """Where the given share of the scan ends: a cut that is in the picture, not in the tables."""
    start = jpeg.find(data, 0xDA)
    return start + int((len(data) - start) * share)
