#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::geometry::{Orientation, Size};

/// A file put together part by part: four bytes of header, the payload, four of checksum.
struct File {
    structure: Structure,
    bytes: Vec<u8>,
}

impl File {
    fn new(format: Format) -> Self {
        let mut structure = Structure::new(format);
        structure.stored = Size::new(4, 3);
        Self { structure, bytes: Vec::new() }
    }

    fn part(mut self, name: &str, kind: PartKind, payload: &[u8]) -> Self {
        let start = self.bytes.len() as u64;
        let inner = start + 4..start + 4 + payload.len() as u64;
        self.bytes.extend_from_slice(b"head");
        self.bytes.extend_from_slice(payload);
        self.bytes.extend_from_slice(b"sum!");
        self.structure.parts.push(Part {
            name: PartName::new(name.as_bytes()),
            kind,
            span: start..inner.end + 4,
            payload: inner,
            depth: 0,
        });
        self
    }

    fn header(self, name: &str, payload: &[u8]) -> Self {
        self.part(name, PartKind::Header, payload)
    }

    fn data(self, name: &str, payload: &[u8]) -> Self {
        self.part(name, PartKind::ImageData, payload)
    }

    fn metadata(self, name: &str, payload: &[u8]) -> Self {
        self.part(name, PartKind::Metadata, payload)
    }

    /// The last part's payload from `from` on is a piece of the profile.
    fn profile(mut self, from: u64) -> Self {
        let payload = self.structure.parts.last().unwrap().payload.clone();
        self.structure.icc.push(payload.start + from..payload.end);
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Structure)) -> Self {
        change(&mut self.structure);
        self
    }

    fn digest(&self) -> ImageDigest {
        ImageDigest::of(&self.structure, &self.bytes)
    }
}

fn png() -> File {
    File::new(Format::Png).header("IHDR", b"4x3")
}

fn jpeg() -> File {
    File::new(Format::Jpeg)
        .header("DQT", b"quantisers")
        .header("SOF0", b"4x3")
        .header("DHT", b"codes")
        .header("SOS", b"all")
        .data("scan", b"coded blocks")
}

/// Digests are stored for years: a change here needs another number in the tag.
#[test]
fn digests_do_not_change_from_version_to_version() {
    let file = jpeg().with(|s| s.orientation = Orientation::Rotate180);
    assert_eq!(
        file.digest().to_string(),
        "c9b7c5343e530eeb2dbfde433bdac730562b880b53f117c70efa1a7fa1bfdcd9"
    );
}

#[test]
fn metadata_ends_and_trailing_bytes_do_not_count() {
    let plain = png().data("IDAT", b"pixels");
    let rich = File::new(Format::Png)
        .part("signature", PartKind::Neutral, b"png")
        .header("IHDR", b"4x3")
        .metadata("tEXt", b"caption")
        .part("pHYs", PartKind::Neutral, b"72 dpi")
        .data("IDAT", b"pixels")
        .metadata("eXIf", b"camera")
        .part("IEND", PartKind::Neutral, b"")
        .part("trailing", PartKind::Trailing, b"more");
    assert_eq!(plain.digest(), rich.digest());
}

#[test]
fn every_thing_that_is_shown_counts() {
    let plain = || png().data("IDAT", b"pixels");
    let others = [
        png().data("IDAT", b"pixelz"),
        png().header("PLTE", b"red").data("IDAT", b"pixels"),
        png().part("gAMA", PartKind::Color, b"45455").data("IDAT", b"pixels"),
        png().part("iCCP", PartKind::Color, b"name\0profile").profile(5).data("IDAT", b"pixels"),
        plain().with(|s| s.orientation = Orientation::Rotate90),
        plain().with(|s| s.stored = Size::new(3, 4)),
        plain().with(|s| s.format = Format::Gif),
    ];
    let mut digests: Vec<ImageDigest> = others.iter().map(File::digest).collect();
    digests.push(plain().digest());
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), others.len() + 1);
}

#[test]
fn how_idat_is_cut_does_not_matter_but_where_the_cut_moves_bytes_between_parts_does() {
    let whole = png().data("IDAT", b"pixels");
    let cut = png().data("IDAT", b"pi").data("IDAT", b"").data("IDAT", b"xels");
    assert_eq!(whole.digest(), cut.digest());
    assert_ne!(whole.digest(), png().header("PLTE", b"pi").data("IDAT", b"xels").digest());
}

#[test]
fn frame_data_is_one_stream_whatever_its_sequence_numbers() {
    let frames = |first: &[&[u8]], timing: &[u8]| {
        let mut file = png().data("IDAT", b"still").header("fcTL", b"\x00\x00\x00\x00100 ms");
        for piece in first {
            file = file.data("fdAT", piece);
        }
        file.header("fcTL", timing).data("fdAT", b"9999second")
    };
    let whole = frames(&[b"\0\0\0\x01first"], b"\0\0\0\x02200 ms");
    assert_eq!(
        whole.digest(),
        frames(&[b"\0\0\0\x01fi", b"\0\0\0\x02rst"], b"\0\0\0\x03200 ms").digest(),
    );
    assert_ne!(whole.digest(), frames(&[b"\0\0\0\x01first"], b"\0\0\0\x02300 ms").digest());
}

#[test]
fn a_profile_counts_by_its_bytes_not_by_its_pieces_or_its_name() {
    let jpeg_with = |pieces: &[&[u8]]| {
        let mut file = File::new(Format::Jpeg);
        for piece in pieces {
            let payload = [b"ICC_PROFILE\0??", *piece].concat();
            file = file.part("APP2", PartKind::Color, &payload).profile(14);
        }
        file.header("SOF0", b"4x3").data("scan", b"coded blocks").digest()
    };
    assert_eq!(jpeg_with(&[b"wide gamut"]), jpeg_with(&[b"wide", b" gamut"]));
    assert_ne!(jpeg_with(&[b"wide gamut"]), jpeg_with(&[b"some gamut"]));
    let png_with = |name: &[u8]| {
        let payload = [name, b"\0deflated"].concat();
        let file = png().part("iCCP", PartKind::Color, &payload).profile(name.len() as u64 + 1);
        file.data("IDAT", b"pixels").digest()
    };
    assert_eq!(png_with(b"sRGB"), png_with(b"my monitor"));
}

#[test]
fn of_a_jpeg_the_transform_counts_and_not_the_segment_that_says_so() {
    let plain = jpeg().digest();
    let jfif = |density: &[u8]| jpeg().part("APP0", PartKind::Header, density).digest();
    assert_eq!(jfif(b"JFIF 72 dpi"), jfif(b"JFIF 96 dpi"));
    assert_eq!(jfif(b"JFIF 72 dpi"), plain);
    assert_ne!(jpeg().with(|s| s.jpeg.transform = JpegTransform::None).digest(), plain);
    assert_ne!(jpeg().with(|s| s.jpeg.transform = JpegTransform::Ycck).digest(), plain);
}

#[test]
fn inverted_inks_are_another_picture() {
    let inks = || {
        jpeg().with(|s| {
            s.jpeg.transform = JpegTransform::None;
            s.jpeg.components = 4;
        })
    };
    let adobe = |payload| inks().part("APP14", PartKind::Header, payload).digest();
    assert_ne!(inks().digest(), adobe(b"Adobe\0d\0\0\0\0\0"));
    assert_eq!(inks().digest(), adobe(b"Ducky"));
}

#[test]
fn a_bare_webp_equals_the_same_in_the_extended_layout() {
    let bare = File::new(Format::WebP).data("VP8 ", b"frame").digest();
    let extended = |alpha| {
        File::new(Format::WebP)
            .part("RIFF", PartKind::Header, b"anything")
            .header("VP8X", b"flags")
            .header("canvas", b"4x3")
            .data("VP8 ", b"frame")
            .metadata("EXIF", b"camera")
            .with(|s| s.has_alpha = alpha)
            .digest()
    };
    assert_eq!(bare, extended(false));
    assert_ne!(bare, extended(true));
}

#[test]
fn what_is_nested_in_a_frame_enters_by_its_own_kind() {
    let frame = |note: &[u8]| {
        let file =
            File::new(Format::WebP).header("ANIM", b"loop").header("ANMF", b"at 0,0 for 40 ms");
        let mut file = file.data("VP8L", b"pixels").metadata("note", note);
        let end = file.bytes.len() as u64;
        let parts = &mut file.structure.parts;
        parts[1].payload.end = end;
        parts[1].span.end = end;
        parts[2].depth = 1;
        parts[3].depth = 1;
        file.digest()
    };
    assert_eq!(frame(b"short"), frame(b"a longer note"));
}

#[test]
fn frames_of_a_gif_stay_apart() {
    let one = File::new(Format::Gif).data("image", b"first second");
    let two = File::new(Format::Gif).data("image", b"first").data("image", b" second");
    assert_ne!(one.digest(), two.digest());
}

#[test]
fn files_without_a_picture_differ_as_their_bytes_do() {
    let a = File::new(Format::Jpeg).metadata("APP1", b"a");
    let b = File::new(Format::Jpeg).metadata("APP1", b"b");
    assert_ne!(a.digest(), b.digest());
}

#[test]
fn spans_beyond_the_end_of_a_file_are_cut_and_what_is_there_counts() {
    let cut = |payload: &[u8]| {
        let mut file = png().data("IDAT", payload);
        file.bytes.truncate(file.bytes.len() - 6);
        file.digest()
    };
    assert_ne!(cut(b"pixels"), cut(b"pixALs"));
    let wild = png().data("IDAT", b"x").with(|s| s.parts[1].payload = u64::MAX - 1..u64::MAX);
    let backwards = png().data("IDAT", b"x").with(|s| {
        #[allow(clippy::reversed_empty_ranges)]
        let span = 9..3;
        s.parts[1].payload = span;
    });
    assert_eq!(wild.digest(), backwards.digest());
}
