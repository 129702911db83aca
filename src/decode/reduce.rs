//! Reducing opaque pictures while their rows come: each sample is the mean of a square of 2, 4 or 8
//! to a side, so that a picture of which only small ones are wanted is never held whole.

use multiversion::multiversion;

use super::{Scale, Stop, too_large};
use crate::geometry::Size;

/// Samples of an RGB pixel.
const CHANNELS: usize = 3;

/// An RGB picture at a scale, gathered row by row.
pub(super) struct Reduced {
    scale: Scale,
    /// Rows of the full picture in one of this one.
    side: usize,
    /// Sums of the rows since the last one that was written: 8 × 255 at most.
    sums: Vec<u16>,
    /// Rows in `sums`.
    summed: usize,
    samples: Vec<u8>,
    /// Bytes of a row of the full picture.
    row: usize,
}

impl Reduced {
    /// Bytes that a picture of this stored size takes at this scale.
    pub(super) fn memory_needed(stored: Size, scale: Scale) -> u64 {
        let sums = if scale == Scale::Full { 0 } else { u64::from(stored.width) * 6 };
        scale.of(stored).pixels().saturating_mul(3).saturating_add(sums)
    }

    pub(super) fn new(stored: Size, scale: Scale) -> Result<Self, Stop> {
        let needed = scale.of(stored).pixels().saturating_mul(CHANNELS as u64);
        let mut samples = Vec::new();
        usize::try_from(needed)
            .ok()
            .and_then(|needed| samples.try_reserve_exact(needed).ok())
            .ok_or_else(|| too_large(needed))?;
        let row = stored.width as usize * CHANNELS;
        let sums = if scale == Scale::Full { 0 } else { row };
        let side = 8 / scale.side() as usize;
        Ok(Self { scale, side, sums: vec![0; sums], summed: 0, samples, row })
    }

    pub(super) const fn scale(&self) -> Scale {
        self.scale
    }

    /// The next row of the full picture.
    pub(super) fn push(&mut self, rgb: &[u8]) {
        let Some(rgb) = rgb.get(..self.row) else {
            return;
        };
        if self.side == 1 {
            self.samples.extend_from_slice(rgb);
            return;
        }
        add(&mut self.sums, rgb, self.summed == 0);
        self.summed += 1;
        if self.summed == self.side {
            self.write();
        }
    }

    /// The picture, once all rows were pushed. At the right and lower edge, what is there is averaged.
    pub(super) fn into_samples(mut self) -> Vec<u8> {
        if self.summed > 0 {
            self.write();
        }
        self.samples
    }

    fn write(&mut self) {
        match self.side {
            2 => self.write_row::<2, 6>(),
            4 => self.write_row::<4, 12>(),
            _ => self.write_row::<8, 24>(),
        }
        self.summed = 0;
    }

    /// `SAMPLES` are those of `SIDE` pixels.
    fn write_row<const SIDE: usize, const SAMPLES: usize>(&mut self) {
        let (squares, rest) = self.sums.as_chunks::<SAMPLES>();
        if self.summed == SIDE {
            let shift = (SIDE * SIDE).trailing_zeros();
            self.samples.extend(squares.iter().flat_map(|square| {
                // 64 × 255 and a half of it still fit 16 bits.
                total(square).map(|sum| (sum.wrapping_add(1 << (shift - 1)) >> shift) as u8)
            }));
        } else {
            for square in squares {
                self.samples.extend(mean(square, SIDE * self.summed));
            }
        }
        if !rest.is_empty() {
            self.samples.extend(mean(rest, rest.len() / CHANNELS * self.summed));
        }
    }
}

/// Adds a row to sums of rows, or begins with it.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn add(sums: &mut [u16], row: &[u8], first: bool) {
    if first {
        for (sum, sample) in sums.iter_mut().zip(row) {
            *sum = u16::from(*sample);
        }
    } else {
        for (sum, sample) in sums.iter_mut().zip(row) {
            // No more than eight of them, so that nothing can wrap.
            *sum = sum.wrapping_add(u16::from(*sample));
        }
    }
}

#[inline]
fn total(pixels: &[u16]) -> [u16; CHANNELS] {
    let mut total = [0_u16; CHANNELS];
    for pixel in pixels.as_chunks::<CHANNELS>().0 {
        for (total, sum) in total.iter_mut().zip(pixel) {
            *total = total.wrapping_add(*sum);
        }
    }
    total
}

/// The mean of so many samples, rounded to nearest.
fn mean(pixels: &[u16], count: usize) -> [u8; CHANNELS] {
    total(pixels).map(|sum| ((usize::from(sum) + count / 2) / count.max(1)) as u8)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The same by definition: each pixel the rounded mean of its square, cut at the edges.
    fn expected(size: Size, side: u32, at: impl Fn(u32, u32, u32) -> u32) -> Vec<u8> {
        let mut samples = Vec::new();
        for top in (0..size.height).step_by(side as usize) {
            for left in (0..size.width).step_by(side as usize) {
                let (right, bottom) =
                    ((left + side).min(size.width), (top + side).min(size.height));
                let count = (right - left) * (bottom - top);
                for channel in 0..3 {
                    let rows = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
                    let sum: u32 = rows.map(|(x, y)| at(x, y, channel)).sum();
                    samples.push(((sum + count / 2) / count) as u8);
                }
            }
        }
        samples
    }

    #[test]
    fn every_sample_is_the_mean_of_its_square() {
        let noise = |x: u32, y: u32, c: u32| (x * 37 + y * 91 + c * 53) * 2_654 % 1_009 % 256;
        let white = |_: u32, _: u32, _: u32| 255;
        let picks: [&dyn Fn(u32, u32, u32) -> u32; 2] = [&noise, &white];
        for (width, height) in [(1, 1), (8, 8), (17, 9), (16, 23), (3, 40)] {
            let size = Size::new(width, height);
            for scale in Scale::ALL {
                for at in picks {
                    let mut reduced = Reduced::new(size, scale).unwrap();
                    for y in 0..height {
                        let row: Vec<u8> = (0..width)
                            .flat_map(|x| [0, 1, 2].map(|channel| at(x, y, channel) as u8))
                            .collect();
                        reduced.push(&row);
                    }
                    let samples = reduced.into_samples();
                    assert_eq!(samples.len() as u64, scale.of(size).pixels() * 3);
                    assert_eq!(samples, expected(size, 8 / scale.side(), at), "{size} {scale:?}");
                }
            }
        }
    }
}
