//! Still PNG and WebP pictures, which are verified on the way to their pixels: the pixels and the
//! findings are those of the slower ways.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::reduce::Reduced;
use super::*;
use crate::container::samples::{riff_chunk, vp8x, webp};
use crate::container::walk;

fn structure(bytes: &[u8]) -> Structure {
    walk(Format::sniff(bytes).unwrap(), bytes, &Limits::default())
}

fn examined(bytes: &[u8], mode: Mode, scales: Scales) -> Examined {
    let accepts = |findings: &[Finding]| !findings.iter().any(Finding::is_error);
    let (limits, cancel) = (Limits::default(), Cancellation::new());
    examine(bytes, &structure(bytes), (mode, scales), &limits, &cancel, &accepts).unwrap()
}

fn at(bytes: &[u8], scales: Scales) -> (Pixels, Option<Pixels>) {
    let decoded = examined(bytes, Mode::Shown, scales).decoded.unwrap();
    let canonical = decoded.canonical.clone();
    (decoded.into_pixels().unwrap(), canonical)
}

/// By the crates' own decoding of the whole file.
fn decoded(bytes: &[u8], mode: Mode) -> Pixels {
    let (limits, cancel) = (Limits::default(), Cancellation::new());
    decode(bytes, &structure(bytes), mode, &limits, &cancel).unwrap().into_pixels().unwrap()
}

/// By its definition, from the full picture.
fn reduced(full: &Pixels, scale: Scale) -> Vec<u8> {
    let mut reduced = Reduced::new(full.size(), scale).unwrap();
    for y in 0..full.size().height {
        reduced.push(full.row(y).unwrap());
    }
    reduced.into_samples()
}

fn noise(length: usize) -> Vec<u8> {
    // Slopes with some noise, so that each filter is the best one somewhere.
    (0..length).map(|i| (i / 7 + i * i % 11 + (i / 300) * (i % 5)) as u8).collect()
}

fn pngs() -> Vec<Vec<u8>> {
    use ::png::{BitDepth as Depth, ColorType as Kind, Filter};
    let kinds = [
        (Kind::Grayscale, Depth::One),
        (Kind::Grayscale, Depth::Four),
        (Kind::Grayscale, Depth::Eight),
        (Kind::Grayscale, Depth::Sixteen),
        (Kind::GrayscaleAlpha, Depth::Eight),
        (Kind::GrayscaleAlpha, Depth::Sixteen),
        (Kind::Indexed, Depth::Two),
        (Kind::Indexed, Depth::Eight),
        (Kind::Rgb, Depth::Eight),
        (Kind::Rgb, Depth::Sixteen),
        (Kind::Rgba, Depth::Eight),
        (Kind::Rgba, Depth::Sixteen),
    ];
    let filters = [Filter::NoFilter, Filter::Sub, Filter::Up, Filter::Avg, Filter::Paeth];
    let mut files = Vec::new();
    for (kind, depth) in kinds {
        for filter in filters {
            for key in [false, true] {
                let (width, height) = (53, 22);
                let mut bytes = Vec::new();
                let mut encoder = ::png::Encoder::new(&mut bytes, width, height);
                encoder.set_color(kind);
                encoder.set_depth(depth);
                encoder.set_filter(filter);
                if kind == Kind::Indexed {
                    encoder.set_palette(noise(768)[..(3 << depth as usize)].to_vec());
                }
                match kind {
                    Kind::Indexed if key => encoder.set_trns(vec![7, 255, 0]),
                    Kind::Grayscale if key => encoder.set_trns(vec![0, 1]),
                    Kind::Rgb if key => encoder.set_trns(vec![0, 1, 0, 2, 0, 3]),
                    _ => {}
                }
                let row = (width as usize * kind.samples() * depth as usize).div_ceil(8);
                let mut writer = encoder.write_header().unwrap();
                writer.write_image_data(&noise(row * height as usize)).unwrap();
                writer.finish().unwrap();
                files.push(bytes);
            }
        }
    }
    files
}

fn lossy() -> [Vec<u8>; 2] {
    let whole = include_bytes!("../../testdata/webp/lossy.webp");
    let profile = include_bytes!("../../testdata/webp/icc-p3-xmp.webp");
    [whole.to_vec(), profile.to_vec()]
}

#[test]
fn pixels_are_those_of_the_crates_whatever_way_they_come() {
    let profile = include_bytes!("../../testdata/png/icc-p3.png").to_vec();
    let files = pngs().into_iter().chain(lossy()).chain([profile]);
    for (index, bytes) in files.enumerate() {
        for mode in [Mode::Stored, Mode::Shown] {
            let examined = examined(&bytes, mode, Scales::FULL);
            assert_eq!(examined.findings, []);
            let same = examined.decoded.unwrap().into_pixels().unwrap() == decoded(&bytes, mode);
            assert!(same, "file {index}, {mode:?}");
        }
    }
}

#[test]
fn reduced_pictures_are_the_means_of_the_full_one() {
    let [plain, _] = lossy();
    let files = pngs().into_iter().chain([plain]);
    let mut opaque = 0;
    for bytes in files.filter(|bytes| reduces(&structure(bytes))) {
        opaque += 1;
        let full = decoded(&bytes, Mode::Shown);
        for main in Scale::ALL {
            let (pixels, none) = at(&bytes, Scales { main, canonical: None, planar: false });
            assert_eq!(none, None);
            assert_eq!(pixels.size(), main.of(full.size()));
            assert!(pixels.samples() == reduced(&full, main), "{main:?}");
            for canonical in Scale::ALL.into_iter().filter(|canonical| *canonical != main) {
                let (first, second) =
                    at(&bytes, Scales { main, canonical: Some(canonical), planar: false });
                assert!(first == pixels, "{main:?} beside {canonical:?}");
                assert!(second.unwrap().samples() == reduced(&full, canonical));
            }
        }
    }
    assert!(opaque > 30, "{opaque}");
}

#[test]
fn transparent_animated_and_interlaced_files_are_not_reduced() {
    let files: [&[u8]; 7] = [
        include_bytes!("../../testdata/png/animated.png"),
        include_bytes!("../../testdata/png/interlaced.png"),
        include_bytes!("../../testdata/png/rgba.png"),
        include_bytes!("../../testdata/webp/alpha.webp"),
        include_bytes!("../../testdata/webp/animated.webp"),
        include_bytes!("../../testdata/webp/lossless.webp"),
        include_bytes!("../../testdata/gif/animated.gif"),
    ];
    for bytes in files {
        assert!(!reduces(&structure(bytes)));
    }
    for bytes in lossy() {
        assert!(reduces(&structure(&bytes)));
    }
}

/// Bytes cut off, added and changed: what is found is what verifying finds, and there are pixels
/// unless that is an error.
#[test]
fn decoding_finds_what_verifying_finds() {
    let [lossy, _] = lossy();
    let length = u32::from_le_bytes(lossy[16..20].try_into().unwrap()) as usize;
    let picture = &lossy[20..20 + length];
    let mut pictures: Vec<Vec<u8>> = Vec::new();
    pictures.extend((1..40).map(|cut| picture[..picture.len() - cut].to_vec()));
    pictures.extend(
        (0..6).flat_map(|more| {
            [0, 1, 255].map(|byte| [picture, vec![byte; more].as_slice()].concat())
        }),
    );
    pictures.extend((10..picture.len()).flat_map(|at| {
        [0xff, 0x80, 1].map(|flip| {
            let mut damaged = picture.to_vec();
            damaged[at] ^= flip;
            damaged
        })
    }));
    let mut files: Vec<Vec<u8>> = pictures
        .iter()
        .flat_map(|picture| {
            // The flag for alpha without any: RGBA.
            let extended = [vp8x(0x10, 84, 63), riff_chunk(*b"VP8 ", picture)];
            [webp(&[riff_chunk(*b"VP8 ", picture)]), webp(&extended)]
        })
        .collect();
    for png in pngs().into_iter().step_by(17) {
        files.extend((40..png.len()).step_by(3).map(|at| {
            let mut damaged = png.clone();
            damaged[at] ^= 0x40;
            damaged
        }));
    }
    let mut seen = std::collections::BTreeSet::new();
    for bytes in files {
        let structure = structure(&bytes);
        if structure.findings.iter().any(Finding::is_error) {
            continue;
        }
        let (limits, cancel) = (Limits::default(), Cancellation::new());
        let findings = verify(&bytes, &structure, &limits, &cancel).unwrap();
        let wrong = findings.iter().any(Finding::is_error);
        let quarter = Scales { main: Scale::Quarter, canonical: None, planar: false };
        let scales = if reduces(&structure) { quarter } else { Scales::FULL };
        let examined = examined(&bytes, Mode::Shown, scales);
        assert_eq!(examined.findings, findings);
        assert_eq!(examined.decoded.is_none(), wrong);
        seen.extend(findings.iter().map(Finding::code));
        seen.insert(if wrong { "no pixels" } else { "pixels" });
    }
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        ["corrupt", "irregular", "no pixels", "pixels", "truncated", "unsupported"]
    );
}

#[test]
fn small_scales_need_little_memory() {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, 3_000, 2_000);
    encoder.set_color(::png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![7; 3_000 * 2_000 * 3]).unwrap();
    drop(writer);
    let structure = structure(&bytes);
    let needed = |scales| memory_needed(&structure, Mode::Shown, scales) >> 20;
    let full = needed(Scales::FULL);
    let eighth = needed(Scales { main: Scale::Eighth, canonical: None, planar: false });
    assert!(full >= 17 && eighth < 5, "{full} and {eighth} MiB");
}
