//! A JPEG's picture as it is coded: luminance and colour differences (ITU-T T.871 section 7), each
//! at its own resolution, not turned yet.

use crate::geometry::{Orientation, Size};

/// Samples of one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plane {
    /// Rows from top to bottom, `stride` samples apart.
    pub(crate) samples: Vec<u8>,
    pub(crate) stride: usize,
    /// Those that belong to the picture.
    pub(crate) size: Size,
    /// Of every so many pixels across and down, how many have a sample.
    pub(crate) density: [Ratio; 2],
}

/// A quotient of small whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) of: u32,
    pub(crate) to: u32,
}

impl Ratio {
    pub(crate) const ONE: Self = Self { of: 1, to: 1 };

    pub(crate) fn times(self, length: f64) -> f64 {
        length * f64::from(self.of) / f64::from(self.to.max(1))
    }
}

impl Plane {
    /// The samples of row `y`; empty below the last row.
    pub(crate) fn row(&self, y: u32) -> &[u8] {
        let start = (y as usize).saturating_mul(self.stride);
        let end = start.saturating_add(self.size.width as usize);
        self.samples.get(start..end).unwrap_or_default()
    }

    /// With so many more columns to the left and right, and rows above and below, that repeat the
    /// edge.
    pub(crate) fn grown(&self, more: [u32; 4]) -> Self {
        let [left, right, above, below] = more.map(|more| more as usize);
        let width = self.size.width as usize + left + right;
        let height = self.size.height as usize + above + below;
        let mut samples = Vec::with_capacity(width.saturating_mul(height));
        for y in 0..height {
            let y = y.saturating_sub(above).min((self.size.height as usize).saturating_sub(1));
            let row = self.row(y as u32);
            let edge = |sample: Option<&u8>| sample.copied().unwrap_or_default();
            samples.extend(std::iter::repeat_n(edge(row.first()), left));
            samples.extend_from_slice(row);
            samples.extend(std::iter::repeat_n(edge(row.last()), right));
        }
        let size = Size::new(width as u32, height as u32);
        Self { samples, stride: width, size, density: self.density }
    }
}

/// One plane for a grey picture; Y, Cb and Cr for all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Planes {
    /// In pixels, before turning.
    pub(crate) stored: Size,
    pub(crate) orientation: Orientation,
    pub(crate) components: Vec<Plane>,
}

impl Planes {
    /// In pixels, as shown.
    pub(crate) const fn size(&self) -> Size {
        self.orientation.apply_to(self.stored)
    }

    /// A part of the picture as shown, given as left, top, width and height, in what is stored.
    pub(crate) fn stored_part(&self, [left, top, width, height]: [f64; 4]) -> [f64; 4] {
        let (across, down) = (f64::from(self.stored.width), f64::from(self.stored.height));
        match self.orientation {
            Orientation::Normal => [left, top, width, height],
            Orientation::FlipHorizontal => [across - left - width, top, width, height],
            Orientation::Rotate180 => [across - left - width, down - top - height, width, height],
            Orientation::FlipVertical => [left, down - top - height, width, height],
            Orientation::Transpose => [top, left, height, width],
            Orientation::Rotate90 => [top, down - left - width, height, width],
            Orientation::Transverse => [across - top - height, down - left - width, height, width],
            Orientation::Rotate270 => [across - top - height, left, height, width],
        }
    }
}
