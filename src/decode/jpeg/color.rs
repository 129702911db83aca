//! Rows of components into rows of pixels: ITU-T T.871 (JFIF) section 7.

use multiversion::multiversion;

/// Pixels that are converted together.
const PIXELS: usize = 16;

/// ITU-T T.871 section 7 in 16 fractional bits, each factor less a whole number so that it fits 16
/// bits: a pixel as its bytes in order, opaque.
#[inline(always)]
const fn pixel(y: u8, cb: u8, cr: u8) -> u32 {
    #[inline(always)]
    const fn byte(value: i32) -> u32 {
        if value < 0 {
            0
        } else if value > 255 {
            255
        } else {
            value as u32
        }
    }
    const HALF: i32 = 1 << 15;
    let (y, cb, cr) = (y as i32, cb as i32 - 128, cr as i32 - 128);
    // 1.402, -0.344136 and -0.714136, 1.772.
    let red = y + cr + ((26_345 * cr + HALF) >> 16);
    let green = y - cr + ((18_734 * cr - 22_554 * cb + HALF) >> 16);
    let blue = y + 2 * cb + ((HALF - 14_942 * cb) >> 16);
    byte(red) | byte(green) << 8 | byte(blue) << 16 | 0xff00_0000
}

/// One colour, for what is not converted by the row.
pub(super) fn ycc_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let [r, g, b, _] = pixel(y, cb, cr).to_le_bytes();
    [r, g, b]
}

/// Rows of Y, Cb and Cr into pixels of `channels` bytes, 3 or 4.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn ycc_row(rows: [&[u8]; 3], out: &mut [u8], channels: usize) {
    convert(rows, out, channels, pixel);
}

/// Rows of R, G and B likewise.
pub(super) fn rgb_row(rows: [&[u8]; 3], out: &mut [u8], channels: usize) {
    convert(rows, out, channels, |r, g, b| u32::from_le_bytes([r, g, b, 255]));
}

/// Rows of three components into pixels of `channels` bytes, each as `pixel` has it.
#[inline(always)]
pub(in crate::decode) fn convert(
    rows: [&[u8]; 3],
    out: &mut [u8],
    channels: usize,
    pixel: impl Fn(u8, u8, u8) -> u32 + Copy,
) {
    let [a, b, c] = rows.map(|row| row.as_chunks::<PIXELS>());
    let whole = out.len() / (PIXELS * channels.max(1)) * (PIXELS * channels);
    let (head, tail) = out.split_at_mut(whole);
    let chunks = a.0.iter().zip(b.0).zip(c.0);
    if channels == 3 {
        for (out, ((a, b), c)) in head.as_chunks_mut::<{ 3 * PIXELS }>().0.iter_mut().zip(chunks) {
            write_three(&words(a, b, c, pixel), out);
        }
    } else {
        for (out, ((a, b), c)) in head.as_chunks_mut::<{ 4 * PIXELS }>().0.iter_mut().zip(chunks) {
            for (out, word) in out.as_chunks_mut().0.iter_mut().zip(words(a, b, c, pixel)) {
                *out = word.to_le_bytes();
            }
        }
    }
    let done = whole / channels.max(1);
    let [a, b, c] = rows.map(|row| row.get(done..).unwrap_or_default());
    for (out, ((a, b), c)) in tail.chunks_exact_mut(channels).zip(a.iter().zip(b).zip(c)) {
        out.copy_from_slice(&pixel(*a, *b, *c).to_le_bytes()[..channels]);
    }
}

#[inline(always)]
fn words(
    a: &[u8; PIXELS],
    b: &[u8; PIXELS],
    c: &[u8; PIXELS],
    pixel: impl Fn(u8, u8, u8) -> u32,
) -> [u32; PIXELS] {
    let mut words = [0; PIXELS];
    for i in 0..PIXELS {
        words[i] = pixel(a[i], b[i], c[i]);
    }
    words
}

/// Drops every fourth byte: four pixels are three words.
#[inline(always)]
fn write_three(words: &[u32; PIXELS], out: &mut [u8; 3 * PIXELS]) {
    for (out, four) in out.as_chunks_mut::<12>().0.iter_mut().zip(words.as_chunks::<4>().0) {
        let [p, q, r, s] = four.map(|word| word & 0x00ff_ffff);
        out[..4].copy_from_slice(&(p | q << 24).to_le_bytes());
        out[4..8].copy_from_slice(&(q >> 8 | r << 16).to_le_bytes());
        out[8..].copy_from_slice(&(r >> 16 | s << 8).to_le_bytes());
    }
}
