//! The coefficients of one block after another (RFC 6386 §13).

use super::bool_decoder::BoolDecoder;
use super::sink::{Block, Sink};

/// The band of each coefficient in zigzag order (§13.3); one more for what follows the last.
const BANDS: [usize; 17] = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0];
/// Extra bits of the larger categories of values (§13.2).
const CATEGORIES: [&[u8]; 4] = [
    &[173, 148, 140],
    &[176, 155, 140, 135],
    &[180, 157, 141, 134, 130],
    &[254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129],
];

/// The blocks of one plane of a macroblock: of this kind, and counted from `index` on.
#[inline(always)]
pub(super) fn plane<S: Sink>(
    reader: &mut BoolDecoder,
    tokens: &[[[u8; 11]; 3]; 8],
    (kind, mut index): (usize, usize),
    above: &mut [u8],
    left: &mut [u8],
    sink: &mut S,
) {
    let first = usize::from(kind == super::LUMA_REST);
    // A copy stays in registers; through the reference each bit would go to memory and back.
    let mut bits = *reader;
    for left in left {
        for above in above.iter_mut() {
            let mut block = sink.block(kind, index);
            let some = coefficients(&mut bits, tokens, *above + *left, first, &mut block);
            *above = u8::from(some);
            *left = *above;
            index = index.wrapping_add(1);
        }
    }
    *reader = bits;
}

/// The tokens of one block (§13.2); whether there was any before the end-of-block token.
#[inline(always)]
pub(super) fn coefficients(
    bits: &mut BoolDecoder,
    tokens: &[[[u8; 11]; 3]; 8],
    context: u8,
    first: usize,
    block: &mut impl Block,
) -> bool {
    let mut at = first;
    let mut p = &tokens[BANDS[at]][usize::from(context.min(2))];
    while at < 16 {
        if !bits.bool(p[0]) {
            let some = at > first;
            block.end(if some { at } else { 0 });
            return some;
        }
        while !bits.bool(p[1]) {
            at += 1;
            if at == 16 {
                block.end(at);
                return true;
            }
            p = &tokens[BANDS[at]][0];
        }
        let place = at;
        at += 1;
        let next = &tokens[BANDS[at]];
        let mut value = 1;
        if bits.bool(p[2]) {
            value = large_value(bits, p);
            p = &next[2];
        } else {
            p = &next[1];
        }
        block.value(place, bits.signed(value));
    }
    block.end(at);
    true
}

/// The rest of a token whose value is 2 or more: that value, at most 67 + 2047.
#[inline(always)]
fn large_value(bits: &mut BoolDecoder, p: &[u8; 11]) -> i32 {
    if !bits.bool(p[3]) {
        if bits.bool(p[4]) { 3 + i32::from(bits.bool(p[5])) } else { 2 }
    } else if bits.bool(p[6]) {
        let high = usize::from(bits.bool(p[8]));
        let low = usize::from(bits.bool(p[9 + high]));
        let category = 2 * high + low;
        let mut extra = 0;
        for probability in CATEGORIES[category] {
            extra = extra << 1 | i32::from(bits.bool(*probability));
        }
        // Categories 3 to 6 begin with 11, 19, 35 and 67. Nothing can overflow; that it could would
        // keep the compiler from leaving this out where no value is wanted.
        (8_i32 << (category & 3)).wrapping_add(3).wrapping_add(extra)
    } else if bits.bool(p[7]) {
        let high = i32::from(bits.bool(165));
        7 + 2 * high + i32::from(bits.bool(145))
    } else {
        5 + i32::from(bits.bool(159))
    }
}
