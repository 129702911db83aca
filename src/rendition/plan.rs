//! Geometry alone: which part of a picture goes into a rendition, and how large.

use crate::geometry::{Bounds, Fit, FocalPoint, Size};
use crate::policy::RenditionRules;

use super::spec::RenditionSpec;

/// A part of a picture, in its pixels. Fractions keep the proportions of a box exact where the
/// picture is resampled anyway.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Crop {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Crop {
    pub(crate) fn whole(size: Size) -> Self {
        Self { left: 0.0, top: 0.0, width: f64::from(size.width), height: f64::from(size.height) }
    }

    /// The same part in the pixels of `size`, a picture of what `outer` cuts out. `None` when
    /// `outer` lacks some of it.
    pub(crate) fn within(&self, outer: &Self, size: Size) -> Option<Self> {
        // Equal crops must stay whole: the quotients below need not come out even.
        if self == outer {
            return Some(Self::whole(size));
        }
        let inside = self.left >= outer.left
            && self.top >= outer.top
            && self.left + self.width <= outer.left + outer.width
            && self.top + self.height <= outer.top + outer.height;
        let x = f64::from(size.width) / outer.width;
        let y = f64::from(size.height) / outer.height;
        inside.then_some(Self {
            left: (self.left - outer.left) * x,
            top: (self.top - outer.top) * y,
            width: self.width * x,
            height: self.height * y,
        })
    }

    /// The same part in the pixels of a picture of `shown` size that lies, at another scale, in
    /// `area` of them.
    pub(crate) fn placed_in(&self, area: &Self, shown: Size) -> Self {
        let x = area.width / f64::from(shown.width.max(1));
        let y = area.height / f64::from(shown.height.max(1));
        Self {
            left: area.left + self.left * x,
            top: area.top + self.top * y,
            width: self.width * x,
            height: self.height * y,
        }
    }

    /// Crop ÷ size per side, the smaller of the two: below 1 the picture would be enlarged.
    pub(crate) fn reduction_to(&self, size: Size) -> f64 {
        (self.width / f64::from(size.width)).min(self.height / f64::from(size.height))
    }

    /// Whole pixels `(left, top)` when cutting alone gives `size`.
    pub(crate) fn as_cut(&self, size: Size) -> Option<(u32, u32)> {
        let whole = |v: f64| v.fract() == 0.0;
        let same = self.width as u32 == size.width && self.height as u32 == size.height;
        let cut = same && [self.left, self.top, self.width, self.height].into_iter().all(whole);
        cut.then_some((self.left as u32, self.top as u32))
    }
}

/// What one rendition takes from a picture and becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    /// The part taken, in pixels of the picture as shown at full size.
    pub(crate) crop: Crop,
    /// What the part is resampled to.
    pub(crate) target: Size,
    /// The rendition's own size; larger than `target` only where it is padded.
    pub(crate) canvas: Size,
}

impl Plan {
    /// The plan for a picture of `shown` size. `holds` is the longest side that the format of the
    /// rendition can hold.
    pub(crate) fn new(
        shown: Size,
        spec: &RenditionSpec,
        rules: &RenditionRules,
        holds: u32,
    ) -> Self {
        let shown = Size::new(shown.width.max(1), shown.height.max(1));
        let holds = holds.clamp(1, Bounds::MAX_SIDE);
        let most = Size::new(holds, holds);
        let whole = Crop::whole(shown);
        let uncut = |target: Size| Self { crop: whole, target, canvas: target };

        if spec.width() == 0 || spec.height() == 0 {
            return uncut(in_proportion(shown, spec, rules, most));
        }
        let wanted = shrink_into(Size::new(spec.width(), spec.height()), most);
        let enlarge = spec.may_enlarge(rules);
        match spec.chosen_fit() {
            Fit::Contain => uncut(contained(shown, wanted, enlarge)),
            Fit::Pad => Self { canvas: wanted, ..uncut(contained(shown, wanted, enlarge)) },
            Fit::Exact if enlarge => uncut(wanted),
            Fit::Exact => uncut(shrink_into(wanted, shown)),
            Fit::Cover(focus) => {
                let target = if enlarge { wanted } else { shrink_into(wanted, shown) };
                let crop = if target == wanted {
                    covering(shown, wanted, focus)
                } else {
                    // The box itself had to be made smaller: it is cut out, not resampled.
                    placed(shown, f64::from(target.width), f64::from(target.height), focus, true)
                };
                Self { crop, target, canvas: target }
            }
        }
    }
}

/// `of` × `by` ÷ `to`, rounded to nearest, at least 1; saturating.
fn proportional(of: u32, by: u32, to: u32) -> u32 {
    let (of, by, to) = (u64::from(of), u64::from(by), u64::from(to.max(1)));
    u32::try_from((of * by + to / 2) / to).unwrap_or(u32::MAX).max(1)
}

/// The largest size in the proportions of `shape` inside `limit`.
fn largest_inside(shape: Size, limit: Size) -> Size {
    let across = u64::from(shape.width) * u64::from(limit.height);
    let down = u64::from(shape.height) * u64::from(limit.width);
    if across >= down {
        Size::new(
            limit.width,
            proportional(shape.height, limit.width, shape.width).min(limit.height),
        )
    } else {
        Size::new(
            proportional(shape.width, limit.height, shape.height).min(limit.width),
            limit.height,
        )
    }
}

/// `size`, made smaller in proportion where it does not fit into `limit`.
fn shrink_into(size: Size, limit: Size) -> Size {
    if size.width <= limit.width && size.height <= limit.height {
        size
    } else {
        largest_inside(size, limit)
    }
}

fn contained(shown: Size, wanted: Size, enlarge: bool) -> Size {
    if enlarge { largest_inside(shown, wanted) } else { shrink_into(shown, wanted) }
}

/// The size where at most one side is given.
fn in_proportion(shown: Size, spec: &RenditionSpec, rules: &RenditionRules, most: Size) -> Size {
    let limit = |side: u32, own: u32| {
        if spec.may_enlarge(rules) { side } else { side.min(own) }
    };
    let size = match (spec.width(), spec.height()) {
        (0, 0) => shown,
        (width, 0) => {
            let width = limit(width, shown.width);
            Size::new(width, proportional(shown.height, width, shown.width))
        }
        (_, height) => {
            let height = limit(height, shown.height);
            Size::new(proportional(shown.width, height, shown.height), height)
        }
    };
    // A strip of one pixel, enlarged to any width, would be of any height.
    let ceiling = rules.max_side.max(shown.long_side());
    shrink_into(shrink_into(size, Size::new(ceiling, ceiling)), most)
}

/// The largest part of `shown` in the proportions of `wanted`, around the focal point.
fn covering(shown: Size, wanted: Size, focus: FocalPoint) -> Crop {
    let across = u64::from(wanted.width) * u64::from(shown.height);
    let down = u64::from(wanted.height) * u64::from(shown.width);
    // One rounding of exact products: boxes of equal proportions get equal crops, bit for bit.
    let (width, height, cut) = if across >= down {
        let height = down as f64 / f64::from(wanted.width);
        (f64::from(shown.width), height, shown.width == wanted.width)
    } else {
        let width = across as f64 / f64::from(wanted.height);
        (width, f64::from(shown.height), shown.height == wanted.height)
    };
    placed(shown, width.max(1.0), height.max(1.0), focus, cut)
}

/// A part of this size, its middle as near the focal point as the edges permit; on whole pixels
/// when it is `cut` and not resampled.
fn placed(shown: Size, width: f64, height: f64, focus: FocalPoint, cut: bool) -> Crop {
    let start = |side: u32, part: f64, focus: f32| {
        let side = f64::from(side);
        let start = (f64::from(focus) * side - part / 2.0).clamp(0.0, (side - part).max(0.0));
        if cut { start.floor() } else { start }
    };
    Crop {
        left: start(shown.width, width, focus.x()),
        top: start(shown.height, height, focus.y()),
        width,
        height,
    }
}
