"""Pillow in process."""

from io import BytesIO

import PIL
from PIL import Image, ImageOps, features
from protocol import batch, each, serve

LANCZOS = Image.Resampling.LANCZOS


def smaller(path, side):
    """`draft` has a JPEG decoded at the smallest scale that is not below the side."""
    picture = Image.open(path)
    picture.draft("RGB", (side, side))
    picture.thumbnail((side, side), LANCZOS)
    return ImageOps.exif_transpose(picture).convert("RGB")


def jpeg(picture):
    out = BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.tell()


def thumb(path):
    return jpeg(smaller(path, 320))


def three(path):
    picture = smaller(path, 1200)
    made = jpeg(picture)
    for side in (640, 320):
        picture.thumbnail((side, side), LANCZOS)
        made += jpeg(picture)
    return made


def check(path):
    Image.open(path).load()
    return 0


def png(side, out, path):
    smaller(path, int(side)).save(out, compress_level=1)
    return 0


def reference(side, out, path):
    """Decoded in full, then resampled; `side` is the longer one, the width."""
    picture = Image.open(path)
    height = round(int(side) * picture.height / picture.width)
    picture.resize((int(side), height), LANCZOS).save(out)
    return 0


serve(
    f"Pillow {PIL.__version__} (libjpeg-turbo {features.version('libjpeg_turbo')})",
    {
        "thumb": each(thumb),
        "three": each(three),
        "check": each(check),
        "png": png,
        "reference": reference,
        "batch-thumb": batch(thumb),
        "batch-three": batch(three),
    },
)
