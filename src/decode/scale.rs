//! How far a picture is reduced while it is decoded.

use crate::geometry::{Orientation, Size};

/// The side of a decoded picture over its side as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scale {
    Eighth,
    Quarter,
    Half,
    Full,
}

impl Scale {
    /// From the smallest.
    pub(crate) const ALL: [Self; 4] = [Self::Eighth, Self::Quarter, Self::Half, Self::Full];

    /// Samples per side that become of the eight of a block: 1, 2, 4 or 8.
    pub(crate) const fn side(self) -> u32 {
        match self {
            Self::Eighth => 1,
            Self::Quarter => 2,
            Self::Half => 4,
            Self::Full => 8,
        }
    }

    /// The size that a picture has at this scale: rounded up, so that nothing is cut off.
    pub(crate) const fn of(self, size: Size) -> Size {
        let side = self.side() as u64;
        Size {
            width: (size.width as u64 * side).div_ceil(8) as u32,
            height: (size.height as u64 * side).div_ceil(8) as u32,
        }
    }

    /// Where a stored picture of this size lies in its pixels once they are scaled and turned, as
    /// left, top, width and height. The last column and row may reach past its edge.
    pub(crate) fn area(self, stored: Size, orientation: Orientation) -> [f64; 4] {
        let scaled = self.of(stored);
        let factor = f64::from(self.side()) / 8.0;
        let (width, height) = (f64::from(stored.width) * factor, f64::from(stored.height) * factor);
        let (spare_x, spare_y) =
            (f64::from(scaled.width) - width, f64::from(scaled.height) - height);
        let (left, top) = match orientation {
            Orientation::Normal | Orientation::Transpose => (0.0, 0.0),
            Orientation::FlipHorizontal => (spare_x, 0.0),
            Orientation::Rotate180 => (spare_x, spare_y),
            Orientation::FlipVertical => (0.0, spare_y),
            Orientation::Rotate90 => (spare_y, 0.0),
            Orientation::Transverse => (spare_y, spare_x),
            Orientation::Rotate270 => (0.0, spare_x),
        };
        if orientation.swaps_sides() {
            [left, top, height, width]
        } else {
            [left, top, width, height]
        }
    }
}

/// The scales of one decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scales {
    /// Of what renditions are made from, and of the pixels that are handed out.
    pub(crate) main: Scale,
    /// Of what describes the picture, where it is another one.
    pub(crate) canonical: Option<Scale>,
    /// Whether the main one may come as components, where a file has them.
    pub(crate) planar: bool,
}

impl Scales {
    /// The picture as it is.
    pub(crate) const FULL: Self = Self { main: Scale::Full, canonical: None, planar: false };

    /// Both, the main one first.
    pub(super) fn iter(self) -> impl Iterator<Item = Scale> {
        [self.main].into_iter().chain(self.canonical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_cut_off() {
        for (side, want) in [(1, [1, 1, 1, 1]), (8, [1, 2, 4, 8]), (17, [3, 5, 9, 17])] {
            let got = Scale::ALL.map(|scale| scale.of(Size::new(side, 1)).width);
            assert_eq!(got, want);
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "halves are exact")]
    fn what_reaches_past_the_edge_turns_with_the_picture() {
        // Ten by twelve at a quarter: 2.5 by 3 of 3 by 3.
        let area = |value| {
            let orientation = Orientation::from_exif(value).unwrap_or_default();
            Scale::Quarter.area(Size::new(10, 12), orientation)
        };
        assert_eq!(area(1), [0.0, 0.0, 2.5, 3.0]);
        assert_eq!(area(2), [0.5, 0.0, 2.5, 3.0]);
        assert_eq!(area(6), [0.0, 0.0, 3.0, 2.5]);
        assert_eq!(area(7), [0.0, 0.5, 3.0, 2.5]);
        assert_eq!(area(8), [0.0, 0.5, 3.0, 2.5]);
    }
}
