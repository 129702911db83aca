//! The inverse DCT to fewer samples than eight.
//!
//! The first `N`×`N` coefficients of a block of eight are, `N`/8 as large, those of a block of `N`
//! that shows the same: a transform of `N` points over them gives the picture at a reduced scale,
//! filtered as sharply as blocks allow. Against a full decode reduced by Lanczos this is 1 to 7 dB
//! nearer than means of squares of samples, and the other coefficients need no values.

use super::idct::{
    BETWEEN, CONSTANT, Group, LANES, Steps, flat, inverse, sample, sample_of, times,
};
use crate::container::jpeg::{Component, Frame};
use crate::decode::scale::Scale;

/// What becomes of the blocks of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inverse {
    /// One sample, the mean.
    One,
    /// 2×2 samples.
    Two,
    /// The means of the four quarters: what goes with luma of one sample a block.
    Means,
    /// 4×4 samples.
    Four,
    /// All of them.
    Eight,
}

impl Inverse {
    /// For each component of a picture that is decoded at this scale. What is subsampled loses less
    /// and so may need no enlarging: its blocks give twice, or four times, as many samples per side
    /// where that is the picture's resolution at most.
    ///
    /// Where the components are kept as they are, for files with colour differences at half the
    /// resolution, those have as few samples as leave half of the picture's.
    pub(super) fn all(frame: &Frame, scale: Scale, planar: bool) -> Vec<Self> {
        let components = frame.components.iter().enumerate();
        let halved = |index| planar && index > 0;
        components.map(|(index, own)| Self::new(frame, *own, scale, halved(index))).collect()
    }

    fn new(frame: &Frame, component: Component, scale: Scale, halved: bool) -> Self {
        let (max_h, max_v) = frame.max_sampling();
        let least = scale.side();
        // Samples per MCU that blocks of this side give, and those of the picture.
        let samples = |side: u32| {
            let across = (u32::from(component.h.max(1)) * side, u32::from(max_h) * least);
            let down = (u32::from(component.v.max(1)) * side, u32::from(max_v) * least);
            [across, down]
        };
        let side = if halved {
            let enough = |side| samples(side).into_iter().all(|(own, all)| 2 * own >= all);
            [1, 2, 4].into_iter().find(|side| enough(*side)).unwrap_or(8)
        } else {
            let fits = |side| samples(side).into_iter().all(|(own, all)| all.is_multiple_of(own));
            let mut side = least;
            while side < 8 && fits(2 * side) {
                side *= 2;
            }
            side
        };
        match (side, least) {
            (1, _) => Self::One,
            (2, 1) => Self::Means,
            (2, _) => Self::Two,
            (4, _) => Self::Four,
            _ => Self::Eight,
        }
    }

    /// Samples per side.
    pub(super) const fn side(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two | Self::Means => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    /// Rows and columns of coefficients that it reads.
    pub(super) const fn reads(self) -> usize {
        match self {
            Self::Means => 8,
            _ => self.side(),
        }
    }

    /// The last coefficient of those in zigzag order.
    pub(super) const fn last(self) -> u32 {
        match self.reads() {
            1 => 0,
            2 => 4,
            4 => 24,
            _ => 63,
        }
    }

    /// Samples of eight blocks, from coefficients up to `reach` in zigzag order. `out` starts at the
    /// first sample and has rows `stride` apart.
    #[inline(always)]
    pub(super) fn apply(
        self,
        group: &Group,
        steps: &Steps,
        reach: u32,
        out: &mut [u8],
        stride: usize,
    ) {
        match self {
            Self::One => flat::<LANES>(group, steps, out, stride),
            Self::Two | Self::Means if reach == 0 => {
                flat::<{ 2 * LANES }>(group, steps, out, stride);
            }
            Self::Two => two(group, steps, out, stride),
            Self::Means => means(group, steps, out, stride),
            Self::Four if reach == 0 => flat::<{ 4 * LANES }>(group, steps, out, stride),
            Self::Four => four(group, steps, out, stride),
            Self::Eight => inverse(group, steps, reach, out, stride),
        }
    }
}

/// A coefficient, dequantised (A.3.4).
#[inline(always)]
const fn value(group: &Group, steps: &Steps, place: usize, lane: usize) -> i16 {
    group[place][lane].wrapping_mul(steps[place])
}

/// Writes one row of `WIDTH` samples where it lies inside.
#[inline(always)]
fn put<const WIDTH: usize>(row: [u8; WIDTH], out: &mut [u8], stride: usize, y: usize) {
    if let Some(target) = out.get_mut(y * stride..).and_then(|rest| rest.first_chunk_mut()) {
        *target = row;
    }
}

/// Two points: sums and differences.
#[inline(always)]
fn two(group: &Group, steps: &Steps, out: &mut [u8], stride: usize) {
    let mut rows = [[0; 2 * LANES]; 2];
    for lane in 0..LANES {
        let at = |place| i32::from(value(group, steps, place, lane));
        let (left, right) = ((at(0) + at(1), at(8) + at(9)), (at(0) - at(1), at(8) - at(9)));
        let byte = |value: i32| (((value + 4) >> 3) + 128).clamp(0, 255) as u8;
        (rows[0][2 * lane], rows[0][2 * lane + 1]) =
            (byte(left.0 + left.1), byte(right.0 + right.1));
        (rows[1][2 * lane], rows[1][2 * lane + 1]) =
            (byte(left.0 - left.1), byte(right.0 - right.1));
    }
    let [top, bottom] = rows;
    put(top, out, stride, 0);
    put(bottom, out, stride, 1);
}

/// Fractional bits of [`halves`]: four points are added up, not averaged.
const SUMMED: u32 = CONSTANT + 2;

/// One dimension of [`means`]: eight points, each half of them added up. Of the even coefficients
/// only the first does not cancel out; [`SUMMED`] more fractional bits.
#[inline(always)]
const fn halves(v: [i16; 5]) -> [i32; 2] {
    let [mean, first, third, fifth, seventh] = v;
    // √2 · Σ cos((2x + 1) k π / 16) over x = 0 to 3.
    let odd = times(first, 29_692)
        .wrapping_add(times(third, -10_426))
        .wrapping_add(times(fifth, 6_967))
        .wrapping_add(times(seventh, -5_906));
    let even = (mean as i32) << SUMMED;
    [even.wrapping_add(odd), even.wrapping_sub(odd)]
}

/// The means of the four quarters, rounded where libjpeg rounds them, so that they equal its own.
#[inline(always)]
fn means(group: &Group, steps: &Steps, out: &mut [u8], stride: usize) {
    const COLUMNS: [usize; 5] = [0, 1, 3, 5, 7];
    const SHIFT: u32 = SUMMED - BETWEEN;
    let mut rows = [[0; 2 * LANES]; 2];
    for lane in 0..LANES {
        let mut between = [[0_i16; 5]; 2];
        for (index, column) in COLUMNS.into_iter().enumerate() {
            let mut input = [0; 5];
            for (value_of, row) in input.iter_mut().zip(COLUMNS) {
                *value_of = value(group, steps, 8 * row + column, lane);
            }
            let output = halves(input);
            for (between, output) in between.iter_mut().zip(output) {
                between[index] = (output.wrapping_add(1 << (SHIFT - 1)) >> SHIFT) as i16;
            }
        }
        for (row, between) in rows.iter_mut().zip(between) {
            let byte = |value| sample_of::<{ SUMMED + BETWEEN + 3 }>(value) as u8;
            let [left, right] = halves(between);
            (row[2 * lane], row[2 * lane + 1]) = (byte(left), byte(right));
        }
    }
    let [top, bottom] = rows;
    put(top, out, stride, 0);
    put(bottom, out, stride, 1);
}

/// One dimension of [`four`], with 13 more fractional bits than the input.
#[inline(always)]
const fn transform(v: [i16; 4]) -> [i32; 4] {
    // √2 · cos(π/4) is 1; √2 · cos(π/8) and √2 · cos(3π/8) remain.
    let sum = (v[0] as i32).wrapping_add(v[2] as i32) << CONSTANT;
    let difference = (v[0] as i32).wrapping_sub(v[2] as i32) << CONSTANT;
    let outer = times(v[1], 10_703).wrapping_add(times(v[3], 4_433));
    let inner = times(v[1], 4_433).wrapping_add(times(v[3], -10_703));
    [
        sum.wrapping_add(outer),
        difference.wrapping_add(inner),
        difference.wrapping_sub(inner),
        sum.wrapping_sub(outer),
    ]
}

/// Four points, columns before rows.
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "lanes of several arrays go together")]
fn four(group: &Group, steps: &Steps, out: &mut [u8], stride: usize) {
    const SHIFT: u32 = CONSTANT - BETWEEN;
    let mut between = [[[0_i16; LANES]; 4]; 4];
    for column in 0..4 {
        for lane in 0..LANES {
            let mut input = [0; 4];
            let mut row = 0;
            while row < 4 {
                input[row] = value(group, steps, 8 * row + column, lane);
                row += 1;
            }
            let output = transform(input);
            let mut row = 0;
            while row < 4 {
                between[row][column][lane] =
                    (output[row].wrapping_add(1 << (SHIFT - 1)) >> SHIFT) as i16;
                row += 1;
            }
        }
    }
    for (y, values) in between.iter().enumerate() {
        let mut packed = [0_u32; LANES];
        for (lane, packed) in packed.iter_mut().enumerate() {
            let v = transform([values[0][lane], values[1][lane], values[2][lane], values[3][lane]]);
            *packed = sample(v[0]) | sample(v[1]) << 8 | sample(v[2]) << 16 | sample(v[3]) << 24;
        }
        let mut row = [0; 4 * LANES];
        for (bytes, word) in row.as_chunks_mut().0.iter_mut().zip(packed) {
            *bytes = word.to_le_bytes();
        }
        put(row, out, stride, y);
    }
}
