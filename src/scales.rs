//! At which scales a picture is decoded: as small as its outputs allow.

use crate::color::CANONICAL_SIDE;
use crate::container::Structure;
use crate::decode::{self, Scale, Scales};

/// Pixels for each pixel of a rendition, per side, that a reduced picture must have. Where the
/// picture itself has fewer it is decoded as it is. libvips keeps as many.
const MARGIN: f64 = 2.0;

/// What is wanted of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wanted {
    /// Colours or a perceptual hash.
    pub(crate) described: bool,
    /// All of its pixels.
    pub(crate) exact: bool,
    /// Renditions, the largest of which is so many times smaller per side.
    pub(crate) reduction: Option<f64>,
}

/// The scales that serve.
///
/// What describes a picture is made at a scale that follows from its stored size alone, so that no
/// rendition changes a colour: the smallest with [`CANONICAL_SIDE`] pixels on the long side. Where
/// this is larger than what renditions need, they are made of it, too.
pub(crate) fn choose(structure: &Structure, wanted: Wanted) -> Scales {
    if !decode::reduces(structure) {
        return Scales::FULL;
    }
    let smallest = |serves: &dyn Fn(Scale) -> bool| {
        Scale::ALL.into_iter().find(|scale| serves(*scale)).unwrap_or(Scale::Full)
    };
    let stored = structure.stored_size();
    let canonical =
        wanted.described.then(|| smallest(&|scale| scale.of(stored).long_side() >= CANONICAL_SIDE));
    let rendering = wanted
        .reduction
        .map(|reduction| smallest(&|scale| reduction * f64::from(scale.side()) / 8.0 >= MARGIN));
    let needed = if wanted.exact { Some(Scale::Full) } else { rendering };
    let main = needed.max(canonical).unwrap_or(Scale::Eighth);
    Scales { main, canonical: canonical.filter(|canonical| *canonical != main) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;
    use crate::geometry::Size;

    fn scales(long_side: u32, described: bool, reduction: Option<f64>) -> Scales {
        let mut structure = Structure::new(Format::Jpeg);
        structure.stored = Size::new(long_side, long_side / 2);
        choose(&structure, Wanted { described, exact: false, reduction })
    }

    #[test]
    fn renditions_keep_their_margin_and_never_change_the_canonical_scale() {
        for (reduction, main) in [
            (0.5, Scale::Full),
            (3.99, Scale::Full),
            (4.0, Scale::Half),
            (7.99, Scale::Half),
            (8.0, Scale::Quarter),
            (16.0, Scale::Eighth),
        ] {
            assert_eq!(scales(6_000, false, Some(reduction)), Scales { main, canonical: None });
        }
        for (side, canonical) in [
            (600, Scale::Full),
            (1_022, Scale::Full),
            (1_023, Scale::Half),
            (4_000, Scale::Quarter),
            (4_089, Scale::Eighth),
        ] {
            assert_eq!(scales(side, true, None), Scales { main: canonical, canonical: None });
            for reduction in [1.0, 5.0, 100.0] {
                let both = scales(side, true, Some(reduction));
                assert_eq!(both.canonical.unwrap_or(both.main), canonical);
                assert!(both.main >= scales(side, false, Some(reduction)).main);
            }
        }
    }
}
