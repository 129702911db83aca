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

/// Opaque pictures become `ImageRgb8`, others `ImageRgba8`; the buffer is moved, not copied.
///
/// ```
/// use gatefold::{Layout, Pixels, Size};
/// let red = Pixels::new(Size::new(1, 1), Layout::Rgb8, vec![255, 0, 0])?;
/// let image = image::DynamicImage::from(red);
/// assert_eq!(image.color(), image::ColorType::Rgb8);
/// # Ok::<(), gatefold::WrongSampleCount>(())
/// ```
impl From<Pixels> for image::DynamicImage {
    fn from(pixels: Pixels) -> Self {
        let Size { width, height } = pixels.size;
        let made = match pixels.layout {
            Layout::Rgb8 => {
                image::RgbImage::from_raw(width, height, pixels.samples).map(Self::from)
            }
            Layout::Rgba8 => {
                image::RgbaImage::from_raw(width, height, pixels.samples).map(Self::from)
            }
        };
        // `Pixels` always has exactly the samples that its size asks for.
        made.unwrap_or_else(|| Self::new_rgb8(width, height))
    }
}

/// Takes a picture that is in sRGB already, whatever its sample type: `image` keeps no record of
/// where its samples came from. Floating-point samples are clipped to 0..=1. RGBA8 when its type
/// has alpha, else RGB8.
///
/// # Errors
/// [`WrongSampleCount`] for a picture without pixels.
impl TryFrom<&image::DynamicImage> for Pixels {
    type Error = WrongSampleCount;

    fn try_from(image: &image::DynamicImage) -> Result<Self, Self::Error> {
        let size = Size::new(image.width(), image.height());
        if image.color().has_alpha() {
            Self::new(size, Layout::Rgba8, image.to_rgba8().into_raw())
        } else {
            Self::new(size, Layout::Rgb8, image.to_rgb8().into_raw())
        }
    }
}

/// As from a reference, without a copy where the samples are 8-bit RGB or RGBA.
impl TryFrom<image::DynamicImage> for Pixels {
    type Error = WrongSampleCount;

    fn try_from(image: image::DynamicImage) -> Result<Self, Self::Error> {
        let size = Size::new(image.width(), image.height());
        match image {
            image::DynamicImage::ImageRgb8(own) => Self::new(size, Layout::Rgb8, own.into_raw()),
            image::DynamicImage::ImageRgba8(own) => Self::new(size, Layout::Rgba8, own.into_raw()),
            other => Self::try_from(&other),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use image::DynamicImage;

    #[test]
    fn pictures_go_to_image_and_back_unchanged() {
        for (layout, samples) in
            [(Layout::Rgb8, vec![1, 2, 3, 4, 5, 6]), (Layout::Rgba8, (1..=8).collect())]
        {
            let pixels = Pixels::new(Size::new(2, 1), layout, samples).unwrap();
            let image = DynamicImage::from(pixels.clone());
            assert_eq!(Pixels::try_from(&image).unwrap(), pixels);
            assert_eq!(Pixels::try_from(image).unwrap(), pixels);
        }
    }

    #[test]
    fn grey_and_deep_samples_become_eight_bit_colors() {
        let grey =
            DynamicImage::ImageLuma16(image::ImageBuffer::from_pixel(1, 1, image::Luma([0x8080])));
        assert_eq!(Pixels::try_from(&grey).unwrap().samples(), [0x80; 3]);
        let with_alpha =
            DynamicImage::ImageLumaA8(image::ImageBuffer::from_pixel(1, 1, image::LumaA([7, 9])));
        assert_eq!(Pixels::try_from(&with_alpha).unwrap().samples(), [7, 7, 7, 9]);
        assert!(Pixels::try_from(&DynamicImage::new_rgb8(0, 3)).is_err());
    }
}
