//! Between 8-bit sRGB and Oklab, bit-equal on every machine.

use palette::{IntoColor, LinSrgb, Oklab, Srgb};

use super::Rgb;

/// Linear light of every 8-bit sRGB value, and 1.0 once more so that value + 1 can be looked up.
pub(super) struct LinearTable([f32; 257]);

impl LinearTable {
    pub(super) fn new() -> Self {
        let mut table = [1.0; 257];
        for (value, entry) in (0..=255).zip(&mut table) {
            *entry = Srgb::new(value, 0_u8, 0).into_linear::<f32>().red;
        }
        Self(table)
    }

    /// Linear light of a fractional 8-bit value, 0.0..=255.0.
    pub(super) fn at(&self, value: f32) -> f32 {
        let whole = (value as usize).min(255);
        let (low, high) = (self.0[whole], self.0[whole + 1]);
        low + (high - low) * (value - whole as f32)
    }
}

/// Linear sRGB to Oklab (Ottosson, "A perceptual color space for image processing", 2020).
///
/// `palette` has the same, but takes whichever cube root its features name, and another crate in
/// an embedder's tree may turn on the one of the C library.
pub(super) fn from_linear(red: f32, green: f32, blue: f32) -> Oklab {
    let l = libm::cbrtf(0.412_221_46 * red + 0.536_332_55 * green + 0.051_445_995 * blue);
    let m = libm::cbrtf(0.211_903_5 * red + 0.680_699_5 * green + 0.107_396_96 * blue);
    let s = libm::cbrtf(0.088_302_46 * red + 0.281_718_85 * green + 0.629_978_7 * blue);
    Oklab::new(
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    )
}

/// The Oklab colour of an 8-bit sRGB colour.
pub(super) fn from_rgb(color: Rgb) -> Oklab {
    let linear: LinSrgb = Srgb::new(color.red, color.green, color.blue).into_linear();
    from_linear(linear.red, linear.green, linear.blue)
}

/// The nearest 8-bit sRGB colour; what lies outside sRGB is clipped.
pub(super) fn to_rgb(color: Oklab) -> Rgb {
    let linear: LinSrgb = color.into_color();
    let encoded: Srgb<u8> = LinSrgb::new(
        linear.red.clamp(0.0, 1.0),
        linear.green.clamp(0.0, 1.0),
        linear.blue.clamp(0.0, 1.0),
    )
    .into_encoding();
    Rgb::new(encoded.red, encoded.green, encoded.blue)
}

pub(super) fn distance_squared(a: Oklab, b: Oklab) -> f32 {
    let (l, x, y) = (a.l - b.l, a.a - b.a, a.b - b.b);
    l * l + x * x + y * y
}

pub(super) fn chroma(color: Oklab) -> f32 {
    (color.a * color.a + color.b * color.b).sqrt()
}

/// The same hue at another lightness, with as much of the chroma as sRGB holds there.
pub(super) fn with_lightness(color: Oklab, lightness: f32) -> Oklab {
    let scaled = |factor: f32| Oklab::new(lightness, color.a * factor, color.b * factor);
    if is_in_srgb(scaled(1.0)) {
        return scaled(1.0);
    }
    // Chroma is in gamut from grey up to one boundary, so halving finds it; 10 steps are finer
    // than 8 bits.
    let (mut inside, mut outside) = (0.0, 1.0);
    for _ in 0..10 {
        let middle = f32::midpoint(inside, outside);
        if is_in_srgb(scaled(middle)) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    scaled(inside)
}

fn is_in_srgb(color: Oklab) -> bool {
    // About half an 8-bit step in the darks, so that colours on the boundary count as inside.
    const TOLERANCE: f32 = 0.002;
    let linear: LinSrgb = color.into_color();
    [linear.red, linear.green, linear.blue]
        .iter()
        .all(|v| (-TOLERANCE..=1.0 + TOLERANCE).contains(v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hundredth_color_survives_the_way_there_and_back() {
        for value in (0..0x0100_0000_u32).step_by(101) {
            let color = Rgb::new((value >> 16) as u8, (value >> 8) as u8, value as u8);
            assert_eq!(to_rgb(from_rgb(color)), color);
        }
    }

    #[test]
    fn agrees_with_palette() {
        for (red, green, blue) in
            [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.2, 0.7, 0.1), (0.9, 0.05, 0.4)]
        {
            let theirs: Oklab = LinSrgb::new(red, green, blue).into_color();
            assert!(distance_squared(from_linear(red, green, blue), theirs) < 1e-10);
        }
    }
}
