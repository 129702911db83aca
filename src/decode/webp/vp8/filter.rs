//! The loop filter (RFC 6386 §15): sixteen samples along an edge at once.

use multiversion::multiversion;

use super::edge::{Direction, LANES, Sides, View};
use crate::verify::vp8::{Filter, Reconstruction};

/// How strongly the edges of a macroblock are filtered (§15.2 to §15.4).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Strength {
    /// 0 is not at all.
    level: i16,
    /// How much neighbours may differ on each side of an edge.
    interior: i16,
    /// From where on they differ so much that less is smoothed.
    variance: i16,
    /// Whether edges inside are filtered: not without coefficients, unless sub-blocks have modes.
    pub(super) inside: bool,
}

impl Strength {
    /// Of macroblocks of one segment, with one mode or with sub-block modes (§9.3, §9.4, §15.4).
    pub(super) fn of(segment: usize, sub_blocks: bool, frame: &Reconstruction) -> Self {
        let Filter { level, sharpness, adjustments, .. } = frame.filter;
        let level = match &frame.segments {
            None => level,
            Some(segments) => {
                let base = if segments.absolute { 0 } else { level };
                (base + segments.levels[segment & 3]).clamp(0, 63)
            }
        };
        let adjustment = adjustments[0] + if sub_blocks { adjustments[1] } else { 0 };
        let level = (level + adjustment).clamp(0, 63) as i16;
        let most = 9 - i16::from(sharpness);
        let interior = match sharpness {
            0 => level,
            1..=4 => (level >> 1).min(most),
            _ => (level >> 2).min(most),
        };
        let variance = i16::from(level >= 15) + i16::from(level >= 40);
        Self { level, interior: interior.max(1), variance, inside: sub_blocks }
    }
}

/// Filters a row of macroblocks in its planes, luma first: of each the left edge, those inside that
/// run down, the upper edge, and those inside that run across (§15.1). Rows above may change, rows
/// below do not.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn filter<'v>(planes: [View<'v>; 3], row: usize, simple: bool, strengths: &[Strength]) {
    let [mut luma, mut u, mut v] = planes;
    for (column, strength) in strengths.iter().enumerate().filter(|(_, s)| s.level > 0) {
        for (direction, first) in [(Direction::Down, column == 0), (Direction::Across, row == 0)] {
            for inner in 0..4 {
                if (inner == 0 && first) || (inner > 0 && !strength.inside) {
                    continue;
                }
                let edge = Edge { direction, inner, column, row, strength: *strength };
                if simple {
                    edge.simple(&mut luma);
                } else {
                    edge.normal(&mut luma, [&mut u, &mut v]);
                }
            }
        }
    }
}

/// One edge of a macroblock.
struct Edge {
    direction: Direction,
    /// 0 is the edge between two macroblocks, 1 to 3 are inside.
    inner: usize,
    column: usize,
    row: usize,
    strength: Strength,
}

impl Edge {
    /// How much both sides may differ.
    const fn limit(&self) -> i16 {
        let more = if self.inner == 0 { 4 } else { 0 };
        self.strength.level.wrapping_mul(2).wrapping_add(self.strength.interior).wrapping_add(more)
    }

    /// Where it begins, in macroblocks of this side.
    const fn start(&self, side: usize) -> (usize, usize) {
        let (x, y) = (self.column * side, self.row * side);
        match self.direction {
            Direction::Down => (x + self.inner * 4, y),
            Direction::Across => (x, y + self.inner * 4),
        }
    }

    #[inline(always)]
    fn simple(&self, luma: &mut View<'_>) {
        let mut sides = Sides::default();
        luma.load::<16, 0>(self.direction, self.start(16), &mut sides);
        simple(&mut sides, self.limit());
        luma.store::<16, 0>(self.direction, self.start(16), &sides);
    }

    /// Chroma has one edge inside, in the middle; both its planes are filtered at once.
    #[inline(always)]
    fn normal(&self, luma: &mut View<'_>, [u, v]: [&mut View<'_>; 2]) {
        let (direction, mut sides) = (self.direction, Sides::default());
        luma.load::<16, 0>(direction, self.start(16), &mut sides);
        self.smooth(&mut sides);
        luma.store::<16, 0>(direction, self.start(16), &sides);
        if self.inner < 2 {
            u.load::<8, 0>(direction, self.start(8), &mut sides);
            v.load::<8, 8>(direction, self.start(8), &mut sides);
            self.smooth(&mut sides);
            u.store::<8, 0>(direction, self.start(8), &sides);
            v.store::<8, 8>(direction, self.start(8), &sides);
        }
    }

    #[inline(always)]
    fn smooth(&self, sides: &mut Sides) {
        let Strength { interior, variance, .. } = self.strength;
        if self.inner == 0 {
            normal::<true>(sides, self.limit(), interior, variance);
        } else {
            normal::<false>(sides, self.limit(), interior, variance);
        }
    }
}

/// To the range of signed bytes (§15.2).
#[inline(always)]
fn c(value: i16) -> i16 {
    value.clamp(-128, 127)
}

/// A sample changed by so much, clamped.
#[inline(always)]
fn moved(sample: i16, by: i16) -> i16 {
    sample.wrapping_add(by).clamp(0, 255)
}

#[inline(always)]
const fn difference(a: i16, b: i16) -> i16 {
    a.wrapping_sub(b).wrapping_abs()
}

/// Whether the two sides of an edge are near enough to each other (§15.2).
#[inline(always)]
const fn is_smooth([p1, p0, q0, q1]: [i16; 4], limit: i16) -> bool {
    difference(p0, q0).wrapping_mul(2).wrapping_add(difference(p1, q1) >> 1) <= limit
}

/// By how much the samples at the edge move: p0 up and q0 down (§15.2).
#[inline(always)]
fn steps(a: i16) -> (i16, i16) {
    (c(a.wrapping_add(3)) >> 3, c(a.wrapping_add(4)) >> 3)
}

/// The simple filter (§15.2).
#[inline(always)]
fn simple(sides: &mut Sides, limit: i16) {
    let [_, _, p1, p0, q0, q1, _, _] = *sides;
    for lane in 0..LANES {
        let (p1, p0, q0, q1) = (p1[lane], p0[lane], q0[lane], q1[lane]);
        let mask = -i16::from(is_smooth([p1, p0, q0, q1], limit));
        let toward = c(p1.wrapping_sub(q1)).wrapping_add(q0.wrapping_sub(p0).wrapping_mul(3));
        let (up, down) = steps(c(toward));
        sides[3][lane] = moved(p0, up & mask);
        sides[4][lane] = moved(q0, down.wrapping_neg() & mask);
    }
}

/// The normal filter, between macroblocks or inside of one (§15.3). Masks are all ones or all
/// zeros, so that lanes take the same way.
#[inline(always)]
fn normal<const BETWEEN: bool>(sides: &mut Sides, limit: i16, interior: i16, variance: i16) {
    let [p3, p2, p1, p0, q0, q1, q2, q3] = *sides;
    for lane in 0..LANES {
        let (p3, p2, p1, p0) = (p3[lane], p2[lane], p1[lane], p0[lane]);
        let (q0, q1, q2, q3) = (q0[lane], q1[lane], q2[lane], q3[lane]);
        let near = difference(p1, p0).max(difference(q1, q0));
        let far = difference(p3, p2).max(difference(p2, p1));
        let far = far.max(difference(q3, q2)).max(difference(q2, q1));
        let smooth = i16::from(is_smooth([p1, p0, q0, q1], limit));
        let mask = -(smooth & i16::from(near.max(far) <= interior));
        let varied = -i16::from(near > variance);
        let outer = c(p1.wrapping_sub(q1));
        let base = q0.wrapping_sub(p0).wrapping_mul(3);
        if BETWEEN {
            // Where samples vary much, as inside; elsewhere three on each side move.
            let w = c(base.wrapping_add(outer)) & mask;
            let (up, down) = steps(w & varied);
            let w = w & !varied;
            let part = |weight: i16| w.wrapping_mul(weight).wrapping_add(63) >> 7;
            let (most, some, least) = (part(27), part(18), part(9));
            sides[1][lane] = moved(p2, least);
            sides[2][lane] = moved(p1, some);
            sides[3][lane] = moved(p0, most.wrapping_add(up));
            sides[4][lane] = moved(q0, most.wrapping_add(down).wrapping_neg());
            sides[5][lane] = moved(q1, some.wrapping_neg());
            sides[6][lane] = moved(q2, least.wrapping_neg());
        } else {
            let (up, down) = steps(c(base.wrapping_add(outer & varied)) & mask);
            let half = (down.wrapping_add(1) >> 1) & !varied;
            sides[2][lane] = moved(p1, half);
            sides[3][lane] = moved(p0, up);
            sides[4][lane] = moved(q0, down.wrapping_neg());
            sides[5][lane] = moved(q1, half.wrapping_neg());
        }
    }
}
