//! Colours as several surfaces tell them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::service::{Theme, ThemeColor};

/// The colours of a picture, and those to paint a player with.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the APIs' own names")]
pub(crate) struct Colors {
    /// The picture's main colours, the largest area first; empty for a wholly transparent picture.
    #[schema(value_type = Vec<ImageColor>)]
    image_colors: Vec<ThemeColor>,
    /// The colour for the player, as `#rrggbb`.
    player_color: Option<String>,
    /// The player colour for light pages: at least 3:1 on #f4f4f5.
    player_color_light: Option<String>,
    /// The player colour for dark pages: at least 3:1 on #000.
    player_color_dark: Option<String>,
}

impl Colors {
    pub(crate) fn of(theme: Option<&Theme>) -> Self {
        let Some(theme) = theme else { return Self::default() };
        Self {
            image_colors: theme.image_colors.clone(),
            player_color: Some(theme.player_color.clone()),
            player_color_light: Some(theme.player_color_light.clone()),
            player_color_dark: Some(theme.player_color_dark.clone()),
        }
    }
}

/// One colour of a picture.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what the service tells")]
pub(crate) struct ImageColor {
    /// `#rrggbb`.
    #[schema(pattern = "^#[0-9a-f]{6}$")]
    hex: String,
    #[schema(minimum = 0, maximum = 255)]
    red: u8,
    #[schema(minimum = 0, maximum = 255)]
    green: u8,
    #[schema(minimum = 0, maximum = 255)]
    blue: u8,
    /// Of the full turn.
    #[schema(minimum = 0.0, maximum = 1.0)]
    hue: f64,
    #[schema(minimum = 0.0, maximum = 1.0)]
    saturation: f64,
    #[schema(minimum = 0.0, maximum = 1.0)]
    lightness: f64,
    /// How much it strikes the eye.
    #[schema(minimum = 0.0, maximum = 1.0)]
    intensity: f64,
    /// Its part of the visible area.
    #[schema(minimum = 0.0, maximum = 1.0)]
    area: f64,
}
