//! The ten ways to predict a sub-block (RFC 6386 §12.3).

use crate::verify::vp8::{B_DC, B_HD, B_HE, B_LD, B_RD, B_TM, B_VE, B_VL, B_VR};

/// Three samples in a line, the middle one twice.
#[inline(always)]
const fn three(a: u8, b: u8, c: u8) -> u8 {
    ((a as u16).wrapping_add(2 * b as u16).wrapping_add(c as u16).wrapping_add(2) >> 2) as u8
}

#[inline(always)]
const fn two(a: u8, b: u8) -> u8 {
    ((a as u16).wrapping_add(b as u16).wrapping_add(1) >> 1) as u8
}

/// Four rows of four samples, from those above and above to the right, to the left and in the
/// corner, by the letters that the specification gives them.
#[inline]
pub(super) fn predict(mode: u8, above: [u8; 8], left: [u8; 4], p: u8) -> [[u8; 4]; 4] {
    let [a, b, c, d, e, f, g, h] = above;
    let [i, j, k, l] = left;
    match mode {
        B_DC => {
            let sum: u16 = [a, b, c, d, i, j, k, l].into_iter().map(u16::from).sum();
            [[((sum + 4) >> 3) as u8; 4]; 4]
        }
        B_TM => left.map(|left| {
            let step = i16::from(left).wrapping_sub(i16::from(p));
            [a, b, c, d].map(|above| i16::from(above).wrapping_add(step).clamp(0, 255) as u8)
        }),
        B_VE => [[three(p, a, b), three(a, b, c), three(b, c, d), three(c, d, e)]; 4],
        B_HE => [three(p, i, j), three(i, j, k), three(j, k, l), three(k, l, l)].map(|v| [v; 4]),
        B_LD => {
            let [q, r, s, t] = [three(a, b, c), three(b, c, d), three(c, d, e), three(d, e, f)];
            let [u, v, w] = [three(e, f, g), three(f, g, h), three(g, h, h)];
            [[q, r, s, t], [r, s, t, u], [s, t, u, v], [t, u, v, w]]
        }
        B_RD => {
            let [q, r, s] = [three(j, k, l), three(i, j, k), three(p, i, j)];
            let [t, u, v, w] = [three(a, p, i), three(b, a, p), three(c, b, a), three(d, c, b)];
            [[t, u, v, w], [s, t, u, v], [r, s, t, u], [q, r, s, t]]
        }
        B_VR => {
            let [q, r, s, t] = [two(p, a), two(a, b), two(b, c), two(c, d)];
            let [u, v, w, x] = [three(i, p, a), three(p, a, b), three(a, b, c), three(b, c, d)];
            [[q, r, s, t], [u, v, w, x], [three(j, i, p), q, r, s], [three(k, j, i), u, v, w]]
        }
        B_VL => {
            let [q, r, s, t] = [two(a, b), two(b, c), two(c, d), two(d, e)];
            let [u, v, w, x] = [three(a, b, c), three(b, c, d), three(c, d, e), three(d, e, f)];
            // The last two do not follow the pattern: the specification wants it so.
            [[q, r, s, t], [u, v, w, x], [r, s, t, three(e, f, g)], [v, w, x, three(f, g, h)]]
        }
        B_HD => {
            let [q, r, s, t] = [two(i, p), two(j, i), two(k, j), two(l, k)];
            let [u, v, w, x] = [three(i, p, a), three(j, i, p), three(k, j, i), three(l, k, j)];
            [[q, u, three(p, a, b), three(a, b, c)], [r, v, q, u], [s, w, r, v], [t, x, s, w]]
        }
        // B_HU, the last one.
        _ => {
            let [q, r, s] = [two(i, j), two(j, k), two(k, l)];
            let [t, u, v] = [three(i, j, k), three(j, k, l), three(k, l, l)];
            [[q, t, r, u], [r, u, s, v], [s, v, l, l], [l; 4]]
        }
    }
}
