//! One-dimensional curves: tone reproduction, tables, and what is looked up per pixel.

use moxcms::ToneReprCurve;

use super::srgb;

/// Steps of the table behind 16-bit samples; between them it is interpolated.
const FINE: usize = 4096;

/// A function of one value in 0..=1.
#[derive(Debug, Clone)]
pub(super) enum Curve {
    Linear,
    /// x^γ
    Gamma(f64),
    Srgb,
    /// SMPTE ST 2084, scaled so that 203 cd/m² (ITU-R BT.2408) is 1.
    Pq,
    /// ITU-R BT.2100 hybrid log-gamma on a display of 1000 cd/m², each channel by itself, scaled
    /// like `Pq`.
    Hlg,
    /// ICC.1:2022 section 10.18: the function type follows from the number of parameters.
    Parametric(Vec<f64>),
    /// Evenly spaced samples, two or more.
    Table(Vec<f64>),
}

impl Curve {
    pub(super) fn from_icc(curve: &ToneReprCurve) -> Self {
        match curve {
            ToneReprCurve::Lut(table) => match table.as_slice() {
                [] => Self::Linear,
                // ICC.1:2022 section 10.6: one entry is a u8Fixed8 exponent.
                [gamma] => Self::Gamma(f64::from(*gamma) / 256.0),
                values => Self::Table(values.iter().map(|v| f64::from(*v) / 65_535.0).collect()),
            },
            ToneReprCurve::Parametric(values) => {
                Self::Parametric(values.iter().map(|v| f64::from(*v)).collect())
            }
        }
    }

    /// The value at `x`, both within 0..=1 (light above the reference white may pass 1).
    pub(super) fn at(&self, x: f64) -> f64 {
        let x = x.clamp(0.0, 1.0);
        let y = match self {
            Self::Linear => x,
            Self::Gamma(gamma) => libm::pow(x, *gamma),
            Self::Srgb => srgb::decode(x),
            Self::Pq => return pq(x),
            Self::Hlg => return hlg(x),
            Self::Parametric(p) => parametric(p, x),
            Self::Table(table) => interpolate(table, x),
        };
        if y.is_nan() { 0.0 } else { y.clamp(0.0, 1.0) }
    }
}

fn parametric(p: &[f64], x: f64) -> f64 {
    let power = |g: f64, a: f64, b: f64| libm::pow((a * x + b).max(0.0), g);
    match *p {
        [g] => libm::pow(x, g),
        [g, a, b] if a * x + b >= 0.0 => power(g, a, b),
        [_, _, _] => 0.0,
        [g, a, b, c] if a * x + b >= 0.0 => power(g, a, b) + c,
        [_, _, _, c] => c,
        [g, a, b, _, d] if x >= d => power(g, a, b),
        [_, _, _, c, _] => c * x,
        [g, a, b, _, d, e, _] if x >= d => power(g, a, b) + e,
        [_, _, _, c, _, _, f] => c * x + f,
        _ => x,
    }
}

fn interpolate(table: &[f64], x: f64) -> f64 {
    let Some(last) = table.len().checked_sub(1) else {
        return x;
    };
    let at = x * last as f64;
    let cell = (at as usize).min(last.saturating_sub(1));
    let (low, high) = (table[cell], table[(cell + 1).min(last)]);
    low + (high - low) * (at - cell as f64)
}

fn pq(x: f64) -> f64 {
    const M1: f64 = 2610.0 / 16_384.0;
    const M2: f64 = 2523.0 / 4096.0 * 128.0;
    const C1: f64 = 3424.0 / 4096.0;
    const C2: f64 = 2413.0 / 4096.0 * 32.0;
    const C3: f64 = 2392.0 / 4096.0 * 32.0;
    let e = libm::pow(x, 1.0 / M2);
    let light = libm::pow((e - C1).max(0.0) / (C2 - C3 * e), 1.0 / M1);
    light * 10_000.0 / 203.0
}

fn hlg(x: f64) -> f64 {
    const A: f64 = 0.178_832_77;
    const B: f64 = 0.284_668_92;
    const C: f64 = 0.559_910_73;
    let scene = if x <= 0.5 { x * x / 3.0 } else { (libm::exp((x - C) / A) + B) / 12.0 };
    libm::pow(scene, 1.2) * 1000.0 / 203.0
}

/// A curve tabulated for 8-bit samples and, where asked for, for 16-bit ones.
pub(super) struct Tabulated {
    coarse: [f32; 256],
    fine: Vec<f32>,
}

impl Tabulated {
    pub(super) fn new(sixteen_bits: bool, curve: impl Fn(f64) -> f64) -> Self {
        let fine = if sixteen_bits {
            (0..=FINE).map(|i| curve(i as f64 / FINE as f64) as f32).collect()
        } else {
            Vec::new()
        };
        Self { coarse: std::array::from_fn(|i| curve(i as f64 / 255.0) as f32), fine }
    }

    #[inline]
    pub(super) fn at8(&self, sample: u8) -> f32 {
        self.coarse[usize::from(sample)]
    }

    #[inline]
    pub(super) fn at16(&self, sample: u16) -> f32 {
        let at = f32::from(sample) * (FINE as f32 / 65_535.0);
        let cell = (at as usize).min(FINE - 1);
        match self.fine.get(cell..cell + 2) {
            Some(&[low, high]) => low + (high - low) * (at - cell as f32),
            _ => self.at8((sample >> 8) as u8),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parametric_type_3_with_the_srgb_numbers_is_srgb() {
        let icc =
            ToneReprCurve::Parametric(vec![2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045]);
        let curve = Curve::from_icc(&icc);
        for i in 0..=255 {
            let x = f64::from(i) / 255.0;
            assert!((curve.at(x) - srgb::decode(x)).abs() < 1e-5);
        }
    }

    #[test]
    fn hdr_curves_put_the_reference_white_at_one() {
        // BT.2408: 58 % PQ and 75 % HLG are 203 cd/m².
        assert!((Curve::Pq.at(0.5807) - 1.0).abs() < 0.01);
        assert!((Curve::Hlg.at(0.75) - 1.0).abs() < 0.01);
    }

    #[test]
    fn sixteen_bits_agree_with_eight() {
        let table = Tabulated::new(true, |x| Curve::Srgb.at(x));
        for v in 0..=255_u8 {
            assert!((table.at8(v) - table.at16(u16::from(v) * 257)).abs() < 1e-4);
        }
    }
}
