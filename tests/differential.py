#!/usr/bin/env python3
"""Do other decoders read what gatefold accepts?

    differential.py GATEFOLD FOLDER [--agree N] [--jobs N]

Runs `gatefold check --json FOLDER` and asks independent decoders about every accepted file: djpeg
(libjpeg-turbo), pngtopnm or pngcheck (libpng's checks), dwebp (libwebp; webpmux for animations),
giftopnm, and Pillow where this Python has it. Prints each file that fewer than N of them (two, or
as many as can be asked) decode, with what they said; exits with 1 when there are any. Decoders that
are not installed are left out and named on standard error.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

try:
    import warnings

    from PIL import Image, ImageSequence

    Image.init()
    Image.MAX_IMAGE_PIXELS = None
    warnings.simplefilter("ignore")
except ImportError:
    Image = None

# Seconds for one decoder on one file.
PATIENCE = 60
# Before what a decoder says that decoded the picture nevertheless.
GRUMBLES = "with a warning: "


def command(*words):
    """A decoder that reads the file and throws the picture away; its complaint, or None."""

    def ask(path):
        try:
            done = subprocess.run(
                [word.replace("{}", path) for word in words],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "took too long"
        if done.returncode == 0:
            return None
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        said = said[-1] if said else f"exit code {done.returncode}"
        # djpeg's way to say that the whole picture came out all the same.
        return GRUMBLES + said if words[0] == "djpeg" and done.returncode == 2 else said

    return ask if shutil.which(words[0]) else None


def pillow(path):
    """Every frame, in RGBA."""
    try:
        with Image.open(path, formats=["PNG", "JPEG", "WEBP", "GIF"]) as picture:
            for frame in ImageSequence.Iterator(picture):
                frame.convert("RGBA")
    except Exception as error:  # whatever it says is an answer
        return f"{type(error).__name__}: {error}"
    return None


DECODERS = {
    "jpeg": {"djpeg": command("djpeg", "{}")},
    "png": {"pngtopnm": command("pngtopnm", "{}"), "pngcheck": command("pngcheck", "-q", "{}")},
    "webp": {
        "dwebp": command("dwebp", "-quiet", "{}", "-o", os.devnull),
        "webpmux": command("webpmux", "-info", "{}"),
    },
    "gif": {"giftopnm": command("giftopnm", "-image=all", "{}")},
}
for decoders in DECODERS.values():
    decoders["Pillow"] = pillow if Image else None


def accepted(binary, folder):
    """Path and findings of each accepted file, by format."""
    done = subprocess.run([binary, "check", "--json", folder], stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{binary} ended with {done.returncode}")
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        if answer["verdict"] == "accepted":
            path = answer["path"]
            if not os.path.exists(path):
                path = os.path.join(folder, path)
            yield path, answer["format"], [finding["message"] for finding in answer["findings"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gatefold")
    parser.add_argument("folder")
    parser.add_argument("--agree", type=int, default=2, help="decoders that must agree (2)")
    parser.add_argument("--jobs", type=int, default=1, help="files asked about at once (1)")
    options = parser.parse_args()

    panel = {}
    for name, decoders in DECODERS.items():
        panel[name] = {who: ask for who, ask in decoders.items() if ask}
        missing = [who for who, ask in decoders.items() if not ask]
        if missing:
            print(f"{name}: not here: {', '.join(missing)}", file=sys.stderr)

    def ask(file):
        path, name, findings = file
        return path, name, findings, {who: ask(path) for who, ask in panel[name].items()}

    asked, apart = dict.fromkeys(DECODERS, 0), 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for path, name, findings, said in pool.map(ask, accepted(options.gatefold, options.folder)):
            asked[name] += 1
            # A warning agrees with a file that gatefold warns about, too.
            agree = sum(
                complaint is None or (bool(findings) and complaint.startswith(GRUMBLES))
                for complaint in said.values()
            )
            if agree < min(options.agree, len(said)):
                apart += 1
                print(f"{name} {os.path.relpath(path, options.folder)}")
                print(f"    gatefold: accepted, {'; '.join(findings) or 'nothing to report'}")
                for who, complaint in said.items():
                    print(f"    {who}: {complaint or 'decodes it'}")
    counts = ", ".join(f"{count} {name}" for name, count in asked.items())
    print(f"asked about {counts}; fewer than {options.agree} agree on {apart}")
    return 1 if apart else 0


if __name__ == "__main__":
    sys.exit(main())
