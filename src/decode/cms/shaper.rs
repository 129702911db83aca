//! Curves and a matrix: what most RGB profiles and the PNG colour chunks come down to.

use super::curve::Tabulated;
use super::matrix::{self, Matrix};
use super::srgb::Encoder;

/// RGB through three curves and a matrix to sRGB.
///
/// Every step is a table look-up, a multiplication or an addition in `f32`, which IEEE 754 rounds
/// the same everywhere; nothing here may be rewritten with fused multiplications.
pub(in crate::decode) struct Shaper {
    curves: [Tabulated; 3],
    matrix: [[f32; 3]; 3],
    encoder: &'static Encoder,
}

impl Shaper {
    /// `to_d50` takes linear RGB to XYZ under D50. `None` when sRGB cannot be reached from it.
    pub(super) fn new(curves: [Tabulated; 3], to_d50: &Matrix) -> Option<Self> {
        let m = matrix::multiply(&matrix::d50_to_srgb()?, to_d50);
        m.iter().flatten().all(|v| v.is_finite() && v.abs() < 1e4).then(|| Self {
            curves,
            matrix: m.map(|row| row.map(|v| v as f32)),
            encoder: Encoder::shared(),
        })
    }

    #[inline]
    fn light(&self, r: f32, g: f32, b: f32) -> [u8; 3] {
        let m = &self.matrix;
        [
            self.encoder.code(m[0][0] * r + m[0][1] * g + m[0][2] * b),
            self.encoder.code(m[1][0] * r + m[1][1] * g + m[1][2] * b),
            self.encoder.code(m[2][0] * r + m[2][1] * g + m[2][2] * b),
        ]
    }

    #[inline]
    pub(super) fn rgb8(&self, [r, g, b]: [u8; 3]) -> [u8; 3] {
        let [cr, cg, cb] = &self.curves;
        self.light(cr.at8(r), cg.at8(g), cb.at8(b))
    }

    #[inline]
    pub(super) fn rgb16(&self, [r, g, b]: [u16; 3]) -> [u8; 3] {
        let [cr, cg, cb] = &self.curves;
        self.light(cr.at16(r), cg.at16(g), cb.at16(b))
    }
}

/// One curve for all channels: grey profiles, and gamma with the primaries of sRGB.
pub(in crate::decode) struct Tone {
    codes: [u8; 256],
    light: Tabulated,
    encoder: &'static Encoder,
}

impl Tone {
    pub(super) fn new(light: Tabulated) -> Self {
        let encoder = Encoder::shared();
        let codes = std::array::from_fn(|v| encoder.code(light.at8(v as u8)));
        Self { codes, light, encoder }
    }

    #[inline]
    pub(super) fn code8(&self, sample: u8) -> u8 {
        self.codes[usize::from(sample)]
    }

    #[inline]
    pub(super) fn code16(&self, sample: u16) -> u8 {
        self.encoder.code(self.light.at16(sample))
    }
}
