//! Components at the picture's resolution. ITU-T T.81 leaves the way open; this is libjpeg's: a
//! triangle filter for halved components, repetition for all others.

use super::planes::Plane;

/// How a component is brought to full resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upsampling {
    /// It has full resolution.
    None,
    /// Half as wide.
    SmoothAcross,
    /// Half as high.
    SmoothDown,
    /// Half as wide and half as high.
    SmoothBoth,
    /// The nearest sample: `h` of `max_h` across, `v` of `max_v` down.
    Nearest { h: usize, max_h: usize, v: usize, max_v: usize },
}

impl Upsampling {
    /// For a component with these sampling factors among the largest, `width` samples wide. Where
    /// pixels are means of blocks, nothing is `smooth`.
    pub(super) fn new(
        (h, v): (usize, usize),
        (max_h, max_v): (usize, usize),
        width: usize,
        smooth: bool,
    ) -> Self {
        let wide_enough = width > 2;
        match (smooth && 2 * h == max_h, smooth && 2 * v == max_v) {
            _ if h == max_h && v == max_v => Self::None,
            (true, false) if v == max_v && wide_enough => Self::SmoothAcross,
            (false, true) if h == max_h => Self::SmoothDown,
            (true, true) if wide_enough => Self::SmoothBoth,
            _ => Self::Nearest { h, max_h, v, max_v },
        }
    }

    /// Whether a row of the picture needs the component's row below.
    pub(super) const fn looks_down(self) -> bool {
        matches!(self, Self::SmoothDown | Self::SmoothBoth)
    }

    /// Row `y` of the picture. `out` is at least as wide as the picture, `sums` as the component.
    pub(super) fn row<'a>(
        self,
        plane: &'a Plane,
        y: usize,
        sums: &mut [u16],
        out: &'a mut [u8],
    ) -> &'a [u8] {
        match self {
            Self::None => return plane.row(y),
            Self::SmoothAcross => smooth_across(plane.row(y), out),
            Self::SmoothDown => {
                let (near, far) = near_and_far(plane, y);
                // libjpeg's rounding: down above, up below.
                let bias = if y.is_multiple_of(2) { 1 } else { 2 };
                for ((out, near), far) in out.iter_mut().zip(near).zip(far) {
                    *out = ((3 * u16::from(*near) + u16::from(*far) + bias) >> 2) as u8;
                }
            }
            Self::SmoothBoth => {
                let (near, far) = near_and_far(plane, y);
                for ((sum, near), far) in sums.iter_mut().zip(near).zip(far) {
                    *sum = 3 * u16::from(*near) + u16::from(*far);
                }
                smooth_sums_across(sums.get(..plane.width()).unwrap_or_default(), out);
            }
            Self::Nearest { h, max_h, v, max_v } => {
                let row = plane.row((2 * y + 1) * v / (2 * max_v));
                nearest_across(row, h, max_h, out);
            }
        }
        out
    }
}

/// Of a component half as high: the row that row `y` lies in, and the next nearest.
fn near_and_far(plane: &Plane, y: usize) -> (&[u8], &[u8]) {
    let near = y / 2;
    let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { near + 1 };
    (plane.row(near), plane.row(far))
}

/// Weights 3/4 and 1/4, rounded down to the left and up to the right, as libjpeg does.
fn smooth_across(row: &[u8], out: &mut [u8]) {
    let (pairs, _) = out.as_chunks_mut::<2>();
    let inner = row.iter().zip(row.iter().skip(1)).zip(row.iter().skip(2));
    for (pair, ((left, here), right)) in pairs.iter_mut().skip(1).zip(inner) {
        let here = 3 * u16::from(*here);
        *pair = [
            ((here + u16::from(*left) + 1) >> 2) as u8,
            ((here + u16::from(*right) + 2) >> 2) as u8,
        ];
    }
    if let ([first, second, ..], Some(pair)) = (row, pairs.first_mut()) {
        *pair = [*first, ((3 * u16::from(*first) + u16::from(*second) + 2) >> 2) as u8];
    }
    if let ([.., before, last], Some(pair)) = (row, pairs.get_mut(row.len().wrapping_sub(1))) {
        *pair = [((3 * u16::from(*last) + u16::from(*before) + 1) >> 2) as u8, *last];
    }
}

/// The same over sums of four, which makes sums of sixteen.
fn smooth_sums_across(sums: &[u16], out: &mut [u8]) {
    let (pairs, _) = out.as_chunks_mut::<2>();
    let inner = sums.iter().zip(sums.iter().skip(1)).zip(sums.iter().skip(2));
    for (pair, ((left, here), right)) in pairs.iter_mut().skip(1).zip(inner) {
        let here = here.wrapping_mul(3);
        *pair = [
            (here.wrapping_add(*left).wrapping_add(8) >> 4) as u8,
            (here.wrapping_add(*right).wrapping_add(7) >> 4) as u8,
        ];
    }
    if let ([first, second, ..], Some(pair)) = (sums, pairs.first_mut()) {
        *pair = [((4 * first + 8) >> 4) as u8, ((3 * first + second + 7) >> 4) as u8];
    }
    if let ([.., before, last], Some(pair)) = (sums, pairs.get_mut(sums.len().wrapping_sub(1))) {
        *pair = [((3 * last + before + 8) >> 4) as u8, ((4 * last + 7) >> 4) as u8];
    }
}

/// The sample in which the middle of each pixel lies.
fn nearest_across(row: &[u8], h: usize, max_h: usize, out: &mut [u8]) {
    if max_h.is_multiple_of(h.max(1)) {
        for (same, value) in out.chunks_mut((max_h / h.max(1)).max(1)).zip(row) {
            same.fill(*value);
        }
        return;
    }
    for (x, out) in out.iter_mut().enumerate() {
        let place = ((2 * x + 1) * h / (2 * max_h)).min(row.len().saturating_sub(1));
        *out = row.get(place).copied().unwrap_or_default();
    }
}
