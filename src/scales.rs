//! At which scales a picture is decoded: as small as its outputs allow.

use crate::color::CANONICAL_SIDE;
use crate::container::Structure;
use crate::decode::{self, Scale, Scales};
use crate::format::Format;

/// Pixels for each pixel of a rendition, per side, that a reduced picture must have. Where the
/// picture itself has fewer it is decoded as it is. libvips keeps as many.
const MARGIN: f64 = 2.0;

/// The same where all renditions are JPEGs whose own losses are far greater: against renditions of
/// the full picture it costs them 0.02 dB at 39, and lossless ones 1 to 2 dB at 55.
const JPEG_MARGIN: f64 = 1.6;

/// How many times larger than each rendition, per side, a picture must be for its components to be
/// resampled by themselves. Colour differences are mostly stored at half the resolution: for outputs
/// nearly as large they are brought to full resolution as decoders do it.
const PLANAR_FROM: f64 = 1.5;

/// What is wanted of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wanted {
    /// Colours or a perceptual hash.
    pub(crate) described: bool,
    /// All of its pixels.
    pub(crate) exact: bool,
    /// Renditions of a JPEG that are all JPEGs of usual quality.
    pub(crate) plain_jpeg: bool,
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
    let coarse = wanted.plain_jpeg && structure.format() == Format::Jpeg;
    let canonical =
        wanted.described.then(|| smallest(&|scale| scale.of(stored).long_side() >= CANONICAL_SIDE));
    let rendering = wanted.reduction.map(|reduction| {
        // An eighth is means of blocks, no more.
        let margin = |scale| if coarse && scale > Scale::Eighth { JPEG_MARGIN } else { MARGIN };
        smallest(&|scale| reduction * f64::from(scale.side()) / 8.0 >= margin(scale))
    });
    let needed = if wanted.exact { Some(Scale::Full) } else { rendering };
    let main = needed.max(canonical).unwrap_or(Scale::Eighth);
    let canonical = canonical.filter(|canonical| *canonical != main);
    // Where one picture serves both, it is pixels that describe it.
    let planar = wanted.reduction.is_some_and(|reduction| reduction >= PLANAR_FROM)
        && coarse
        && !wanted.exact
        && (canonical.is_some() || !wanted.described);
    Scales { main, canonical, planar }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    fn scales(long_side: u32, described: bool, reduction: Option<f64>) -> Scales {
        chosen(long_side, Wanted { described, exact: false, plain_jpeg: false, reduction })
    }

    fn chosen(long_side: u32, wanted: Wanted) -> Scales {
        let mut structure = Structure::new(Format::Jpeg);
        structure.stored = Size::new(long_side, long_side / 2);
        choose(&structure, wanted)
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
            let chosen = scales(6_000, false, Some(reduction));
            assert_eq!((chosen.main, chosen.canonical), (main, None));
        }
        for (side, canonical) in [
            (600, Scale::Full),
            (1_022, Scale::Full),
            (1_023, Scale::Half),
            (4_000, Scale::Quarter),
            (4_089, Scale::Eighth),
        ] {
            let chosen = scales(side, true, None);
            assert_eq!((chosen.main, chosen.canonical), (canonical, None));
            for reduction in [1.0, 5.0, 100.0] {
                let both = scales(side, true, Some(reduction));
                assert_eq!(both.canonical.unwrap_or(both.main), canonical);
                assert!(both.main >= scales(side, false, Some(reduction)).main);
            }
        }
    }

    #[test]
    fn jpegs_leave_less_margin_but_never_that_of_an_eighth() {
        for (reduction, main) in [
            (3.19, Scale::Full),
            (3.2, Scale::Half),
            (6.4, Scale::Quarter),
            (15.9, Scale::Quarter),
            (16.0, Scale::Eighth),
        ] {
            let reduction = Some(reduction);
            let wanted = Wanted { described: false, exact: false, plain_jpeg: true, reduction };
            assert_eq!(chosen(6_000, wanted).main, main);
        }
    }

    #[test]
    fn components_stay_apart_only_where_renditions_alone_want_them() {
        let planar = |described, reduction| {
            let wanted = Wanted { described, exact: false, plain_jpeg: true, reduction };
            assert!(!chosen(4_000, Wanted { plain_jpeg: false, ..wanted }).planar);
            chosen(4_000, wanted).planar
        };
        assert!(planar(false, Some(1.5)));
        assert!(!planar(false, Some(1.4)));
        assert!(!planar(false, None));
        // At half size, beside what describes the picture at a quarter.
        assert!(planar(true, Some(4.0)));
        // A quarter serves both.
        assert!(!planar(true, Some(8.0)));
    }
}
