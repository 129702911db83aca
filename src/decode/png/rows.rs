//! From PNG's rows, as stored after unfiltering, to 8-bit RGB or RGBA.

use png::{ColorType, Info};

use crate::decode::cms::{Plan, to_eight_bits};
use crate::pixels::Layout;

/// What the samples of a row mean.
enum Samples {
    /// One sample of 1 to 8 bits that selects a colour: palettes and shallow grey.
    Index { bits: usize, colors: Box<[[u8; 4]; 256]> },
    /// Grey or RGB with or without alpha.
    Direct { deep: bool, color: bool, alpha: bool },
}

/// Everything that is the same for all rows.
pub(super) struct Unpack {
    samples: Samples,
    /// The one colour that `tRNS` makes transparent, at the stored depth.
    key: Option<[u16; 3]>,
    plan: Plan,
}

impl Unpack {
    /// `None` when a palette is needed and missing.
    pub(super) fn new(info: &Info<'_>, plan: Plan) -> Option<Self> {
        let bits = info.bit_depth as usize;
        let trns = info.trns.as_deref().unwrap_or_default();
        // The crate has cut what is stored as two bytes to one where the depth has no use for more.
        let shade = |index: usize| -> Option<u16> {
            if bits < 16 {
                return trns.get(index).copied().map(u16::from);
            }
            Some(u16::from_be_bytes([*trns.get(index * 2)?, *trns.get(index * 2 + 1)?]))
        };
        // Only the bits of the stored depth count (PNG 3rd edition section 11.3.1.1).
        let mask = u16::MAX >> (16 - bits.min(16));
        let (samples, key) = match info.color_type {
            ColorType::Indexed => {
                let palette = info.palette.as_deref()?;
                let mut colors = Box::new([[0, 0, 0, 255]; 256]);
                for (color, rgb) in colors.iter_mut().zip(palette.chunks_exact(3)) {
                    color[..3].copy_from_slice(rgb);
                }
                for (color, alpha) in colors.iter_mut().zip(trns) {
                    color[3] = *alpha;
                }
                (Samples::Index { bits, colors }, None)
            }
            ColorType::Grayscale if bits <= 8 => {
                let top = (1_usize << bits) - 1;
                let key = shade(0).map(|k| usize::from(k & mask));
                let colors = Box::new(std::array::from_fn(|v| {
                    // Exact: 255 is a multiple of 1, 3, 15 and 255.
                    let grey = (v.min(top) * (255 / top)) as u8;
                    [grey, grey, grey, if key == Some(v) { 0 } else { 255 }]
                }));
                (Samples::Index { bits, colors }, None)
            }
            kind => {
                let color = matches!(kind, ColorType::Rgb | ColorType::Rgba);
                let alpha = matches!(kind, ColorType::GrayscaleAlpha | ColorType::Rgba);
                let key = match (shade(0), shade(1), shade(2)) {
                    _ if alpha => None,
                    (Some(r), Some(g), Some(b)) if color => Some([r & mask, g & mask, b & mask]),
                    (Some(grey), ..) if !color => Some([grey & mask; 3]),
                    _ => None,
                };
                (Samples::Direct { deep: bits == 16, color, alpha }, key)
            }
        };
        let mut unpack = Self { samples, key, plan };
        if let (Samples::Index { colors, .. }, Some(transform)) =
            (&mut unpack.samples, &unpack.plan)
        {
            for color in colors.iter_mut() {
                let [r, g, b, a] = *color;
                let [r, g, b] = transform.rgb8([r, g, b]);
                *color = [r, g, b, a];
            }
        }
        Some(unpack)
    }

    /// Writes `width` pixels of `raw` to every `step`-th pixel of `row`, from the pixel `first` on.
    pub(super) fn row(
        &self,
        raw: &[u8],
        width: usize,
        row: &mut [u8],
        first: usize,
        step: usize,
        layout: Layout,
    ) {
        let channels = layout.channels();
        if step == 1 && first == 0 && self.copy(raw, width, row, layout) {
            return;
        }
        let to = row[first * channels..]
            .chunks_mut(channels * step)
            .map(|pixel| pixel.get_mut(..channels).unwrap_or_default())
            .take(width);
        match &self.samples {
            Samples::Index { bits: 8, colors } => {
                for (to, index) in to.zip(raw) {
                    to.copy_from_slice(&colors[usize::from(*index)][..channels]);
                }
            }
            Samples::Index { bits, colors } => {
                let per_byte = 8 / bits;
                let mask = (1_usize << bits) - 1;
                for (x, to) in to.enumerate() {
                    let shift = 8 - bits * (x % per_byte + 1);
                    let index =
                        raw.get(x / per_byte).map_or(0, |b| usize::from(*b) >> shift & mask);
                    to.copy_from_slice(&colors[index][..channels]);
                }
            }
            Samples::Direct { deep: false, color, alpha } => match (color, alpha) {
                (false, false) => self.shallow::<1>(raw, to),
                (false, true) => self.shallow::<2>(raw, to),
                (true, false) => self.shallow::<3>(raw, to),
                (true, true) => self.shallow::<4>(raw, to),
            },
            Samples::Direct { deep: true, color, alpha } => match (color, alpha) {
                (false, false) => self.deep::<2>(raw, to),
                (false, true) => self.deep::<4>(raw, to),
                (true, false) => self.deep::<6>(raw, to),
                (true, true) => self.deep::<8>(raw, to),
            },
        }
    }

    /// Whether a raw row is RGB as it is.
    pub(super) const fn is_rgb(&self) -> bool {
        let as_stored = self.plan.is_none() && self.key.is_none();
        as_stored
            && matches!(self.samples, Samples::Direct { deep: false, color: true, alpha: false })
    }

    /// A whole row of samples that stay as they are; false where these do not.
    fn copy(&self, raw: &[u8], width: usize, row: &mut [u8], layout: Layout) -> bool {
        let Samples::Direct { deep: false, color: true, alpha } = self.samples else {
            return false;
        };
        if self.plan.is_some() || self.key.is_some() {
            return false;
        }
        match (alpha, layout) {
            (false, Layout::Rgb8) | (true, Layout::Rgba8) => {
                let length = width * layout.channels();
                if let (Some(to), Some(from)) = (row.get_mut(..length), raw.get(..length)) {
                    to.copy_from_slice(from);
                }
                true
            }
            (false, Layout::Rgba8) => {
                let (to, from) = (row.as_chunks_mut::<4>().0, raw.as_chunks::<3>().0);
                for (to, [r, g, b]) in to.iter_mut().zip(from).take(width) {
                    *to = [*r, *g, *b, 255];
                }
                true
            }
            (true, Layout::Rgb8) => false,
        }
    }

    /// 8-bit samples, `N` to a pixel.
    fn shallow<'a, const N: usize>(&self, raw: &[u8], to: impl Iterator<Item = &'a mut [u8]>) {
        let mut last = ([0; 3], self.color8([0; 3]));
        for (to, from) in to.zip(raw.as_chunks::<N>().0) {
            let color = if N < 3 { [from[0]; 3] } else { [from[0], from[1], from[2]] };
            if color != last.0 {
                last = (color, self.color8(color));
            }
            let alpha = match self.key {
                _ if N.is_multiple_of(2) => from[N - 1],
                Some(key) if key == color.map(u16::from) => 0,
                _ => 255,
            };
            write(to, last.1, alpha);
        }
    }

    /// 16-bit samples, `N` bytes to a pixel.
    fn deep<'a, const N: usize>(&self, raw: &[u8], to: impl Iterator<Item = &'a mut [u8]>) {
        for (to, from) in to.zip(raw.as_chunks::<N>().0) {
            let sample = |at: usize| u16::from_be_bytes([from[at], from[at + 1]]);
            let color = if N < 6 { [sample(0); 3] } else { [sample(0), sample(2), sample(4)] };
            let alpha = match self.key {
                _ if N.is_multiple_of(4) => to_eight_bits(sample(N - 2)),
                Some(key) if key == color => 0,
                _ => 255,
            };
            let color = match &self.plan {
                Some(transform) => transform.rgb16(color),
                None => color.map(to_eight_bits),
            };
            write(to, color, alpha);
        }
    }

    #[inline]
    fn color8(&self, color: [u8; 3]) -> [u8; 3] {
        self.plan.as_ref().map_or(color, |transform| transform.rgb8(color))
    }
}

#[inline]
fn write(to: &mut [u8], [r, g, b]: [u8; 3], alpha: u8) {
    match to {
        [to_r, to_g, to_b] => (*to_r, *to_g, *to_b) = (r, g, b),
        [to_r, to_g, to_b, to_a] => (*to_r, *to_g, *to_b, *to_a) = (r, g, b, alpha),
        _ => {}
    }
}
