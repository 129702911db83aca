//! The inverse DCT: ITU-T T.81 A.3.3, with the dequantisation of A.3.4.
//!
//! Integers in the scheme of Loeffler, Ligtenberg and Moschytz (ICASSP 1989) with 13 fractional
//! bits, rounded where libjpeg's accurate transform rounds, so that samples equal its own. Eight
//! neighbouring blocks lie in eight lanes: every step is the same for all of them.

/// Blocks that are transformed together.
pub(super) const LANES: usize = 8;

/// Coefficients of eight neighbouring blocks, by place in natural order (row by row).
pub(super) type Group = [[i16; LANES]; 64];

/// Quantisation steps in natural order.
pub(super) type Steps = [i16; 64];

/// Natural order by zigzag order (figure A.6).
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Steps as a DQT segment has them, in natural order.
pub(super) fn natural_steps(zigzag: &[u16; 64]) -> Steps {
    let mut steps = [0; 64];
    for (step, place) in zigzag.iter().zip(ZIGZAG) {
        // As all decoders with 16-bit lanes, modulo 2^16.
        steps[usize::from(place)] = *step as i16;
    }
    steps
}

/// Fractional bits of the constants.
pub(super) const CONSTANT: u32 = 13;
/// Fractional bits kept between the passes.
pub(super) const BETWEEN: u32 = 2;

/// `value` times a constant of 13 fractional bits.
#[inline(always)]
pub(super) const fn times(value: i16, constant: i32) -> i32 {
    (value as i32).wrapping_mul(constant)
}

/// One dimension: eight outputs with 13 more fractional bits than the inputs, which makes products
/// of 16 by 16 bits of every multiplication.
#[inline(always)]
const fn transform(v: [i16; 8]) -> [i32; 8] {
    // Even part. The names of rotations are the numbers of cosines of k·π/16.
    let low = times(v[2], 10_703).wrapping_add(times(v[6], 4_433));
    let high = times(v[2], 4_433).wrapping_add(times(v[6], -10_704));
    let sum = (v[0] as i32).wrapping_add(v[4] as i32) << CONSTANT;
    let difference = (v[0] as i32).wrapping_sub(v[4] as i32) << CONSTANT;
    let even = [
        sum.wrapping_add(low),
        difference.wrapping_add(high),
        difference.wrapping_sub(high),
        sum.wrapping_sub(low),
    ];
    // Odd part.
    let (a, b) = (v[7].wrapping_add(v[3]), v[5].wrapping_add(v[1]));
    let left = times(a, -6_436).wrapping_add(times(b, 9_633));
    let right = times(a, 9_633).wrapping_add(times(b, 6_437));
    let odd = [
        times(v[1], 4_926).wrapping_add(times(v[7], -7_373)).wrapping_add(right),
        times(v[3], 4_177).wrapping_add(times(v[5], -20_995)).wrapping_add(left),
        times(v[5], -4_176).wrapping_add(times(v[3], -20_995)).wrapping_add(right),
        times(v[7], -4_927).wrapping_add(times(v[1], -7_373)).wrapping_add(left),
    ];
    [
        even[0].wrapping_add(odd[0]),
        even[1].wrapping_add(odd[1]),
        even[2].wrapping_add(odd[2]),
        even[3].wrapping_add(odd[3]),
        even[3].wrapping_sub(odd[3]),
        even[2].wrapping_sub(odd[2]),
        even[1].wrapping_sub(odd[1]),
        even[0].wrapping_sub(odd[0]),
    ]
}

/// A sample from the second pass of [`transform`].
#[inline(always)]
pub(super) const fn sample(value: i32) -> u32 {
    sample_of::<{ CONSTANT + BETWEEN + 3 }>(value)
}

/// A sample that has so many fractional bits: rounded, moved by half the range (A.3.1), within 8 bits.
#[inline(always)]
pub(super) const fn sample_of<const BITS: u32>(value: i32) -> u32 {
    let shifted = value.wrapping_add((1 << (BITS - 1)) + (128 << BITS)) >> BITS;
    if shifted < 0 {
        0
    } else if shifted > 255 {
        255
    } else {
        shifted as u32
    }
}

/// Samples of eight blocks, eight rows of 64, from coefficients up to `reach` in zigzag order; those
/// above are zero. `out` starts at the first sample and has rows `stride` apart.
#[inline(always)]
pub(super) fn inverse(group: &Group, steps: &Steps, reach: u32, out: &mut [u8], stride: usize) {
    match reach {
        0 => flat::<{ 8 * LANES }>(group, steps, out, stride),
        // The first ten in zigzag order lie in the corner of 4×4.
        1..=9 => passes::<4>(group, steps, out, stride),
        _ => passes::<8>(group, steps, out, stride),
    }
}

/// DC coefficients alone, in rows of `WIDTH` samples for all eight blocks.
#[inline(always)]
pub(super) fn flat<const WIDTH: usize>(
    group: &Group,
    steps: &Steps,
    out: &mut [u8],
    stride: usize,
) {
    let side = WIDTH / LANES;
    let mut row = [0; WIDTH];
    for (samples, dc) in row.chunks_exact_mut(side).zip(group[0]) {
        let value = i32::from(dc.wrapping_mul(steps[0]));
        samples.fill((((value + 4) >> 3) + 128).clamp(0, 255) as u8);
    }
    for target in out.chunks_mut(stride.max(1)).take(side) {
        if let Some(target) = target.first_chunk_mut() {
            *target = row;
        }
    }
}

/// Both passes over coefficients whose row and column are below `N`.
#[inline(always)]
fn passes<const N: usize>(group: &Group, steps: &Steps, out: &mut [u8], stride: usize) {
    const SHIFT: u32 = CONSTANT - BETWEEN;
    let mut between: Group = [[0; LANES]; 64];
    for column in 0..N {
        for lane in 0..LANES {
            let mut input = [0; 8];
            let mut row = 0;
            while row < N {
                let place = 8 * row + column;
                input[row] = group[place][lane].wrapping_mul(steps[place]);
                row += 1;
            }
            let output = transform(input);
            let mut row = 0;
            while row < 8 {
                between[8 * row + column][lane] =
                    (output[row].wrapping_add(1 << (SHIFT - 1)) >> SHIFT) as i16;
                row += 1;
            }
        }
    }
    for (values, target) in between.as_chunks::<8>().0.iter().zip(out.chunks_mut(stride.max(1))) {
        let mut packed = [[0_u32; 2]; LANES];
        for lane in 0..LANES {
            let mut input = [0; 8];
            let mut column = 0;
            while column < N {
                input[column] = values[column][lane];
                column += 1;
            }
            let v = transform(input);
            packed[lane] = [
                sample(v[0]) | sample(v[1]) << 8 | sample(v[2]) << 16 | sample(v[3]) << 24,
                sample(v[4]) | sample(v[5]) << 8 | sample(v[6]) << 16 | sample(v[7]) << 24,
            ];
        }
        if let Some(target) = target.first_chunk_mut::<{ 8 * LANES }>() {
            for (bytes, word) in target.as_chunks_mut().0.iter_mut().zip(packed.as_flattened()) {
                *bytes = word.to_le_bytes();
            }
        }
    }
}
