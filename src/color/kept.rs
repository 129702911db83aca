//! A picture's part in the colours of several, as it is kept beside the picture.

use palette::Oklab;
use serde::{Deserialize, Serialize};

use super::sample::Mass;
use super::{Rgb, oklab};

/// A colour with the part of the picture that shows it: lightness, a and b in Oklab, then weight,
/// area, area towards the middle, and flat area, which are parts of 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cluster([f32; 7]);

impl Cluster {
    /// A colour of which no more than its area is known.
    pub(crate) fn of(color: Rgb, area: f32) -> Self {
        let Oklab { l, a, b } = oklab::from_rgb(color);
        Self([l, a, b, area, area, area, area])
    }

    pub(super) fn of_mass(mass: &Mass) -> Self {
        let Mass { color: Oklab { l, a, b }, weight, area, middle, flat } = *mass;
        Self([l, a, b, weight, area, middle, flat])
    }

    pub(super) fn mass(&self) -> Mass {
        let [l, a, b, weight, area, middle, flat] = self.0;
        Mass { color: Oklab::new(l, a, b), weight, area, middle, flat }
    }
}
