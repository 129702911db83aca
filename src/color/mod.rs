//! stub
use crate::pixels::Pixels;
/// c
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ImageColor {
    /// h
    pub hex: String,
    /// s
    pub share: f64,
}
/// p
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PlayerColor {
    /// h
    pub hex: String,
}
/// p
#[derive(Debug, Clone, PartialEq)]
pub struct Palette {
    c: Vec<ImageColor>,
    p: PlayerColor,
}
impl Palette {
    /// of
    pub fn of(_p: &Pixels) -> Option<Self> {
        None
    }
    /// colors
    pub fn image_colors(&self) -> &[ImageColor] {
        &self.c
    }
    /// p
    pub fn player_color(&self) -> &PlayerColor {
        &self.p
    }
}
