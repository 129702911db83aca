//! From components at full resolution to the colours that are delivered.

use super::color::{rgb_row, ycc_row, ycc_to_rgb};
use crate::container::JpegTransform;
use crate::decode::cms::{Transform, naive_cmyk};
use crate::pixels::Layout;

/// What the components of a picture mean, and what is made of them.
pub(super) struct Finish {
    pub(super) transform: JpegTransform,
    /// What the file's profile asks for.
    pub(super) plan: Option<Transform>,
    pub(super) layout: Layout,
}

impl Finish {
    /// One row: a slice for each component, and the pixels they become.
    pub(super) fn row(&self, rows: &[&[u8]], out: &mut [u8]) {
        let channels = self.layout.channels();
        match *rows {
            [y, cb, cr] if self.transform == JpegTransform::YCbCr => {
                ycc_row([y, cb, cr], out, channels);
            }
            [r, g, b] => rgb_row([r, g, b], out, channels),
            [a, b, c, k] => self.inks([a, b, c, k], out, channels),
            [grey, ..] => rgb_row([grey; 3], out, channels),
            [] => {}
        }
    }

    /// Finished rows, brought to sRGB where the file has a profile.
    pub(super) fn manage(&self, rows: &mut [u8], components: usize) {
        if let Some(plan) = self.plan.as_ref().filter(|_| components < 4) {
            plan.convert(rows, self.layout.channels());
        }
    }

    fn inks(&self, [a, b, c, k]: [&[u8]; 4], out: &mut [u8], channels: usize) {
        let pixels = a.iter().zip(b).zip(c.iter().zip(k));
        for (out, ((a, b), (c, k))) in out.chunks_exact_mut(channels).zip(pixels) {
            // Adobe's way, which all others follow: inks are stored inverted. The colour transform
            // of YCCK inverts once more (Adobe TN 5116 section 18).
            let [c, m, y] = match self.transform {
                JpegTransform::None => [255 - a, 255 - b, 255 - c],
                JpegTransform::YCbCr | JpegTransform::Ycck => ycc_to_rgb([*a, *b, *c]),
            };
            let inks = [c, m, y, 255 - k];
            let [r, g, b] = self.plan.as_ref().map_or_else(|| naive_cmyk(inks), |t| t.cmyk8(inks));
            out.copy_from_slice(&[r, g, b, 255][..channels]);
        }
    }
}
