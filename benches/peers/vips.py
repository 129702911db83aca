"""libvips in process, through pyvips."""

import pyvips
from protocol import batch, each, serve

# Else a second run of a job would be answered from the first.
pyvips.cache_set_max(0)


def smaller(path, side):
    """Reads at a reduced scale where the format can, turns upright."""
    return pyvips.Image.thumbnail(path, side, height=side, size="down")


def jpeg(picture):
    return len(picture.jpegsave_buffer(Q=82, keep="none"))


def thumb(path):
    return jpeg(smaller(path, 320))


def three(path):
    picture = smaller(path, 1200).copy_memory()
    made = jpeg(picture)
    for side in (640, 320):
        picture = picture.thumbnail_image(side, height=side, size="down").copy_memory()
        made += jpeg(picture)
    return made


def check(path):
    pyvips.Image.new_from_file(path, access="sequential").copy_memory()
    return 0


def png(side, out, path):
    smaller(path, int(side)).pngsave(out, compression=1, keep="none")
    return 0


version = ".".join(str(pyvips.version(part)) for part in range(3))
serve(
    f"libvips {version}",
    {
        "thumb": each(thumb),
        "three": each(three),
        "check": each(check),
        "png": png,
        "batch-thumb": batch(thumb),
        "batch-three": batch(three),
    },
)
