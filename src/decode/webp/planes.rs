//! A lossy picture's planes, and their way to RGB.

use multiversion::multiversion;

use super::vp8::Decoder;
use crate::decode::jpeg::color::convert;
use crate::geometry::Size;
use crate::pixels::Layout;

/// Luma, and chroma at half its width and height, in rows of whole macroblocks.
pub(super) struct Planes {
    luma: Plane,
    u: Plane,
    v: Plane,
}

struct Plane {
    samples: Vec<u8>,
    stride: usize,
    width: usize,
    height: usize,
}

impl Plane {
    /// A row, the last one for all below it.
    fn row(&self, y: usize) -> &[u8] {
        let start = y.min(self.height.saturating_sub(1)) * self.stride;
        self.samples.get(start..start + self.width).unwrap_or_default()
    }
}

impl Planes {
    /// Those of a picture of this size.
    pub(super) fn new(decoder: Decoder, size: Size) -> Self {
        let (width, height) = (size.width as usize, size.height as usize);
        let stride = width.div_ceil(16) * 16;
        let chroma = |samples| Plane {
            samples,
            stride: stride / 2,
            width: width.div_ceil(2),
            height: height.div_ceil(2),
        };
        let [luma, u, v] = decoder.into_planes();
        let luma = Plane { samples: luma, stride, width, height };
        Self { luma, u: chroma(u), v: chroma(v) }
    }

    /// Gives the picture to `take`, row by row: chroma enlarged as libwebp does it, each sample from
    /// the four nearest, 9 : 3 : 3 : 1.
    pub(super) fn rows(&self, layout: Layout, mut take: impl FnMut(&[u8])) {
        let channels = layout.channels();
        let mut out = vec![0; self.luma.width * channels];
        let mut blend = vec![0; self.u.width + 2];
        let mut rows = [vec![0; self.u.width * 2], vec![0; self.u.width * 2]];
        for y in 0..self.luma.height {
            let near = y / 2;
            let far = if y % 2 == 1 { near + 1 } else { near.saturating_sub(1) };
            for (plane, row) in [&self.u, &self.v].into_iter().zip(&mut rows) {
                enlarge(plane.row(near), plane.row(far), &mut blend, row);
            }
            let [u, v] = &rows;
            to_pixels([self.luma.row(y), u, v], &mut out, channels);
            take(&out);
        }
    }
}

/// A row of chroma at twice its width, from the row it lies in and the next nearest one.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn enlarge(near: &[u8], far: &[u8], blend: &mut [u16], out: &mut [u8]) {
    let last = near.len().saturating_sub(1);
    for (to, (near, far)) in blend.iter_mut().skip(1).zip(near.iter().zip(far)) {
        *to = 3 * u16::from(*near) + u16::from(*far);
    }
    if let (Some(first), Some(end)) = (blend.get(1).copied(), blend.get(last + 1).copied()) {
        blend[0] = first;
        blend[last + 2] = end;
    }
    let middle = blend.iter().skip(1);
    let neighbors = blend.iter().zip(blend.iter().skip(2));
    for (out, (m, (l, r))) in out.as_chunks_mut::<2>().0.iter_mut().zip(middle.zip(neighbors)) {
        // 16 × 255 at most.
        let toward = |side: u16| (m.wrapping_mul(3).wrapping_add(side).wrapping_add(8) >> 4) as u8;
        *out = [toward(*l), toward(*r)];
    }
}

/// Rows of Y, U and V into pixels.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn to_pixels(rows: [&[u8]; 3], out: &mut [u8], channels: usize) {
    convert(rows, out, channels, pixel);
}

/// BT.601 with luma of 16 to 235 (RFC 6386 section 9.2), rounded as libwebp rounds it: a pixel as its
/// bytes in order, opaque.
#[inline(always)]
fn pixel(y: u8, u: u8, v: u8) -> u32 {
    let times = |sample: u8, factor: i32| (i32::from(sample) * factor) >> 8;
    let byte = |value: i32| ((value >> 6).clamp(0, 255)) as u32;
    let luma = times(y, 19_077);
    let red = byte(luma + times(v, 26_149) - 14_234);
    let green = byte(luma - times(u, 6_419) - times(v, 13_320) + 8_708);
    let blue = byte(luma + times(u, 33_050) - 17_685);
    red | green << 8 | blue << 16 | 0xff00_0000
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_middle_of_a_plane_is_interpolated_and_its_edges_are_not() {
        let (mut blend, mut out) = (vec![0; 5], vec![0; 6]);
        enlarge(&[0, 16, 255], &[0, 32, 255], &mut blend, &mut out);
        // In sixteenths, between 0, 3 × 16 + 32 and 4 × 255.
        assert_eq!(out, [0, 5, 15, 79, 196, 255]);
        let (mut blend, mut out) = (vec![0; 3], vec![0; 2]);
        enlarge(&[8], &[16], &mut blend, &mut out);
        assert_eq!(out, [10, 10]);
    }

    #[test]
    fn black_white_and_grey_are_grey() {
        for (y, grey) in [(0, 0), (16, 0), (126, 128), (235, 255), (255, 255)] {
            assert_eq!(pixel(y, 128, 128).to_le_bytes(), [grey, grey, grey, 255]);
        }
    }
}
