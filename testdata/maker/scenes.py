"""Pictures out of arithmetic: a few compositions that look like cover art.

Every scene takes a width and a height and gives an array of h × w × 3 floats, 0..255. Shapes have
soft edges (one pixel wide at any size), and a little grain keeps palettes and hashes honest.
"""

import numpy as np
from PIL import Image

W, H = 126, 94  # most pictures: no multiple of 16, so the last blocks are partial


def axes(w, h):
    """Coordinates of the pixel centres; x and y run 0..1 over the shorter side."""
    side = min(w, h)
    y, x = np.mgrid[0:h, 0:w]
    return (x + 0.5) / side, (y + 0.5) / side, 1.0 / side


def mix(picture, colour, mask):
    mask = np.clip(mask, 0, 1)[..., None]
    return picture * (1 - mask) + np.array(colour, float) * mask


def ramp(at, *stops):
    """A gradient: `at` runs 0..1, stops are colours at equal distances."""
    places = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(at, places, [s[i] for s in stops]) for i in range(3)], -1)


def disc(x, y, cx, cy, r, px):
    return (r - np.hypot(x - cx, y - cy)) / px + 0.5


def grain(picture, seed, amount):
    noise = np.random.RandomState(seed).normal(0, 1, picture.shape[:2])
    return np.clip(picture + amount * noise[..., None], 0, 255)


def hills(w, h, seed=1, sun=0.62, amount=2.0):
    """A low sun over three rows of hills: orange, rose and violet."""
    x, y, px = axes(w, h)
    p = ramp(np.clip(y, 0, 1), (70, 40, 110), (225, 95, 90), (255, 190, 90), (255, 225, 160))
    p = mix(p, (255, 244, 200), disc(x, y, sun, 0.42, 0.16, px))
    for i, colour in enumerate([(150, 60, 100), (90, 40, 95), (38, 22, 60)]):
        line = 0.58 + 0.13 * i + 0.06 * np.sin(x * (5 + 2 * i) + 1.7 * i) + 0.02 * np.sin(x * 19 + i)
        p = mix(p, colour, (y - line) / px + 0.5)
    return grain(p, seed, amount)


def record(w, h, seed=2, label=(235, 95, 70), ground=(20, 120, 115), amount=2.0):
    """A record with its grooves on a plain ground."""
    x, y, px = axes(w, h)
    cx, cy = w * px / 2, h * px / 2
    p = ramp(np.clip((x + y) / 2, 0, 1), [c * 1.15 for c in ground], [c * 0.6 for c in ground])
    r = np.hypot(x - cx, y - cy)
    light = 24 + 12 * np.cos(2 * (np.arctan2(y - cy, x - cx) - 0.8)) + 7 * np.sin(r * 110)
    black = np.clip((0.44 - r) / px + 0.5, 0, 1)[..., None]
    p = p * (1 - black) + light[..., None] * black
    p = mix(p, label, disc(x, y, cx, cy, 0.16, px))
    p = mix(p, (245, 240, 225), disc(x, y, cx, cy, 0.025, px))
    return grain(p, seed, amount)


def blocks(w, h, seed=3, shift=0.0, amount=1.5):
    """Squares, a half disc and bars: red, blue and yellow on paper."""
    x, y, px = axes(w, h)
    wide, tall = w * px, h * px
    p = ramp(np.clip(y / tall, 0, 1), (240, 232, 214), (226, 216, 196))

    def box(l, t, r, b):
        return (
            np.minimum(np.minimum(x - l * wide, r * wide - x), np.minimum(y - t * tall, b * tall - y)) / px
            + 0.5
        )

    p = mix(p, (205, 45, 40), box(0.08 + shift, 0.1, 0.45 + shift, 0.6))
    p = mix(p, (28, 70, 160), np.minimum(disc(x, y, 0.66 * wide, 0.5 * tall, 0.3, px), (y - 0.5 * tall) / px))
    p = mix(p, (240, 190, 40), box(0.55, 0.12, 0.92, 0.3))
    for i in range(4):
        p = mix(p, (35, 32, 36), box(0.1, 0.7 + 0.06 * i, 0.4, 0.725 + 0.06 * i))
    return grain(p, seed, amount)


def waves(w, h, seed=4, phase=0.0, amount=1.5):
    """Interlocking bands of blue and green with a bright spot."""
    x, y, px = axes(w, h)
    p = ramp(np.clip(y, 0, 1), (12, 32, 74), (16, 92, 140))
    for i in range(6):
        line = 0.15 + 0.15 * i + 0.05 * np.sin(6 * x + 1.3 * i + phase)
        colour = ramp(np.array(i / 5), (30, 160, 190), (70, 205, 150), (190, 235, 160))
        p = mix(p, colour, 0.5 + (0.03 - np.abs(y - line)) / px)
    p = mix(p, (250, 90, 160), disc(x, y, 0.8, 0.25, 0.1, px))
    return grain(p, seed, amount)


def coral_sun(w, h):
    """A cover: one coral disc over dark bars on paper."""
    x, y, px = axes(w, h)
    p = ramp(np.clip((x + y) / 2, 0, 1), (246, 240, 228), (232, 222, 206))
    p = mix(p, (238, 92, 66), disc(x, y, 0.5, 0.46, 0.34, px))
    p = mix(
        p, (247, 140, 104), np.minimum(disc(x, y, 0.5, 0.46, 0.34, px), disc(x, y, 0.4, 0.34, 0.3, px)) * 0.5
    )
    for i in range(5):
        line = 0.62 + 0.065 * i
        half = 0.008 + 0.004 * i
        p = mix(p, (44, 40, 46), 0.5 + (half - np.abs(y - line - 0.012 * np.sin(8 * x + i))) / px)
    return grain(p, 11, 1.6)


def teal_record(w, h):
    """A cover: rings of teal light on near black."""
    x, y, px = axes(w, h)
    r = np.hypot(x - 0.5, y - 0.5)
    p = ramp(np.clip(r * 1.4, 0, 1), (20, 26, 30), (10, 13, 16))
    for i in range(7):
        strength = 0.95 - 0.1 * i
        mask = np.clip(0.5 + (0.014 - np.abs(r - 0.1 - 0.052 * i)) / px, 0, 1) * strength
        p = mix(p, (24, 184, 172), mask)
    p = mix(p, (44, 206, 190), disc(x, y, 0.5, 0.5, 0.07, px))
    p = mix(p, (12, 16, 19), disc(x, y, 0.5, 0.5, 0.012, px))
    return grain(p, 12, 1.6)


def violet_peaks(w, h):
    """A cover: violet ridges under a pale moon, greys around them."""
    x, y, px = axes(w, h)
    p = ramp(np.clip(y, 0, 1), (52, 52, 56), (104, 102, 110))
    p = mix(p, (214, 212, 216), disc(x, y, 0.72, 0.22, 0.09, px))
    for i, colour in enumerate([(150, 104, 232), (118, 66, 206), (74, 38, 138)]):
        line = 0.42 + 0.16 * i + 0.17 * np.abs(((x * (1.6 + 0.5 * i) + 0.21 * i) % 1) - 0.5)
        p = mix(p, colour, (y - line) / px + 0.5)
    return grain(p, 13, 1.6)


def release_square(side):
    """A large square of broad shapes that costs few bytes."""
    x, y, px = axes(side, side)
    p = ramp(np.clip(y, 0, 1), (248, 244, 236), (236, 226, 208))
    p = mix(p, (24, 92, 96), disc(x, y, 0.5, 0.52, 0.36, px))
    p = mix(p, (244, 176, 62), disc(x, y, 0.62, 0.4, 0.17, px))
    return np.clip(p, 0, 255)


def veil(w, h):
    """Alpha that falls from full to nothing: a soft disc."""
    x, y, px = axes(w, h)
    r = np.hypot(x - w * px / 2, y - h * px / 2)
    return np.clip((0.62 - r) / 0.25, 0, 1) * 255


def bytes8(picture):
    return np.rint(picture).astype("u1")


def image(picture, alpha=None):
    """A Pillow picture of an array, with alpha when given."""
    rgb = Image.fromarray(bytes8(picture))
    if alpha is not None:
        rgb.putalpha(Image.fromarray(bytes8(alpha)))
    return rgb


# What has to be stored so that EXIF orientation n shows the upright picture: the inverse of what a
# viewer does (Exif 2.32, tag 0x0112).
STORED_FOR = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}
