//! VP8 key frames (RFC 6386): every mode and every token is read, nothing is predicted or
//! transformed, and no partition may be read past its end.

mod bool_decoder;
mod header;
mod modes;
mod tokens;

use self::bool_decoder::BoolDecoder;
use self::header::Header;
use self::modes::SUB_BLOCK_MODES;
#[cfg(test)]
use self::tokens::{TOKEN_DEFAULTS, TOKEN_UPDATES};
use super::Fault;
use crate::cancel::Cancellation;

/// Probabilities of the tokens: by kind of block, band, context and node of the token tree.
type Tokens = [[[[u8; 11]; 3]; 8]; 4];

/// The band of each coefficient in zigzag order (§13.3); one more for what follows the last.
const BANDS: [usize; 17] = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0];
/// Extra bits of the larger categories of values (§13.2).
const CATEGORIES: [&[u8]; 4] = [
    &[173, 148, 140],
    &[176, 155, 140, 135],
    &[180, 157, 141, 134, 130],
    &[254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129],
];

/// Kinds of blocks (§13.3): luma without its first coefficient, second-order luma, chroma, luma.
const LUMA_REST: usize = 0;
const SECOND: usize = 1;
const CHROMA: usize = 2;
const LUMA: usize = 3;

/// Intra modes of a sub-block that a whole macroblock's mode implies (§11.3).
const B_DC: u8 = 0;
const B_TM: u8 = 1;
const B_VE: u8 = 2;
const B_HE: u8 = 3;

const CUT_MODES: Fault =
    Fault::Truncated("the first partition of a lossy image ends before its last row");
const CUT_TOKENS: Fault =
    Fault::Truncated("the coefficients of a lossy image end before its last row");

/// No writer begins a partition with it: its first byte, the top of a number below the range, is
/// less than 255 (§7.3). Decoders read on from it in different ways.
const IMPOSSIBLE: Fault =
    Fault::Corrupt("a partition of a lossy image begins with a byte that no writer puts there");

/// Reads a whole VP8 chunk, whose ten header bytes the walk has judged. Returns the most bytes that
/// any partition has left: writers end them exactly, so many are a sign of damage.
pub(super) fn verify(data: &[u8], cancel: &Cancellation) -> Result<usize, Fault> {
    let Opened { columns, rows, mut modes, header, rest } = open(data)?;
    let mut partitions = partitions(rest, header.partitions)?;
    let mut above = vec![Above::default(); columns];
    let last = partitions.len() - 1;
    for row in 0..rows {
        if cancel.is_cancelled() {
            return Err(Fault::Cancelled);
        }
        // Rows take turns in the partitions, whose number is a power of two (§9.5).
        let Some(coefficients) = partitions.get_mut(row & last) else {
            return Err(CUT_TOKENS);
        };
        let mut left = Above::default();
        for above in &mut above {
            let block = header.macroblock(&mut modes, above, &mut left);
            if block.skipped {
                block.clear(above);
                block.clear(&mut left);
            } else {
                header.residue(coefficients, block, above, &mut left);
            }
            // One look for each macroblock keeps a short file from costing a large picture.
            if modes.is_overrun() {
                return Err(CUT_MODES);
            }
            if coefficients.is_overrun() {
                return Err(CUT_TOKENS);
            }
        }
    }
    let unread = partitions.iter().map(BoolDecoder::unread).max();
    Ok(modes.unread().max(unread.unwrap_or(0)))
}

/// Reads the first partition alone, without coefficients: the bytes it has left, or `None` when it
/// is not whole or not all coefficients are in one partition.
#[cfg(feature = "libwebp")]
pub(super) fn modes(data: &[u8]) -> Option<usize> {
    let Opened { columns, rows, mut modes, header, rest } = open(data).ok()?;
    if header.partitions != 1 || partitions(rest, 1).is_err() {
        return None;
    }
    let mut above = vec![Above::default(); columns];
    for _ in 0..rows {
        let mut left = Above::default();
        // A copy stays in registers.
        let mut bits = modes;
        for above in &mut above {
            header.macroblock(&mut bits, above, &mut left);
        }
        modes = bits;
        // One look for each row keeps a short file from costing a large picture.
        if modes.is_overrun() {
            return None;
        }
    }
    Some(modes.unread())
}

/// A frame whose header was read.
struct Opened<'a> {
    /// Macroblocks across and down.
    columns: usize,
    rows: usize,
    /// The first partition behind the header.
    modes: BoolDecoder<'a>,
    header: Header,
    /// What follows the first partition.
    rest: &'a [u8],
}

fn open(data: &[u8]) -> Result<Opened<'_>, Fault> {
    let Some((head, rest)) = data.split_at_checked(10) else {
        return Err(CUT_MODES);
    };
    let first_size = (u32::from_le_bytes([head[0], head[1], head[2], 0]) >> 5) as usize;
    let side = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]) & 0x3fff);
    let (columns, rows) = (side(6).div_ceil(16), side(8).div_ceil(16));
    let Some((first, rest)) = rest.split_at_checked(first_size) else {
        return Err(CUT_MODES);
    };
    if first.first() == Some(&0xff) {
        return Err(IMPOSSIBLE);
    }
    let mut modes = BoolDecoder::new(first);
    let header = Header::read(&mut modes);
    if modes.is_overrun() {
        return Err(CUT_MODES);
    }
    if header.reserved_color_space {
        return Err(Fault::Unsupported("a lossy image in a reserved colour space"));
    }
    Ok(Opened { columns, rows, modes, header, rest })
}

/// Token partitions behind their sizes of three bytes each; the last one takes the rest (§9.5).
fn partitions(data: &[u8], count: usize) -> Result<Vec<BoolDecoder<'_>>, Fault> {
    let Some((sizes, mut rest)) = data.split_at_checked(3 * (count - 1)) else {
        return Err(CUT_TOKENS);
    };
    let mut partitions = Vec::with_capacity(count);
    for size in sizes.as_chunks::<3>().0 {
        let size = u32::from_le_bytes([size[0], size[1], size[2], 0]) as usize;
        let Some((partition, behind)) = rest.split_at_checked(size) else {
            return Err(Fault::Truncated("a partition of a lossy image reaches past its chunk"));
        };
        partitions.push(partition);
        rest = behind;
    }
    partitions.push(rest);
    partitions
        .into_iter()
        .map(|partition| match partition.first() {
            Some(0xff) => Err(IMPOSSIBLE),
            Some(_) => Ok(BoolDecoder::new(partition)),
            // Even coefficients that take no bits end in bytes that writers flush; decoders refuse
            // a partition without any.
            None => Err(CUT_TOKENS),
        })
        .collect()
}

/// What the macroblocks above or to the left leave behind as context.
#[derive(Debug, Clone, Copy, Default)]
struct Above {
    /// Modes of the four sub-blocks at the edge; outside the picture it is `B_DC`.
    modes: [u8; 4],
    /// Whether the blocks at the edge have coefficients.
    luma: [u8; 4],
    u: [u8; 2],
    v: [u8; 2],
    second: u8,
}

/// The part of a macroblock's header that its coefficients depend on.
#[derive(Debug, Clone, Copy)]
struct Macroblock {
    skipped: bool,
    /// Luma has a second-order block unless each sub-block has a mode of its own.
    has_second: bool,
}

impl Macroblock {
    /// A skipped macroblock has no coefficients; one without a second-order block leaves that
    /// context as it is (§13.3).
    const fn clear(self, context: &mut Above) {
        context.luma = [0; 4];
        context.u = [0; 2];
        context.v = [0; 2];
        if self.has_second {
            context.second = 0;
        }
    }
}

impl Header {
    /// A macroblock's header (§19.3).
    #[inline]
    fn macroblock(
        &self,
        bits: &mut BoolDecoder,
        above: &mut Above,
        left: &mut Above,
    ) -> Macroblock {
        if let Some([root, low, high]) = self.segments {
            let next = if bits.bool(root) { high } else { low };
            bits.bool(next);
        }
        let skipped = self.skip.is_some_and(|probability| bits.bool(probability));
        // §11.2: sub-block modes, or one mode for all.
        let has_second = bits.bool(145);
        if has_second {
            let (probability, choice) =
                if bits.bool(156) { (128, [B_HE, B_TM]) } else { (163, [B_DC, B_VE]) };
            let mode = choice[usize::from(bits.bool(probability))];
            above.modes = [mode; 4];
            left.modes = [mode; 4];
        } else {
            for left in &mut left.modes {
                for above in &mut above.modes {
                    let row = SUB_BLOCK_MODES.get(usize::from(*above));
                    let probabilities = row.and_then(|row| row.get(usize::from(*left)));
                    *above = sub_block_mode(bits, probabilities.unwrap_or(&[128; 9]));
                    *left = *above;
                }
            }
        }
        // §11.4; which mode it is does not matter here.
        if bits.bool(142) && bits.bool(114) {
            bits.bool(183);
        }
        Macroblock { skipped, has_second }
    }

    /// All coefficients of a macroblock (§13).
    fn residue(
        &self,
        bits: &mut BoolDecoder,
        block: Macroblock,
        above: &mut Above,
        left: &mut Above,
    ) {
        let mut kind = LUMA;
        if block.has_second {
            let context = above.second + left.second;
            let some = u8::from(coefficients(bits, &self.tokens[SECOND], context, 0));
            above.second = some;
            left.second = some;
            kind = LUMA_REST;
        }
        let first = usize::from(block.has_second);
        plane(bits, &self.tokens[kind], first, &mut above.luma, &mut left.luma);
        plane(bits, &self.tokens[CHROMA], 0, &mut above.u, &mut left.u);
        plane(bits, &self.tokens[CHROMA], 0, &mut above.v, &mut left.v);
    }
}

/// The blocks of one plane of a macroblock.
fn plane(
    reader: &mut BoolDecoder,
    tokens: &[[[u8; 11]; 3]; 8],
    first: usize,
    above: &mut [u8],
    left: &mut [u8],
) {
    // A copy stays in registers; through the reference each bit would go to memory and back.
    let mut bits = *reader;
    for left in left {
        for above in above.iter_mut() {
            let some = coefficients(&mut bits, tokens, *above + *left, first);
            *above = u8::from(some);
            *left = *above;
        }
    }
    *reader = bits;
}

/// The tokens of one block (§13.2); whether there was any before the end-of-block token.
#[inline]
fn coefficients(
    bits: &mut BoolDecoder,
    tokens: &[[[u8; 11]; 3]; 8],
    context: u8,
    first: usize,
) -> bool {
    let mut at = first;
    let mut p = &tokens[BANDS[at]][usize::from(context.min(2))];
    while at < 16 {
        if !bits.bool(p[0]) {
            return at > first;
        }
        while !bits.bool(p[1]) {
            at += 1;
            if at == 16 {
                return true;
            }
            p = &tokens[BANDS[at]][0];
        }
        at += 1;
        let next = &tokens[BANDS[at]];
        if bits.bool(p[2]) {
            large_value(bits, p);
            p = &next[2];
        } else {
            p = &next[1];
        }
        // The sign.
        bits.bool(128);
    }
    true
}

/// The rest of a token whose value is 2 or more.
#[inline]
fn large_value(bits: &mut BoolDecoder, p: &[u8; 11]) {
    if !bits.bool(p[3]) {
        if bits.bool(p[4]) {
            bits.bool(p[5]);
        }
    } else if bits.bool(p[6]) {
        let high = usize::from(bits.bool(p[8]));
        let low = usize::from(bits.bool(p[9 + high]));
        for probability in CATEGORIES[2 * high + low] {
            bits.bool(*probability);
        }
    } else if bits.bool(p[7]) {
        bits.bool(165);
        bits.bool(145);
    } else {
        bits.bool(159);
    }
}

/// One mode out of the tree of sub-block modes (§11.2).
#[inline(always)]
fn sub_block_mode(bits: &mut BoolDecoder, p: &[u8; 9]) -> u8 {
    const B_LD: u8 = 4;
    const B_RD: u8 = 5;
    const B_VR: u8 = 6;
    const B_VL: u8 = 7;
    const B_HD: u8 = 8;
    const B_HU: u8 = 9;
    if !bits.bool(p[0]) {
        B_DC
    } else if !bits.bool(p[1]) {
        B_TM
    } else if !bits.bool(p[2]) {
        B_VE
    } else if !bits.bool(p[3]) {
        if !bits.bool(p[4]) {
            B_HE
        } else if !bits.bool(p[5]) {
            B_RD
        } else {
            B_VR
        }
    } else if !bits.bool(p[6]) {
        B_LD
    } else if !bits.bool(p[7]) {
        B_VL
    } else if !bits.bool(p[8]) {
        B_HD
    } else {
        B_HU
    }
}

/// For tests that write a bitstream: how likely each token probability is updated.
#[cfg(test)]
pub(super) fn token_updates() -> &'static [u8] {
    static UPDATES: Tokens = TOKEN_UPDATES;
    UPDATES.as_flattened().as_flattened().as_flattened()
}

/// For the same tests: how likely a block without neighbours is empty, by the kind of block.
#[cfg(test)]
pub(super) fn first_token_probabilities() -> [u8; 3] {
    [(LUMA_REST, 1), (SECOND, 0), (CHROMA, 0)].map(|(kind, band)| TOKEN_DEFAULTS[kind][band][0][0])
}
