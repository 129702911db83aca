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
#[inline]
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
#[inline]
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
            if at == first {
                return false;
            }
            block.end(at);
            return true;
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
        // The sign.
        let negative = bits.bool(128);
        block.value(place, if negative { -value } else { value });
    }
    block.end(at);
    true
}

/// The rest of a token whose value is 2 or more: that value, at most 67 + 2047.
#[inline]
fn large_value(bits: &mut BoolDecoder, p: &[u8; 11]) -> i32 {
    let mut bit = |probability: u8| i32::from(bits.bool(probability));
    if bit(p[3]) == 0 {
        if bit(p[4]) == 0 { 2 } else { 3 + bit(p[5]) }
    } else if bit(p[6]) == 1 {
        let high = bit(p[8]);
        let category = 2 * high as usize + bit(if high == 1 { p[10] } else { p[9] }) as usize;
        let extra = CATEGORIES[category & 3].iter().fold(0, |extra, p| extra << 1 | bit(*p));
        // Categories 3 to 6 begin with 11, 19, 35 and 67.
        extra + 3 + (8 << category)
    } else if bit(p[7]) == 1 {
        7 + 2 * bit(165) + bit(145)
    } else {
        5 + bit(159)
    }
}
