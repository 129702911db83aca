//! The digest of the pixels shown.

use super::PixelDigest;
use crate::pixels::{Layout, Pixels};

const DOMAIN: &[u8] = b"gatefold pixel digest 1\0";

/// Enough for BLAKE3 to use its widest lanes, small enough to stay in the nearest cache.
const PIXELS_AT_ONCE: usize = 8 * 1024;

impl PixelDigest {
    /// The digest of a picture at its full size, oriented and in sRGB.
    ///
    /// Hashed are a versioned tag, width and height (`u32`, little endian), then RGBA row by row. It
    /// takes 32 KiB beside the picture.
    pub fn of(pixels: &Pixels) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(DOMAIN);
        hasher.update(&pixels.size().width.to_le_bytes());
        hasher.update(&pixels.size().height.to_le_bytes());
        let mut rgba = vec![0; PIXELS_AT_ONCE * 4];
        for piece in pixels.samples().chunks(PIXELS_AT_ONCE * pixels.layout().channels()) {
            let filled = piece.len() / pixels.layout().channels() * 4;
            match pixels.layout() {
                Layout::Rgb8 => {
                    for (to, p) in rgba.chunks_exact_mut(4).zip(piece.chunks_exact(3)) {
                        to.copy_from_slice(&[p[0], p[1], p[2], 255]);
                    }
                }
                Layout::Rgba8 => {
                    // Encoders keep or clear the colour under full transparency as they like.
                    for (to, p) in rgba.chunks_exact_mut(4).zip(piece.chunks_exact(4)) {
                        let shown = if p[3] == 0 { 0 } else { u8::MAX };
                        to.copy_from_slice(&[p[0] & shown, p[1] & shown, p[2] & shown, p[3]]);
                    }
                }
            }
            hasher.update(&rgba[..filled]);
        }
        Self(hasher.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::geometry::Size;

    fn picture(width: u32, height: u32, layout: Layout, samples: Vec<u8>) -> Pixels {
        Pixels::new(Size::new(width, height), layout, samples).unwrap()
    }

    #[test]
    fn opaque_rgba_equals_rgb_across_many_pieces() {
        let (width, height) = (333, 101);
        let rgb: Vec<u8> = (0..width * height * 3).map(|i| (i * 7 % 251) as u8).collect();
        let rgba = rgb.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
        assert_eq!(
            PixelDigest::of(&picture(width, height, Layout::Rgb8, rgb)),
            PixelDigest::of(&picture(width, height, Layout::Rgba8, rgba)),
        );
    }

    #[test]
    fn color_counts_where_anything_shows_and_nowhere_else() {
        let of = |samples: [u8; 4]| PixelDigest::of(&picture(1, 1, Layout::Rgba8, samples.into()));
        assert_eq!(of([9, 8, 7, 0]), of([0; 4]));
        assert_ne!(of([9, 8, 7, 1]), of([0, 0, 0, 1]));
        assert_ne!(of([9, 8, 7, 1]), of([9, 8, 7, 2]));
    }

    #[test]
    fn shape_counts() {
        let of = |w, h| PixelDigest::of(&picture(w, h, Layout::Rgb8, vec![5; 18]));
        assert_ne!(of(2, 3), of(3, 2));
        assert_ne!(of(1, 6), of(6, 1));
    }
}
