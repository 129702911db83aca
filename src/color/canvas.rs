//! A picture at its canonical scale, read pixel by pixel.
//!
//! Whoever decodes a large picture for a small rendition decodes it at a reduced scale, and its
//! colours must be those of the full picture. So large pictures are read as if reduced, by the
//! smallest power of two that keeps the long side at 512 pixels or more: reductions made before
//! and those made here then add up to the same scale.

use crate::pixels::Pixels;

/// The long side below which a picture is never reduced.
pub(crate) const CANONICAL_SIDE: u32 = 512;

/// Red, green, blue and straight alpha.
pub(super) type Pixel = [u8; 4];

/// Something that gives pixels row by row.
pub(super) trait Canvas {
    fn width(&self) -> usize;
    fn height(&self) -> usize;
    /// Puts the pixels of row `y` at the places `columns` into `pixels`, in their order. All places
    /// lie inside the picture.
    fn pick(&self, y: usize, columns: &[usize], pixels: &mut [Pixel]);
}

/// The largest power of two by which `long_side` can be divided, rounding up, without falling
/// below the canonical side.
pub(super) fn reduction(long_side: u32) -> u32 {
    let mut reduction = 1;
    while long_side.div_ceil(reduction * 2) >= CANONICAL_SIDE {
        reduction *= 2;
    }
    reduction
}

/// The picture as it is.
pub(super) struct Direct<'a, const CHANNELS: usize> {
    samples: &'a [u8],
    width: usize,
    height: usize,
}

impl<'a, const CHANNELS: usize> Direct<'a, CHANNELS> {
    pub(super) fn new(pixels: &'a Pixels) -> Self {
        Self {
            samples: pixels.samples(),
            width: pixels.size().width as usize,
            height: pixels.size().height as usize,
        }
    }
}

impl<const CHANNELS: usize> Canvas for Direct<'_, CHANNELS> {
    fn width(&self) -> usize {
        self.width
    }

    fn height(&self) -> usize {
        self.height
    }

    #[inline]
    fn pick(&self, y: usize, columns: &[usize], pixels: &mut [Pixel]) {
        let row = &self.samples[y * self.width * CHANNELS..];
        for (&column, pixel) in columns.iter().zip(pixels) {
            let samples = row.get(column * CHANNELS..).unwrap_or_default();
            *pixel = match samples.first_chunk::<4>() {
                // Four bytes at once even of three: only the last pixel has no byte behind it.
                Some(&[red, green, blue, alpha]) => {
                    [red, green, blue, if CHANNELS == 4 { alpha } else { 255 }]
                }
                None => [samples[0], samples[1], samples[2], 255],
            };
        }
    }
}

/// The picture as the means of squares of pixels.
pub(super) struct Reduced<'a, const CHANNELS: usize> {
    full: Direct<'a, CHANNELS>,
    reduction: usize,
}

impl<'a, const CHANNELS: usize> Reduced<'a, CHANNELS> {
    pub(super) fn new(pixels: &'a Pixels, reduction: usize) -> Self {
        Self { full: Direct::new(pixels), reduction }
    }
}

impl<const CHANNELS: usize> Canvas for Reduced<'_, CHANNELS> {
    fn width(&self) -> usize {
        self.full.width.div_ceil(self.reduction)
    }

    fn height(&self) -> usize {
        self.full.height.div_ceil(self.reduction)
    }

    fn pick(&self, y: usize, columns: &[usize], pixels: &mut [Pixel]) {
        for (&column, pixel) in columns.iter().zip(pixels) {
            *pixel = self.pixel(column, y);
        }
    }
}

impl<const CHANNELS: usize> Reduced<'_, CHANNELS> {
    /// The mean of one square, weighted with alpha; the last ones of a row or column may be cut.
    fn pixel(&self, x: usize, y: usize) -> Pixel {
        let columns = x * self.reduction..((x + 1) * self.reduction).min(self.full.width);
        let rows = y * self.reduction..((y + 1) * self.reduction).min(self.full.height);
        let count = (columns.len() * rows.len()) as u64;
        // A whole side fits one block at most when the picture is a line, so 32 bits would do for
        // any picture that fits in memory today; 64 cost nothing.
        let (mut sums, mut alphas) = ([0_u64; 3], 0_u64);
        for row in rows {
            let start = (row * self.full.width + columns.start) * CHANNELS;
            let samples = &self.full.samples[start..start + columns.len() * CHANNELS];
            for pixel in samples.chunks_exact(CHANNELS) {
                if CHANNELS == 4 {
                    let alpha = u64::from(pixel[3]);
                    for (sum, &sample) in sums.iter_mut().zip(pixel) {
                        *sum += u64::from(sample) * alpha;
                    }
                    alphas += alpha;
                } else {
                    for (sum, &sample) in sums.iter_mut().zip(pixel) {
                        *sum += u64::from(sample);
                    }
                }
            }
        }
        let divisor = if CHANNELS == 4 { alphas } else { count };
        if divisor == 0 {
            return [0; 4];
        }
        let [red, green, blue] = sums.map(|sum| ((sum + divisor / 2) / divisor) as u8);
        let alpha = if CHANNELS == 4 { ((alphas + count / 2) / count) as u8 } else { 255 };
        [red, green, blue, alpha]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reductions_before_and_after_add_up() {
        assert_eq!(reduction(1), 1);
        assert_eq!(reduction(1000), 1);
        assert_eq!(reduction(1022), 1);
        assert_eq!(reduction(1023), 2);
        for side in (1..70_000_u32).step_by(7) {
            for before in [1_u32, 2, 4, 8] {
                if side.div_ceil(before) >= CANONICAL_SIDE {
                    assert_eq!(
                        before * reduction(side.div_ceil(before)),
                        reduction(side),
                        "{side} by {before}"
                    );
                }
            }
        }
    }
}
