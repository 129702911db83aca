//! Small files made on the spot, for tests that need one with a certain size or a certain defect.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::borrow::Cow;

/// A picture with some detail: RGB rows that differ everywhere.
pub(crate) fn rgb(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let mut samples = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let wave = (x * 7 + y * 3 + seed * 41) % 256;
            let block = if (x / 8 + y / 8 + seed).is_multiple_of(2) { 60 } else { 200 };
            samples.extend([wave as u8, block, ((x * y + seed) % 256) as u8]);
        }
    }
    samples
}

pub(crate) fn png(width: u32, height: u32, seed: u32) -> Vec<u8> {
    png_with(width, height, seed, |_| {})
}

pub(crate) fn png_with(
    width: u32,
    height: u32,
    seed: u32,
    set: impl FnOnce(&mut png::Encoder<'_, &mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    set(&mut encoder);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&rgb(width, height, seed)).unwrap();
    writer.finish().unwrap();
    bytes
}

pub(crate) fn apng(width: u32, height: u32, frames: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_animated(frames, 0).unwrap();
    encoder.set_frame_delay(1, 10).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for frame in 0..frames {
        writer.write_image_data(&rgb(width, height, frame)).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

pub(crate) fn jpeg(width: u16, height: u16, seed: u32) -> Vec<u8> {
    jpeg_with(width, height, seed, 85, |_| {})
}

pub(crate) fn jpeg_with(
    width: u16,
    height: u16,
    seed: u32,
    quality: u8,
    set: impl FnOnce(&mut jpeg_encoder::Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
    set(&mut encoder);
    let samples = rgb(u32::from(width), u32::from(height), seed);
    encoder.encode(&samples, width, height, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

pub(crate) fn cmyk_jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    let samples: Vec<u8> =
        (0..u32::from(width) * u32::from(height) * 4).map(|i| (i % 251) as u8).collect();
    encoder.encode(&samples, width, height, jpeg_encoder::ColorType::Cmyk).unwrap();
    bytes
}

/// Lossless.
pub(crate) fn webp(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    image_webp::WebPEncoder::new(&mut bytes)
        .encode(&rgb(width, height, seed), width, height, image_webp::ColorType::Rgb8)
        .unwrap();
    bytes
}

pub(crate) fn gif(width: u16, height: u16, frames: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let palette: Vec<u8> = (0..=255u8).flat_map(|i| [i, 255 - i, i / 2]).collect();
    let mut encoder = gif::Encoder::new(&mut bytes, width, height, &palette).unwrap();
    for number in 0..frames {
        let buffer = (0..u32::from(width) * u32::from(height))
            .map(|i| ((i + u32::from(number) * 7) % 256) as u8)
            .collect();
        let frame = gif::Frame {
            width,
            height,
            buffer: Cow::Owned(buffer),
            delay: 10,
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    bytes
}

/// The PNG with one more chunk before its IEND.
pub(crate) fn with_chunk(mut png: Vec<u8>, name: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let end = png.split_off(png.len() - 12);
    png.extend(chunk(name, payload));
    png.extend(end);
    png
}

/// A chunk of a PNG.
pub(crate) fn chunk(name: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&name);
    crc.update(payload);
    let length = (payload.len() as u32).to_be_bytes();
    [&length[..], &name, payload, &crc.finalize().to_be_bytes()].concat()
}

/// The JPEG with one more segment after its SOI.
pub(crate) fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xff, marker]);
    bytes.extend((payload.len() as u16 + 2).to_be_bytes());
    bytes.extend(payload);
    bytes.extend(&jpeg[2..]);
    bytes
}

/// An EXIF block that says this orientation and carries a description.
pub(crate) fn exif(orientation: u8, description: &str) -> Vec<u8> {
    let mut block = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    let text = [description.as_bytes(), b"\0\0\0\0"].concat();
    block.extend([0x01, 0x0e, 0, 2]);
    block.extend((text.len() as u32).to_be_bytes());
    block.extend(38u32.to_be_bytes());
    block.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    block.extend([0, 0, 0, 0]);
    block.extend(text);
    block
}
