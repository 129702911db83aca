"""Files and what is true of them: every fact is asserted with Pillow before it is written down."""

import io
import json
import shutil
import subprocess

import numpy as np
from PIL import Image, ImageCms, ImageFile, ImageOps

FILES = []  # (facts, bytes)
SRGB = ImageCms.createProfile("sRGB")
Image.MAX_IMAGE_PIXELS = None


def save(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def to_profile(picture, icc):
    return ImageCms.profileToProfile(picture, SRGB, ImageCms.ImageCmsProfile(io.BytesIO(icc)))


def as_srgb(data, with_profile=True, frame=0):
    """One frame as shown: oriented, in sRGB, on white."""
    picture = Image.open(io.BytesIO(data))
    picture.seek(frame)
    icc = picture.info.get("icc_profile")
    picture = ImageOps.exif_transpose(picture)
    if icc and with_profile:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        picture = ImageCms.profileToProfile(picture.convert("RGB"), source, SRGB, outputMode="RGB")
    picture = picture.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(white, picture).convert("RGB")).astype(float)


def quarters(shown):
    """Mean colours: top left, top right, bottom left, bottom right."""
    h, w = shown.shape[0] // 2, shown.shape[1] // 2
    parts = [shown[:h, :w], shown[:h, -w:], shown[-h:, :w], shown[-h:, -w:]]
    return np.array([p.mean((0, 1)) for p in parts])


def hexes(colours):
    return ["#%02x%02x%02x" % tuple(round(v) for v in c) for c in colours]


def load_all(picture):
    for i in range(getattr(picture, "n_frames", 1)):
        picture.seek(i)
        picture.load()
    picture.seek(0)


def accepted(
    path,
    scene,
    data,
    what,
    *,
    alpha=False,
    model="rgb",
    frames=1,
    orientation=1,
    lenient=False,
    hidden_default=False,
    **facts,
):
    """A file that passes: Pillow must read all of it and agree with every fact."""
    # Pillow reads on past a missing end only when told to.
    ImageFile.LOAD_TRUNCATED_IMAGES = lenient
    picture = Image.open(io.BytesIO(data))
    stored = list(picture.size)
    load_all(picture)
    kind = picture.format.lower()
    if kind == "mpo":
        kind = "jpeg"
    else:
        # Pillow counts a default image that is no part of the animation as a frame.
        assert getattr(picture, "n_frames", 1) == frames + hidden_default, path
    assert picture.getexif().get(0x0112, 1) == orientation, path
    inks = {"1": "grey", "L": "grey", "LA": "grey", "CMYK": "cmyk"}
    assert inks.get(picture.mode, "rgb") == model, (path, picture.mode)
    declared = picture.mode in ("RGBA", "LA") or "transparency" in picture.info
    # What Pillow says of an animated GIF depends on the frame: see make.py for that one.
    assert declared == alpha or (kind == "gif" and frames > 1), (path, picture.mode)
    facts["quarters"] = hexes(quarters(as_srgb(data, frame=int(hidden_default))))
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    shown = stored[::-1] if orientation >= 5 else stored
    FILES.append(
        (
            dict(
                path=path,
                what=what,
                scene=scene,
                verdict="accepted",
                format=kind,
                stored=stored,
                shown=shown,
                orientation=orientation,
                frames=frames,
                has_alpha=alpha,
                color_model=model,
                **facts,
            ),
            data,
        )
    )
    return data


def rejected(path, data, code, what, *, pillow=None, **facts):
    """A file that does not pass. `pillow` is "refuses" where Pillow must fail to read it, and
    "reads" where it is known to let it pass."""
    if pillow:
        try:
            load_all(Image.open(io.BytesIO(data)))
            verdict = "reads"
        except (OSError, SyntaxError, ValueError, EOFError):
            verdict = "refuses"
        assert verdict == pillow, (path, verdict)
    FILES.append((dict(path=path, what=what, verdict="rejected", code=code, **facts), data))


def header(kind, size, color_model="rgb"):
    """What the header of a still that is cut, damaged or too large says."""
    return dict(
        format=kind,
        stored=list(size),
        shown=list(size),
        orientation=1,
        frames=1,
        has_alpha=False,
        color_model=color_model,
    )


def relations():
    """What is claimed of two files, Pillow must see; and a reader that ignores a profile must be
    far enough off to be caught."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    data = {f["path"]: b for f, b in FILES}
    for facts, b in FILES:
        for key, limit in (("same_image_as", 0), ("same_pixels_as", 0), ("near", 5)):
            if key in facts:
                one, two = as_srgb(b), as_srgb(data[facts[key]])
                assert limit or np.array_equal(one, two), (facts["path"], key)
                assert np.abs(quarters(one) - quarters(two)).max() <= limit, (facts["path"], key)
        if "icc" in facts["path"]:
            off = np.abs(quarters(as_srgb(b)) - quarters(as_srgb(b, with_profile=False))).max()
            assert off > 8, (facts["path"], off)
    ImageFile.LOAD_TRUNCATED_IMAGES = False


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


def manifest():
    lines = ["# Made by make.py, whose head explains the keys. All files: CC0-1.0.", ""]
    for facts, data in FILES:
        facts = dict(facts, bytes=len(data), source="made by testdata/make.py", license="CC0-1.0")
        lines += ["[[file]]"] + [f"{k} = {toml(v)}" for k, v in facts.items()] + [""]
    return "\n".join(lines).encode()


def tools(folder):
    """A second opinion from Debian's packages libjpeg-turbo-progs, pngcheck, webp and giflib-tools,
    where they are installed."""
    ask = {
        "png": ["pngcheck", "-q"],
        "jpeg": ["djpeg", "-outfile", "/dev/null"],
        "webp": ["dwebp", "-quiet", "-o", "/dev/null"],
        "gif": ["giftext"],
    }
    for facts, _ in FILES:
        command = ask.get(facts.get("format"))
        if facts.get("format") == "webp" and facts["frames"] > 1:
            command = ["webpinfo", "-quiet"]
        if command is None or shutil.which(command[0]) is None:
            continue
        run = subprocess.run(
            command + [str(folder / facts["path"])], capture_output=True, text=True, errors="replace"
        )
        well = run.returncode == 0 and not run.stderr.strip()
        note = (
            "" if well else (run.stderr or run.stdout).strip().splitlines()[0].replace(str(folder) + "/", "")
        )
        print(
            f"{facts['path']:42}{facts.get('code', 'accepted'):17}{command[0]:10}{'reads' if well else note[:90]}"
        )
