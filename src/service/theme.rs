//! Palettes as they are stored and told.

use std::fmt::Write;

use super::model::{Theme, ThemeColor};
use crate::color::Cluster;
use crate::{ImageColor, Palette, Rgb};

impl Theme {
    /// The theme that a palette makes.
    pub fn of(palette: &Palette) -> Self {
        let player = palette.player_color();
        Self {
            image_colors: palette.image_colors().iter().map(ThemeColor::of).collect(),
            player_color: player.rgb().to_hex(),
            player_color_light: player.light().to_hex(),
            player_color_dark: player.dark().to_hex(),
            player_text: player.text().to_hex(),
            player_primary: player.primary().to_hex(),
            player_secondary: player.secondary().to_hex(),
            average: palette.average().to_hex(),
            thumb_hash: hexadecimal(palette.thumb_hash()),
            clusters: palette.clusters(),
        }
    }

    /// The theme that several pictures have together, each counting as much as any other. `None` of
    /// none.
    pub(super) fn of_many(themes: &[Self]) -> Option<Self> {
        let pictures = themes.iter().map(|theme| {
            if theme.clusters.is_empty() {
                theme.image_colors.iter().map(ThemeColor::cluster).collect()
            } else {
                theme.clusters.clone()
            }
        });
        let pictures: Vec<Vec<Cluster>> = pictures.collect();
        let palette = Palette::of_clusters(&pictures)?;
        Some(Self { clusters: Vec::new(), ..Self::of(&palette) })
    }
}

impl ThemeColor {
    fn of(color: &ImageColor) -> Self {
        let (rgb, hsl) = (color.rgb(), color.hsl());
        Self {
            hex: color.to_hex(),
            red: rgb.red,
            green: rgb.green,
            blue: rgb.blue,
            hue: rounded(f64::from(hsl.hue)),
            saturation: rounded(f64::from(hsl.saturation)),
            lightness: rounded(f64::from(hsl.lightness)),
            intensity: rounded(f64::from(color.intensity())),
            area: rounded(color.share()),
        }
    }

    fn cluster(&self) -> Cluster {
        Cluster::of(Rgb::new(self.red, self.green, self.blue), self.area as f32)
    }
}

/// To six places: more says nothing about a colour.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
