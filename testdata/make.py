#!/usr/bin/env python3
"""Makes every file in this folder, and manifest.toml with what is true of each.

    python3 testdata/make.py            writes the files and the manifest, asserting every fact
    python3 testdata/make.py --check    writes nothing; tells which files would differ
    python3 testdata/make.py --tools    also asks djpeg, pngcheck, dwebp and giftext, where installed

Needs Python 3.9 or newer, Pillow (with WebP and LittleCMS) and numpy. Nothing is random: the same
versions give the same bytes (those committed: Pillow 13.0.0, numpy 2.4.6). Another libjpeg, libwebp
or zlib may code the same pictures differently; then the facts are asserted anew all the same.

The truth comes from Pillow (libjpeg-turbo, libwebp, its own PNG and GIF readers, LittleCMS) and from
how a file was put together, never from gatefold. All files are dedicated to the public domain:
CC0-1.0.

What the manifest says of a file, one [[file]] each; absent means "not known" or "not so":
  path, what          where it lies; what it is there for
  source, license     where it comes from
  verdict, code       under the default policy, claimed by its own name; code only when rejected
  findings            codes of the warnings that an accepted file earns, sorted; none when absent
  scene               what it shows; pictures of different scenes are not near each other
  format              by content: png, jpeg, webp or gif
  stored, shown       [width, height] in the file, and after orientation
  orientation         1..8; frames: 1 for a still; has_alpha: declared, used or not
  color_model         grey, rgb or cmyk
  bytes               size of the file
  same_image_as       same coded image, other metadata: equal ImageDigest
  same_pixels_as      same pixels as shown, in sRGB: equal PixelDigest
  near                a re-encode, a resize or the like: close PerceptualHash
  quarters            mean colours of the four quarters as shown, in sRGB on white: top left, top
                      right, bottom left, bottom right; good to 6 of 255
  player_hue          [from, to) in degrees (HSL) within which the player colour must lie, may wrap
  player_grey         the picture has no colour, so the player colour has none
  under               verdict under another preset: "accepted", or a code among its errors
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True

from maker import facts, jpeg_files, other_files, png_files

HERE = Path(__file__).resolve().parent


def main():
    for part in (
        jpeg_files.covers,
        png_files.pngs,
        jpeg_files.jpegs,
        other_files.gifs,
        other_files.webps,
        other_files.others,
    ):
        part()
    facts.relations()
    check = "--check" in sys.argv
    outputs = [(f["path"], data) for f, data in facts.FILES] + [("manifest.toml", facts.manifest())]
    differing = 0
    for path, data in outputs:
        target = HERE / path
        if not check:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        elif not target.exists() or target.read_bytes() != data:
            print("differs:", path)
            differing += 1
    total = sum(len(data) for _, data in facts.FILES)
    print(f"{len(facts.FILES)} files, {total} bytes" + (f", {differing} differ" if check else ""))
    if "--tools" in sys.argv:
        facts.tools(HERE)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
