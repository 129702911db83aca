"""Makes the files that are measured from photographs, the same ones on every run.

make.py PHOTOS OUT rows|batch|quality|cost
"""

import random
import sys
from pathlib import Path

from PIL import Image

PHOTOGRAPHS = [
    "Kleiber_by_Lukas_Baubkus",
    "Dragonfly_by_Bolly",
    "seeding_by_Clements_Engelhardt",
    "sunset_by_Aitzol_Berasategi",
    "Wine_by_Jakkub_Mede",
    "umang_by_Abhishek_Mudgal",
    "picosdeeuropa_by_Aitzol_Berasategi",
    "life_by_Aitzol_Berasategi",
]


def baseline(picture, path):
    picture.save(path, "JPEG", quality=90, subsampling="4:2:0")


def progressive(picture, path):
    picture.save(path, "JPEG", quality=90, subsampling="4:2:0", progressive=True)


def png(picture, path):
    picture.save(path, "PNG")


def lossy(picture, path):
    picture.save(path, "WEBP", quality=90, method=4)


def lossless(picture, path):
    picture.save(path, "WEBP", lossless=True, quality=20, method=1)


def gif(picture, path):
    picture.quantize(256, dither=Image.Dither.NONE).save(path, "GIF")


KINDS = {
    "baseline": (baseline, "jpg"),
    "progressive": (progressive, "jpg"),
    "png": (png, "png"),
    "lossy": (lossy, "webp"),
    "lossless": (lossless, "webp"),
    "gif": (gif, "gif"),
}


def four_by_three(picture):
    """The largest middle part of 4:3 whose sides divide by 4 and 3."""
    unit = min(picture.width // 4, picture.height // 3)
    width, height = unit * 4, unit * 3
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def sized(picture, width):
    return four_by_three(picture).resize((width, width * 3 // 4), Image.Resampling.LANCZOS)


def write(out, name, kind, picture):
    save, extension = KINDS[kind]
    path = out / f"{name}.{extension}"
    if not path.exists():
        part = path.with_suffix(".part")
        save(picture, part)
        part.rename(path)


def rows(photos, out):
    """Two photographs, a soft one and a detailed one, at 12 and 9 megapixels."""
    for name, photo in [("soft", photos[0]), ("detailed", photos[6])]:
        twelve, nine = sized(photo, 4000), sized(photo, 3464)
        for kind in KINDS:
            jpeg = kind in ("baseline", "progressive")
            write(out, f"{kind}-{name}", kind, twelve if jpeg else nine)


def batch(photos, out):
    """200 files as people upload them: mostly JPEG, half a megapixel to twelve."""
    chance = random.Random(200)
    kinds = ["baseline"] * 100 + ["progressive"] * 30 + ["png"] * 40 + ["lossy"] * 25 + ["gif"] * 5
    for number, kind in enumerate(chance.sample(kinds, len(kinds))):
        largest = 4000 if kind in ("baseline", "progressive") else 2000
        width = chance.randrange(800, largest, 4)
        write(out, f"{number:03}-{kind}", kind, sized(photos[number % len(photos)], width))


def quality(photos, out):
    for name, photo in zip(PHOTOGRAPHS, photos):
        write(out, name.split("_")[0].lower(), "baseline", four_by_three(photo))


def cost(photos, out):
    """Mosaics of cells of about a tenth of a megapixel, so that all sizes hold alike content."""
    chance = random.Random(50)
    width, height = 368, 272
    for side in (1, 2, 3, 5, 7, 10, 16, 22):
        mosaic = Image.new("RGB", (side * width, side * height))
        for cell in range(side * side):
            photo = photos[cell % len(photos)]
            left = chance.randrange(photo.width - width)
            top = chance.randrange(photo.height - height)
            part = photo.crop((left, top, left + width, top + height))
            mosaic.paste(part, (cell % side * width, cell // side * height))
        for kind in KINDS:
            write(out, f"{kind}-{side:02}", kind, mosaic)


def main():
    photos, out, what = sys.argv[1:]
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    pictures = [Image.open(Path(photos) / f"{name}.jpg").convert("RGB") for name in PHOTOGRAPHS]
    {"rows": rows, "batch": batch, "quality": quality, "cost": cost}[what](pictures, out)


if __name__ == "__main__":
    main()
