//! How well a text colour can be read on a background: the ratio of WCAG 2 and the lightness
//! contrast of APCA.
//!
//! WCAG's ratio is the legal yardstick, but the better of black and white reaches 4.5:1 on every
//! colour there is, readable or not. APCA models reading and knows which of the two is the text,
//! so a pair that passes both is safe.
//!
//! ```
//! use gatefold::{Rgb, contrast};
//!
//! let (black, white) = (Rgb::new(0, 0, 0), Rgb::new(255, 255, 255));
//! assert!((contrast::wcag(black, white) - 21.0).abs() < 1e-9);
//! assert!((contrast::apca(black, white) - 106.04).abs() < 0.01);
//! ```

use super::Rgb;

/// The contrast ratio of WCAG 2.x, 1.0 (equal) to 21.0 (black and white); the order of the two
/// does not matter.
///
/// Formula: [contrast ratio] and [relative luminance] of WCAG 2.2, with the threshold 0.04045 of
/// the sRGB standard (the 0.03928 in the text is an old erratum and changes no 8-bit value).
///
/// [contrast ratio]: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
/// [relative luminance]: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance
pub fn wcag(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (relative_luminance(a), relative_luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The relative luminance of WCAG 2.x: 0.0 for black, 1.0 for white.
pub fn relative_luminance(color: Rgb) -> f64 {
    let linear = |sample: u8| {
        let encoded = f64::from(sample) / 255.0;
        if encoded <= 0.04045 { encoded / 12.92 } else { libm::pow((encoded + 0.055) / 1.055, 2.4) }
    };
    0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue)
}

/// The lightness contrast Lc of APCA, from about −108 (white text on black) to 106 (black text on
/// white); 0 where there is too little to see. Negative means light text on a dark background.
///
/// 60 is enough for the text one reads in passing (24 px, or 16 px bold), 75 for body text, 90 is
/// preferred for columns of it.
///
/// Formula and constants: [APCA-W3 0.1.9 (0.0.98G-4g)].
///
/// [APCA-W3 0.1.9 (0.0.98G-4g)]: https://github.com/Myndex/apca-w3
pub fn apca(text: Rgb, background: Rgb) -> f64 {
    const SCALE: f64 = 1.14;
    const OFFSET: f64 = 0.027;
    const LOW_CLIP: f64 = 0.1;
    const SMALLEST_DIFFERENCE: f64 = 0.0005;

    let (text, background) = (apca_luminance(text), apca_luminance(background));
    if (background - text).abs() < SMALLEST_DIFFERENCE {
        return 0.0;
    }
    if background > text {
        let contrast = (libm::pow(background, 0.56) - libm::pow(text, 0.57)) * SCALE;
        if contrast < LOW_CLIP { 0.0 } else { (contrast - OFFSET) * 100.0 }
    } else {
        let contrast = (libm::pow(background, 0.65) - libm::pow(text, 0.62)) * SCALE;
        if contrast > -LOW_CLIP { 0.0 } else { (contrast + OFFSET) * 100.0 }
    }
}

/// The screen luminance that APCA estimates, with its soft clamp near black.
fn apca_luminance(color: Rgb) -> f64 {
    const BLACK_THRESHOLD: f64 = 0.022;
    const BLACK_CLAMP: f64 = 1.414;

    let simple = |sample: u8| libm::pow(f64::from(sample) / 255.0, 2.4);
    let luminance = 0.212_672_9 * simple(color.red)
        + 0.715_152_2 * simple(color.green)
        + 0.072_175_0 * simple(color.blue);
    if luminance < BLACK_THRESHOLD {
        luminance + libm::pow(BLACK_THRESHOLD - luminance, BLACK_CLAMP)
    } else {
        luminance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worked values that the APCA-W3 sources give for checking an implementation.
    #[test]
    fn apca_gives_the_published_values() {
        let rgb = |v: u32| Rgb::new((v >> 16) as u8, (v >> 8) as u8, v as u8);
        for (text, background, expected) in [
            (0x88_8888, 0xff_ffff, 63.056_469_930_209_424),
            (0xff_ffff, 0x88_8888, -68.541_464_366_449_62),
            (0x00_0000, 0xaa_aaaa, 58.146_262_578_561_334),
            (0xaa_aaaa, 0x00_0000, -56.241_133_368_397_42),
            (0x11_2233, 0xdd_eeff, 91.668_308_114_816_31),
            (0xdd_eeff, 0x11_2233, -93.067_700_494_842_75),
            (0x11_2233, 0x44_4444, 8.323_261_369_573_93),
            (0x44_4444, 0x11_2233, -7.526_878_460_278_154),
        ] {
            let found = apca(rgb(text), rgb(background));
            assert!((found - expected).abs() < 1e-9, "{text:06x} on {background:06x}: {found}");
        }
    }

    #[test]
    fn wcag_is_symmetric_and_ends_at_21() {
        let (black, white, grey) =
            (Rgb::new(0, 0, 0), Rgb::new(255, 255, 255), Rgb::new(118, 118, 118));
        assert!((wcag(black, white) - 21.0).abs() < 1e-12);
        assert!((wcag(grey, white) - wcag(white, grey)).abs() < 1e-12);
        // #767676 is the lightest grey that carries white text at 4.5:1.
        assert!(wcag(grey, white) >= 4.5 && wcag(Rgb::new(119, 119, 119), white) < 4.5);
    }
}
