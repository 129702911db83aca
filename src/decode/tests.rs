#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::borrow::Cow;

use super::*;
use crate::container::{JpegTransform, Part, PartKind, PartName, walk};
use crate::geometry::Orientation;

fn structure(format: Format, width: u32, height: u32) -> Structure {
    let mut structure = Structure::new(format);
    structure.stored = Size::new(width, height);
    structure.frames = 1;
    structure
}

fn part(name: &[u8], kind: PartKind, depth: u8, payload: std::ops::Range<usize>) -> Part {
    let payload = payload.start as u64..payload.end as u64;
    Part { name: PartName::new(name), kind, span: payload.clone(), payload, depth }
}

fn run(bytes: &[u8], structure: &Structure, mode: Mode) -> Result<Decoded, Stop> {
    decode(bytes, structure, mode, &Limits::default(), &Cancellation::new())
}

fn samples(bytes: &[u8], structure: &Structure, mode: Mode) -> Vec<u8> {
    run(bytes, structure, mode).unwrap().into_pixels().unwrap().into_samples()
}

/// A PNG of one row and 3 pixels.
fn png(
    kind: ::png::ColorType,
    depth: ::png::BitDepth,
    row: &[u8],
    more: &[(&str, &[u8])],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, 3, 1);
    encoder.set_color(kind);
    encoder.set_depth(depth);
    for (name, payload) in more {
        match *name {
            "PLTE" => encoder.set_palette(payload.to_vec()),
            "tRNS" => encoder.set_trns(payload.to_vec()),
            _ => unreachable!(),
        }
    }
    encoder.write_header().unwrap().write_image_data(row).unwrap();
    bytes
}

#[test]
fn png_samples_of_every_kind_become_rgba() {
    use ::png::BitDepth as Depth;
    use ::png::ColorType as Kind;
    let file = structure(Format::Png, 3, 1);
    let stored = |bytes: Vec<u8>| samples(&bytes, &file, Mode::Stored);

    let grey = png(Kind::Grayscale, Depth::Two, &[0b00_10_11_00], &[]);
    assert_eq!(stored(grey), [0, 0, 0, 255, 170, 170, 170, 255, 255, 255, 255, 255]);
    let keyed = png(Kind::Grayscale, Depth::Eight, &[5, 6, 7], &[("tRNS", &[0, 6])]);
    assert_eq!(stored(keyed), [5, 5, 5, 255, 6, 6, 6, 0, 7, 7, 7, 255]);
    let deep = png(Kind::Grayscale, Depth::Sixteen, &[0, 0, 0x80, 0, 0xFF, 0xFF], &[]);
    assert_eq!(stored(deep), [0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]);
    let palette: [(&str, &[u8]); 2] = [("PLTE", &[1, 2, 3, 4, 5, 6]), ("tRNS", &[9])];
    let indexed = png(Kind::Indexed, Depth::One, &[0b0100_0000], &palette);
    assert_eq!(stored(indexed), [1, 2, 3, 9, 4, 5, 6, 255, 1, 2, 3, 9]);
    let key = [0, 4, 0, 5, 0, 6];
    let rgb = png(Kind::Rgb, Depth::Eight, &[1, 2, 3, 4, 5, 6, 7, 8, 9], &[("tRNS", &key)]);
    assert_eq!(stored(rgb), [1, 2, 3, 255, 4, 5, 6, 0, 7, 8, 9, 255]);
    let with_alpha = png(Kind::GrayscaleAlpha, Depth::Eight, &[1, 2, 3, 4, 5, 6], &[]);
    assert_eq!(stored(with_alpha), [1, 1, 1, 2, 3, 3, 3, 4, 5, 5, 5, 6]);
    // Two colours that differ in the lower byte alone: one is the key.
    let close = [1, 0, 2, 0, 3, 0, 1, 1, 2, 0, 3, 0, 255, 255, 0, 0, 0, 0];
    let key = [1, 1, 2, 0, 3, 0];
    let deep = png(Kind::Rgb, Depth::Sixteen, &close, &[("tRNS", &key)]);
    assert_eq!(stored(deep), [1, 2, 3, 255, 1, 2, 3, 0, 255, 0, 0, 255]);
}

#[test]
fn png_chunks_say_how_colors_are_meant() {
    let mut bytes = png(::png::ColorType::Grayscale, ::png::BitDepth::Eight, &[0, 128, 255], &[]);
    let mut file = structure(Format::Png, 3, 1);
    assert_eq!(samples(&bytes, &file, Mode::Shown), [0, 0, 0, 128, 128, 128, 255, 255, 255]);

    let at = bytes.len();
    bytes.extend(100_000_u32.to_be_bytes());
    file.parts = vec![part(b"gAMA", PartKind::Color, 0, at..at + 4)];
    assert_eq!(samples(&bytes, &file, Mode::Shown)[3], 188);
    assert_eq!(samples(&bytes, &file, Mode::Stored)[4], 128);
    // sRGB goes before gAMA.
    file.parts.push(part(b"sRGB", PartKind::Color, 0, at..at + 1));
    assert_eq!(samples(&bytes, &file, Mode::Shown)[3], 128);
    // A profile that is none is told of, and what comes next counts.
    file.icc.push(0..4);
    let decoded = run(&bytes, &file, Mode::Shown).unwrap();
    assert_eq!(decoded.findings[0].code(), "unusable_profile");
    assert_eq!(decoded.raster.pixels().unwrap().samples()[3], 128);
    // Behind the picture nothing counts.
    file.icc.clear();
    file.parts.insert(0, part(b"IDAT", PartKind::ImageData, 0, 0..0));
    assert_eq!(samples(&bytes, &file, Mode::Shown)[3], 128);
}

#[test]
fn cut_and_damaged_pngs_are_told_apart() {
    let bytes = png(::png::ColorType::Rgb, ::png::BitDepth::Eight, &[9; 9], &[]);
    let file = structure(Format::Png, 3, 1);
    let code = |bytes: &[u8], file: &Structure| match run(bytes, file, Mode::Shown).unwrap_err() {
        Stop::Finding(finding) => finding.code(),
        Stop::Cancelled => "cancelled",
    };
    assert_eq!(code(&bytes[..bytes.len() - 30], &file), "truncated");
    assert_eq!(code(&bytes, &structure(Format::Png, 4, 1)), "corrupt");
    let mut damaged = bytes.clone();
    let idat = bytes.windows(4).position(|w| w == b"IDAT").unwrap();
    damaged[idat + 6] ^= 0xFF;
    assert_eq!(code(&damaged, &file), "corrupt");
}

/// Two frames on 4×2: nothing to be seen in the first, one red pixel at (2, 1) in the second.
fn gif() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::gif::Encoder::new(&mut bytes, 4, 2, &[0, 0, 255, 255, 0, 0]).unwrap();
    let mut frame = ::gif::Frame {
        width: 2,
        height: 1,
        buffer: Cow::Borrowed(&[0, 0]),
        transparent: Some(0),
        ..::gif::Frame::default()
    };
    encoder.write_frame(&frame).unwrap();
    (frame.left, frame.top, frame.buffer) = (1, 1, Cow::Borrowed(&[0, 1][..]));
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    bytes
}

#[test]
fn the_first_frame_that_shows_something_is_taken() {
    let mut file = walk(Format::Gif, &gif(), &Limits::default());
    assert_eq!((file.stored, file.has_alpha), (Size::new(4, 2), true));
    let mut shown = [0; 32];
    shown[24..28].copy_from_slice(&[255, 0, 0, 255]);
    assert_eq!(samples(&gif(), &file, Mode::Shown), shown);
    assert_eq!(samples(&gif(), &file, Mode::Stored), [0; 32]);
    // Transparency that was not declared is not painted over.
    file.has_alpha = false;
    let pixels = run(&gif(), &file, Mode::Shown).unwrap().into_pixels().unwrap();
    assert_eq!(pixels.layout(), Layout::Rgba8);
}

/// A lossless WebP's coded picture.
fn lossless(width: u32, height: u32, rgba: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    image_webp::WebPEncoder::new(&mut bytes)
        .encode(rgba, width, height, image_webp::ColorType::Rgba8)
        .unwrap();
    let length = u32::from_le_bytes(bytes[16..20].try_into().unwrap()) as usize;
    bytes[20..20 + length].to_vec()
}

#[test]
fn webp_frames_are_laid_on_their_canvas() {
    let (clear, red) = (lossless(1, 1, &[9, 9, 9, 0]), lossless(1, 1, &[255, 0, 0, 128]));
    let mut bytes = Vec::new();
    let mut file = structure(Format::WebP, 4, 1);
    file.has_alpha = true;
    file.frames = 2;
    for (left, picture) in [(0_u8, &clear), (1, &red)] {
        // In units of two pixels; the other fields are 0, which means 1×1.
        let start = bytes.len();
        bytes.push(left);
        bytes.extend([0; 15]);
        let inside = bytes.len();
        bytes.extend(picture);
        file.parts.push(part(b"ANMF", PartKind::ImageData, 0, start..bytes.len()));
        file.parts.push(part(b"VP8L", PartKind::ImageData, 1, inside..bytes.len()));
    }
    let mut shown = [0; 16];
    shown[8..12].copy_from_slice(&[255, 0, 0, 128]);
    assert_eq!(samples(&bytes, &file, Mode::Shown), shown);
    // A frame that says it is larger than it is coded, and one that sticks out.
    bytes[6] = 1;
    assert!(run(&bytes, &file, Mode::Shown).is_err());
    (bytes[6], bytes[0]) = (0, 2);
    assert!(run(&bytes, &file, Mode::Shown).is_err());
}

#[test]
fn webp_stills_drop_alpha_that_is_not_declared() {
    let mut bytes = lossless(1, 2, &[1, 2, 3, 255, 4, 5, 6, 255]);
    let mut file = structure(Format::WebP, 1, 2);
    file.parts = vec![part(b"VP8L", PartKind::ImageData, 0, 0..bytes.len())];
    assert_eq!(samples(&bytes, &file, Mode::Shown), [1, 2, 3, 4, 5, 6]);
    assert_eq!(samples(&bytes, &file, Mode::Stored), [1, 2, 3, 255, 4, 5, 6, 255]);
    bytes.truncate(3);
    file.parts[0].payload.end = 3;
    assert!(run(&bytes, &file, Mode::Shown).is_err());
}

fn jpeg(width: u16, height: u16, rgb: &[u8]) -> (Vec<u8>, Structure) {
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 100);
    encoder.encode(rgb, width, height, jpeg_encoder::ColorType::Rgb).unwrap();
    let file = crate::container::walk(Format::Jpeg, &bytes, &Limits::default());
    (bytes, file)
}

#[test]
fn jpegs_are_oriented_and_their_transform_is_the_structures() {
    // Left half red, right half blue.
    let row: Vec<u8> =
        (0..16).flat_map(|x| if x < 8 { [255, 0, 0] } else { [0, 0, 255] }).collect();
    let (bytes, mut file) = jpeg(16, 8, &row.repeat(8));
    file.orientation = Orientation::Rotate90;
    let pixels = run(&bytes, &file, Mode::Shown).unwrap().into_pixels().unwrap();
    assert_eq!(pixels.size(), Size::new(8, 16));
    let near =
        |pixel: &[u8], color: [u8; 3]| pixel.iter().zip(color).all(|(a, b)| a.abs_diff(b) < 8);
    assert!(near(&pixels.row(0).unwrap()[..3], [255, 0, 0]));
    assert!(near(&pixels.row(15).unwrap()[..3], [0, 0, 255]));
    let stored = run(&bytes, &file, Mode::Stored).unwrap().into_pixels().unwrap();
    assert_eq!((stored.size(), stored.layout()), (Size::new(16, 8), Layout::Rgba8));
    assert_eq!(stored.samples()[3], 255);
    // The same components taken as RGB are luma and chroma: red is (76, 85, 255).
    file.jpeg.transform = JpegTransform::None;
    let raw = run(&bytes, &file, Mode::Stored).unwrap().into_pixels().unwrap();
    assert!(near(&raw.samples()[..3], [76, 85, 255]), "{:?}", &raw.samples()[..3]);
}

#[test]
fn a_panic_is_a_finding() {
    let caught = guarded::<()>("there", || panic!("on purpose"));
    let Err(Stop::Finding(finding)) = caught else { panic!("{caught:?}") };
    assert_eq!(*finding.kind(), FindingKind::Internal { stage: "there" });
    assert_eq!(guarded("there", || Ok(1)), Ok(1));
}

#[test]
fn a_raised_flag_stops_every_format() {
    let cancel = Cancellation::new();
    cancel.cancel();
    for format in Format::ALL {
        let file = structure(format, 1, 1);
        let stopped = decode(b"", &file, Mode::Shown, &Limits::default(), &cancel);
        assert_eq!(stopped.unwrap_err(), Stop::Cancelled);
    }
}

#[test]
fn the_largest_pictures_of_the_default_limits_fit() {
    let mut file = structure(Format::Png, 7_000, 7_000);
    (file.has_alpha, file.bit_depth) = (true, 16);
    assert!(memory_needed(&file, Mode::Shown, Scales::FULL) <= Limits::default().max_memory);
    let mut file = structure(Format::WebP, 7_000, 7_000);
    file.parts = vec![part(b"VP8L", PartKind::ImageData, 0, 0..1 << 20)];
    assert!(memory_needed(&file, Mode::Shown, Scales::FULL) <= Limits::default().max_memory);
    let mut file = structure(Format::Jpeg, 8_160, 6_120);
    file.orientation = Orientation::Rotate90;
    (file.jpeg.components, file.jpeg.blocks) = (3, 8_160 * 6_120 / 64 * 3 / 2);
    file.jpeg.sampling = [(2, 2), (1, 1), (1, 1), (0, 0)];
    assert!(memory_needed(&file, Mode::Shown, Scales::FULL) <= Limits::default().max_memory);
    file.jpeg.progressive = true;
    assert!(memory_needed(&file, Mode::Shown, Scales::FULL) > Limits::default().max_memory);
}
