//! Colours as numbers.

use std::fmt;

use super::oklab;

/// An opaque 8-bit sRGB colour. Displays as `#rrggbb`.
///
/// ```
/// use gatefold::Rgb;
/// assert_eq!(Rgb::new(255, 122, 0).to_string(), "#ff7a00");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rgb {
    /// Red, 0..=255.
    pub red: u8,
    /// Green, 0..=255.
    pub green: u8,
    /// Blue, 0..=255.
    pub blue: u8,
}

impl Rgb {
    /// Black, the dark text colour.
    pub const BLACK: Self = Self::new(0, 0, 0);
    /// White, the light text colour.
    pub const WHITE: Self = Self::new(255, 255, 255);

    /// A colour of its three samples.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// `#rrggbb`, in lower case.
    pub fn to_hex(self) -> String {
        self.to_string()
    }

    /// Hue, saturation and lightness.
    pub fn hsl(self) -> Hsl {
        let (red, green, blue) = (
            f32::from(self.red) / 255.0,
            f32::from(self.green) / 255.0,
            f32::from(self.blue) / 255.0,
        );
        let (max, min) = (red.max(green).max(blue), red.min(green).min(blue));
        let (span, lightness) = (max - min, f32::midpoint(max, min));
        if self.red == self.green && self.green == self.blue {
            return Hsl { hue: 0.0, saturation: 0.0, lightness };
        }
        let sector = if max <= red {
            (green - blue) / span + if green < blue { 6.0 } else { 0.0 }
        } else if max <= green {
            (blue - red) / span + 2.0
        } else {
            (red - green) / span + 4.0
        };
        let saturation =
            if lightness > 0.5 { span / (2.0 - max - min) } else { span / (max + min) };
        Hsl { hue: sector / 6.0, saturation, lightness }
    }

    /// Lightness, chroma and hue in Oklch.
    pub fn oklch(self) -> Oklch {
        // What is left of a grey after rounding has a hue, but not one to be shown.
        const GREY: f32 = 1e-3;
        let color = oklab::from_rgb(self);
        let chroma = oklab::chroma(color);
        if chroma < GREY {
            return Oklch { lightness: color.l, chroma: 0.0, hue: 0.0 };
        }
        let degrees = libm::atan2f(color.b, color.a).to_degrees();
        Oklch {
            lightness: color.l,
            chroma,
            hue: if degrees < 0.0 { degrees + 360.0 } else { degrees },
        }
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Rgb {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Hue, saturation and lightness, all 0.0..=1.0 as the npm package extract-colors has them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hsl {
    /// A part of the full turn: 0 is red, ⅓ green, ⅔ blue; 0 for a grey.
    pub hue: f32,
    /// 0 for a grey.
    pub saturation: f32,
    /// 0 is black, 1 is white.
    pub lightness: f32,
}

/// A colour in Oklch, as CSS Color 4 writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Oklch {
    /// 0 is black, 1 is white.
    pub lightness: f32,
    /// 0 for a grey, at most about 0.32 in sRGB.
    pub chroma: f32,
    /// Degrees, 0..360; 0 for a grey.
    pub hue: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hsl_of_the_corners() {
        let near = |a: f32, b: f32| (a - b).abs() < 1e-6;
        let blue = Rgb::new(0, 0, 255).hsl();
        assert!(
            near(blue.hue, 2.0 / 3.0) && near(blue.saturation, 1.0) && near(blue.lightness, 0.5)
        );
        let grey = Rgb::new(128, 128, 128);
        assert!(near(grey.hsl().saturation, 0.0) && near(grey.oklch().chroma, 0.0));
        assert!(Rgb::new(255, 0, 1).hsl().hue > 0.99);
        // CSS Color 4 gives oklch(62.796% 0.25768 29.234) for red.
        let red = Rgb::new(255, 0, 0).oklch();
        assert!((red.lightness - 0.62796).abs() < 1e-4 && (red.chroma - 0.25768).abs() < 1e-4);
        assert!((red.hue - 29.234).abs() < 0.02);
    }
}
