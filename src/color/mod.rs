//! The colours of a picture: what it is made of, and one colour that a player can be painted with.
//!
//! One small weighted sample of the picture ([`sample`]) becomes clusters in Oklab ([`cluster`]),
//! of which the larger are its image colours ([`palette`]) and the one that stands for it its
//! player colour ([`player`]). Equal pixels give equal colours on every machine: sums are of
//! integers or run in one fixed order, and no function of the C library is called.

mod canvas;
mod cluster;
pub mod contrast;
#[cfg(feature = "service")]
mod kept;
mod line;
mod oklab;
mod palette;
mod placeholder;
mod player;
mod rgb;
mod sample;
mod seeding;
mod tone;

pub(crate) use self::canvas::CANONICAL_SIDE;
#[cfg(feature = "service")]
pub(crate) use self::kept::Cluster;
pub use self::palette::{ImageColor, Palette, PaletteBuilder};
pub use self::player::PlayerColor;
pub use self::rgb::{Hsl, Oklch, Rgb};
pub use self::seeding::Clustering;

#[cfg(test)]
mod tests;
