//! What is measured.

use crate::peer::Peer::{self, Gatefold, Image, Pillow, Sharp, Vips};

/// One row of the table: the same work by several.
pub(crate) struct Row {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    /// A job on each of the files of this kind, in the processes that live on.
    Files(&'static str, &'static [(Peer, &'static str)]),
    /// A job on 200 files in a fresh process, two at a time.
    Batch(&'static [(Peer, &'static str)]),
    /// gatefold's walk alone, per MiB of the file.
    Inspect(&'static str),
}

const THUMB: &[(Peer, &str)] =
    &[(Gatefold, "thumb"), (Vips, "thumb"), (Sharp, "thumb"), (Pillow, "thumb"), (Image, "thumb")];
const PALETTE: &[(Peer, &str)] =
    &[(Gatefold, "palette"), (Vips, "three"), (Sharp, "three"), (Pillow, "three")];
const PROCESS: &[(Peer, &str)] =
    &[(Gatefold, "process"), (Vips, "three"), (Sharp, "three"), (Pillow, "three")];
const CHECK: &[(Peer, &str)] =
    &[(Gatefold, "check"), (Vips, "check"), (Sharp, "check"), (Pillow, "check")];
const BATCH_THUMB: &[(Peer, &str)] = &[
    (Gatefold, "batch-thumb"),
    (Vips, "batch-thumb"),
    (Sharp, "batch-thumb"),
    (Pillow, "batch-thumb"),
];
const BATCH_PROCESS: &[(Peer, &str)] = &[
    (Gatefold, "batch-process"),
    (Vips, "batch-three"),
    (Sharp, "batch-three"),
    (Pillow, "batch-three"),
];

const fn row(key: &'static str, title: &'static str, work: Work) -> Row {
    Row { key, title, work }
}

pub(crate) const ROWS: &[Row] = &[
    row("thumb", "12 MP JPEG → 320 px", Work::Files("baseline", THUMB)),
    row("thumb-progressive", "12 MP progressive JPEG → 320 px", Work::Files("progressive", THUMB)),
    row("thumb-png", "9 MP PNG → 320 px", Work::Files("png", THUMB)),
    LOSSY,
    row("palette", "12 MP JPEG → 3 sizes and colours", Work::Files("baseline", PALETTE)),
    row(
        "palette-progressive",
        "12 MP progressive JPEG → 3 sizes and colours",
        Work::Files("progressive", PALETTE),
    ),
    row("process", "12 MP JPEG, the whole `process`", Work::Files("baseline", PROCESS)),
    row("check", "12 MP JPEG, `check` against decoding", Work::Files("baseline", CHECK)),
    row("batch-thumb", "200 files → 320 px, 2 threads", Work::Batch(BATCH_THUMB)),
    row("batch-process", "200 files, the whole `process`, 2 threads", Work::Batch(BATCH_PROCESS)),
    row("inspect-baseline", "JPEG", Work::Inspect("baseline")),
    row("inspect-progressive", "progressive JPEG", Work::Inspect("progressive")),
    row("inspect-png", "PNG", Work::Inspect("png")),
    row("inspect-lossy", "lossy WebP", Work::Inspect("lossy")),
    row("inspect-lossless", "lossless WebP", Work::Inspect("lossless")),
    row("inspect-gif", "GIF", Work::Inspect("gif")),
];

const LOSSY: Row = if cfg!(feature = "libwebp") {
    row("thumb-webp-libwebp", LIBWEBP, Work::Files("lossy", THUMB))
} else {
    row("thumb-webp", "9 MP lossy WebP → 320 px", Work::Files("lossy", THUMB))
};
const LIBWEBP: &str = "9 MP lossy WebP → 320 px, feature `libwebp`";

/// The order of the table, in which both builds have a row.
pub(crate) fn place(key: &str) -> usize {
    let plain = |key: &str| key.trim_end_matches("-libwebp").split(':').next().map(str::to_owned);
    ROWS.iter().position(|row| plain(row.key) == plain(key)).unwrap_or(ROWS.len())
}

/// What each side does, for those who read the table.
pub(crate) const WORK: &str = "\
One thread (batches: two pictures at a time), processes that live on; median (least–most), per
picture. 3 sizes are 1200, 640 and 320 pixels on the longer side. Every job reads the file; JPEGs come out at quality 82, 4:2:0, without metadata.
Peers trust the file. gatefold walks it to its end, verifies every coded byte and takes two digests in
every job; `process` also finds colours and a perceptual hash, which the peers do not.
- gatefold: decoded as small as leaves 1.6 pixels (PNG, WebP: 2) per side for one of the output; Lanczos3.
- libvips: `thumbnail` (the same margin, Lanczos3) and `jpegsave`; of three sizes, each from the one before.
- sharp: `autoOrient`, `resize` (fit inside, Lanczos3), `jpeg`; of three sizes, each from the one before.
- Pillow: `draft` (decodes as small as is not below the output), `thumbnail` (Lanczos); the same way.
- image: decodes in full, `resize` with Lanczos3.
`check` reads every coded byte; peers decode in full into memory.";
