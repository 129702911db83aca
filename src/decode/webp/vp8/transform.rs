//! From coefficients to differences of samples (RFC 6386 §14.3, §14.4).
//!
//! Damaged data may hold coefficients far beyond what samples can differ by: 2114 times a factor of
//! 440 at most. No sum here exceeds 24 bits for them.

/// Coefficients of a block in rows.
pub(super) type Coefficients = [i32; 16];

/// Undoes the transform of the sixteen first coefficients of luma (§14.3).
pub(super) fn second_order(values: &Coefficients) -> Coefficients {
    let butterfly = |p: i32, q: i32, r: i32, s: i32| {
        let (a, b) = (p.wrapping_add(s), q.wrapping_add(r));
        let (c, d) = (q.wrapping_sub(r), p.wrapping_sub(s));
        [a.wrapping_add(b), c.wrapping_add(d), a.wrapping_sub(b), d.wrapping_sub(c)]
    };
    let mut columns = [[0; 4]; 4];
    for (x, column) in columns.iter_mut().enumerate() {
        *column = butterfly(values[x], values[4 + x], values[8 + x], values[12 + x]);
    }
    let mut out = [0; 16];
    for (y, row) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let [p, q, r, s] = columns;
        *row = butterfly(p[y & 3], q[y & 3], r[y & 3], s[y & 3]).map(|v| v.wrapping_add(3) >> 3);
    }
    out
}

/// `value` × `factor` ÷ 65536, rounded down: the upper half by itself, so that 32 bits suffice.
#[inline(always)]
const fn times(value: i32, factor: u32) -> i32 {
    let lower = (value as u32 & 0xffff).wrapping_mul(factor) >> 16;
    (value >> 16).wrapping_mul(factor as i32).wrapping_add(lower as i32)
}

/// One dimension of the inverse cosine transform (§14.4), with √2 cos(π/8) and √2 sin(π/8) in
/// 1/65536; of the first, what is above 1.
#[inline(always)]
fn cosine([p, q, r, s]: [i32; 4]) -> [i32; 4] {
    let cos = |v: i32| v.wrapping_add(times(v, 20_091));
    let sin = |v: i32| times(v, 35_468);
    let (a, b) = (p.wrapping_add(r), p.wrapping_sub(r));
    let (c, d) = (sin(q).wrapping_sub(cos(s)), cos(q).wrapping_add(sin(s)));
    [a.wrapping_add(d), b.wrapping_add(c), b.wrapping_sub(c), a.wrapping_sub(d)]
}

/// Differences of the sixteen samples of a block, in rows: columns first, then rows (§14.4).
#[inline(always)]
pub(super) fn inverse(values: &Coefficients) -> [[i32; 4]; 4] {
    let mut columns = [[0; 4]; 4];
    for (x, column) in columns.iter_mut().enumerate() {
        *column = cosine([values[x], values[4 + x], values[8 + x], values[12 + x]]);
    }
    let mut out = [[0; 4]; 4];
    for (y, row) in out.iter_mut().enumerate() {
        let [p, q, r, s] = columns;
        // Rounds the four of them at once.
        let first = p[y & 3].wrapping_add(4);
        *row = cosine([first, q[y & 3], r[y & 3], s[y & 3]]).map(|v| v >> 3);
    }
    out
}

/// The same for a block whose coefficients are 0 but the first one.
#[inline]
pub(super) const fn flat(first: i32) -> i32 {
    first.wrapping_add(4) >> 3
}
