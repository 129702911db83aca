//! Small files made by hand, for tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;

pub(crate) fn chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = (data.len() as u32).to_be_bytes().to_vec();
    out.extend_from_slice(&name);
    out.extend_from_slice(data);
    let crc = crc32fast::hash(&out[4..]);
    out.extend_from_slice(&crc.to_be_bytes());
    out
}

pub(crate) fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn ihdr(width: u32, height: u32, depth: u8, color: u8, interlace: u8) -> Vec<u8> {
    let mut data = [width.to_be_bytes(), height.to_be_bytes()].concat();
    data.extend_from_slice(&[depth, color, 0, 0, interlace]);
    chunk(*b"IHDR", &data)
}

pub(crate) fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    out.extend(chunks.concat());
    out.extend(chunk(*b"IEND", b""));
    out
}

/// 8-bit grey rows of `width` pixels, filter bytes included.
pub(crate) fn grey_rows(width: usize, height: usize) -> Vec<u8> {
    [0].into_iter().chain((0..width).map(|x| x as u8)).collect::<Vec<u8>>().repeat(height)
}

pub(crate) fn grey_idat(width: usize, height: usize) -> Vec<u8> {
    chunk(*b"IDAT", &deflated(&grey_rows(width, height)))
}

pub(crate) fn grey_png() -> Vec<u8> {
    png(&[ihdr(4, 3, 8, 0, 0), grey_idat(4, 3)])
}

pub(crate) fn fctl(sequence: u32, size: (u32, u32), at: (u32, u32), delay: (u16, u16)) -> Vec<u8> {
    let mut data: Vec<u8> =
        [sequence, size.0, size.1, at.0, at.1].iter().flat_map(|v| v.to_be_bytes()).collect();
    data.extend_from_slice(&delay.0.to_be_bytes());
    data.extend_from_slice(&delay.1.to_be_bytes());
    data.extend_from_slice(&[0, 0]);
    chunk(*b"fcTL", &data)
}

pub(crate) fn fdat(sequence: u32, rows: &[u8]) -> Vec<u8> {
    let data = [sequence.to_be_bytes().to_vec(), deflated(rows)].concat();
    chunk(*b"fdAT", &data)
}

pub(crate) fn actl(frames: u32) -> Vec<u8> {
    chunk(*b"acTL", &[frames.to_be_bytes(), [0; 4]].concat())
}

/// EXIF whose only entry is the orientation.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0, 0]);
    block
}

/// A GIF head with a global table of four colours.
pub(crate) fn gif_head(width: u16, height: u16) -> Vec<u8> {
    let mut out = b"GIF89a".to_vec();
    out.extend_from_slice(&width.to_le_bytes());
    out.extend_from_slice(&height.to_le_bytes());
    out.extend_from_slice(&[0x81, 0, 0]);
    out.extend_from_slice(&[0; 12]);
    out
}

/// LZW codes of three bits: a clear code before every two pixels keeps the width.
pub(crate) fn lzw(pixels: usize, end: bool) -> Vec<u8> {
    let mut codes = Vec::new();
    for pixel in 0..pixels {
        if pixel % 2 == 0 {
            codes.push(4_u8);
        }
        codes.push((pixel % 4) as u8);
    }
    if end {
        codes.push(5);
    }
    packed(&codes, 3)
}

/// Codes of `width` bits, the least significant first.
pub(crate) fn packed(codes: &[u8], width: usize) -> Vec<u8> {
    let mut bits = Vec::new();
    for code in codes {
        bits.extend((0..width).map(|bit| code >> bit & 1));
    }
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |value, bit| value << 1 | bit);
    bits.chunks(8).map(byte).collect()
}

pub(crate) fn sub_blocks(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for block in data.chunks(255) {
        out.push(block.len() as u8);
        out.extend_from_slice(block);
    }
    out.push(0);
    out
}

pub(crate) fn gif_image(left: u16, width: u16, height: u16, data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x2c];
    for value in [left, 0, width, height] {
        out.extend_from_slice(&value.to_le_bytes());
    }
    out.extend_from_slice(&[0, 2]);
    out.extend(sub_blocks(data));
    out
}

pub(crate) fn gif_extension(label: u8, blocks: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![0x21, label];
    for block in blocks {
        out.push(block.len() as u8);
        out.extend_from_slice(block);
    }
    out.push(0);
    out
}

pub(crate) fn gif(blocks: &[Vec<u8>]) -> Vec<u8> {
    let mut out = gif_head(4, 3);
    out.extend(blocks.concat());
    out.push(0x3b);
    out
}

pub(crate) fn grey_gif() -> Vec<u8> {
    gif(&[gif_image(0, 4, 3, &lzw(12, true))])
}

pub(crate) fn riff_chunk(name: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = name.to_vec();
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

pub(crate) fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [b"WEBP".to_vec(), chunks.concat()].concat();
    [b"RIFF".to_vec(), (body.len() as u32).to_le_bytes().to_vec(), body].concat()
}

/// VP8L of 4 × 3 pixels, one bit each: green is 0 or 1, the rest is constant.
pub(crate) fn vp8l_data() -> Vec<u8> {
    let size: u32 = 3 | 2 << 14;
    let mut bits = vec![0, 0, 0];
    bits.extend([1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    bits.extend([1, 0, 0, 0].repeat(4));
    bits.extend([1, 0].repeat(6));
    [vec![0x2f], size.to_le_bytes().to_vec(), packed(&bits, 1)].concat()
}

pub(crate) fn vp8x(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let mut data = vec![flags, 0, 0, 0];
    data.extend_from_slice(&(width - 1).to_le_bytes()[..3]);
    data.extend_from_slice(&(height - 1).to_le_bytes()[..3]);
    riff_chunk(*b"VP8X", &data)
}

pub(crate) fn anmf(x: u32, size: (u32, u32), milliseconds: u32, image: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    for value in [x / 2, 0, size.0 - 1, size.1 - 1, milliseconds] {
        data.extend_from_slice(&value.to_le_bytes()[..3]);
    }
    data.push(0);
    data.extend_from_slice(image);
    riff_chunk(*b"ANMF", &data)
}

/// The boolean entropy encoder of RFC 6386 §7.3, one output bit at a time.
pub(crate) fn bool_coded(bits: &[(bool, u8)]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    let (mut bottom, mut range) = (0_u32, 255_u32);
    for &(bit, probability) in bits {
        let split = 1 + (((range - 1) * u32::from(probability)) >> 8);
        if bit {
            bottom += split;
            range -= split;
        } else {
            range = split;
        }
        if bottom > 255 {
            bottom -= 256;
            let last_zero = out.iter().rposition(|bit| *bit == 0).unwrap();
            out[last_zero..].iter_mut().for_each(|bit| *bit ^= 1);
        }
        while range < 128 {
            range <<= 1;
            out.push((bottom >> 7) as u8);
            bottom = bottom << 1 & 0xff;
        }
    }
    out.extend((0..8).map(|bit| (bottom >> (7 - bit)) as u8 & 1));
    let byte = |bits: &[u8]| bits.iter().fold(0, |value, bit| value << 1 | bit) << (8 - bits.len());
    out.chunks(8).map(byte).collect()
}
