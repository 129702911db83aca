//! The decoded picture: one buffer of 8-bit sRGB samples.

use crate::geometry::Size;

/// How many samples a pixel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// Red, green, blue.
    Rgb8,
    /// Red, green, blue, straight (not premultiplied) alpha.
    Rgba8,
}

impl Layout {
    /// Bytes per pixel: 3 or 4.
    pub const fn channels(self) -> usize {
        match self {
            Self::Rgb8 => 3,
            Self::Rgba8 => 4,
        }
    }
}

/// A picture in memory: rows from top to bottom without padding, samples 0..=255.
#[derive(Clone, PartialEq, Eq)]
pub struct Pixels {
    size: Size,
    layout: Layout,
    samples: Vec<u8>,
}

impl std::fmt::Debug for Pixels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pixels")
            .field("size", &self.size)
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

/// The number of samples does not fit the size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{size} pixels of {channels} samples need {expected} bytes, but there are {actual}")]
pub struct WrongSampleCount {
    /// The size that was given.
    pub size: Size,
    /// Samples per pixel.
    pub channels: usize,
    /// Width × height × channels.
    pub expected: u64,
    /// The bytes that were given.
    pub actual: u64,
}

impl Pixels {
    /// Takes `samples` of the given layout as a picture.
    ///
    /// # Errors
    /// [`WrongSampleCount`] unless there are exactly width × height × channels samples and neither
    /// side is 0.
    ///
    /// ```
    /// use gatefold::{Layout, Pixels, Size};
    /// let red = Pixels::new(Size::new(2, 1), Layout::Rgb8, vec![255, 0, 0, 255, 0, 0])?;
    /// assert_eq!(red.size().pixels(), 2);
    /// # Ok::<(), gatefold::WrongSampleCount>(())
    /// ```
    pub fn new(size: Size, layout: Layout, samples: Vec<u8>) -> Result<Self, WrongSampleCount> {
        // u64 cannot overflow here: two 32-bit sides and four channels.
        let expected = u128::from(size.pixels()) * layout.channels() as u128;
        if size.is_empty() || expected != samples.len() as u128 {
            return Err(WrongSampleCount {
                size,
                channels: layout.channels(),
                expected: u64::try_from(expected).unwrap_or(u64::MAX),
                actual: samples.len() as u64,
            });
        }
        Ok(Self { size, layout, samples })
    }

    /// Width and height.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// The samples of one pixel.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// All samples, row by row.
    pub fn samples(&self) -> &[u8] {
        &self.samples
    }

    /// The buffer itself.
    pub fn into_samples(self) -> Vec<u8> {
        self.samples
    }

    /// The samples of row `y`, or `None` below the last row.
    pub fn row(&self, y: u32) -> Option<&[u8]> {
        let stride = self.size.width as usize * self.layout.channels();
        let start = (y as usize).checked_mul(stride)?;
        self.samples.get(start..start.checked_add(stride)?)
    }

    /// True when a pixel is not fully opaque.
    pub fn has_transparency(&self) -> bool {
        self.layout == Layout::Rgba8 && self.samples.chunks_exact(4).any(|p| p[3] != 255)
    }
}
