//! Coding-independent code points (ITU-T H.273) as PNG's `cICP` chunk carries them.

use super::curve::Curve;
use super::matrix::SRGB_CHROMATICITIES;

const D65: [f64; 2] = [0.3127, 0.3290];
const ILLUMINANT_C: [f64; 2] = [0.310, 0.316];

/// Chromaticities of a colour primaries code (H.273 table 2): red, green, blue, white.
pub(super) fn primaries(code: u8) -> Option<[[f64; 2]; 4]> {
    Some(match code {
        1 => SRGB_CHROMATICITIES,
        4 => [[0.67, 0.33], [0.21, 0.71], [0.14, 0.08], ILLUMINANT_C],
        5 => [[0.64, 0.33], [0.29, 0.60], [0.15, 0.06], D65],
        6 | 7 => [[0.630, 0.340], [0.310, 0.595], [0.155, 0.070], D65],
        8 => [[0.681, 0.319], [0.243, 0.692], [0.145, 0.049], ILLUMINANT_C],
        9 => [[0.708, 0.292], [0.170, 0.797], [0.131, 0.046], D65],
        11 => [[0.680, 0.320], [0.265, 0.690], [0.150, 0.060], [0.314, 0.351]],
        12 => [[0.680, 0.320], [0.265, 0.690], [0.150, 0.060], D65],
        22 => [[0.630, 0.340], [0.295, 0.605], [0.155, 0.077], D65],
        _ => return None,
    })
}

/// The curve of a transfer characteristics code (H.273 table 3).
pub(super) fn transfer(code: u8) -> Option<Curve> {
    Some(match code {
        // The camera curves of SDR video are shown as sRGB by browsers: what counts is that the
        // picture was graded on such a display.
        1 | 6 | 13 | 14 | 15 => Curve::Srgb,
        4 => Curve::Gamma(2.2),
        5 => Curve::Gamma(2.8),
        8 => Curve::Linear,
        16 => Curve::Pq,
        18 => Curve::Hlg,
        _ => return None,
    })
}
