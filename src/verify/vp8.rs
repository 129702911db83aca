//! VP8 key frames (RFC 6386): every mode and every token is read, and no partition may be read past
//! its end. What is read goes to a [`Sink`]: to none, or to one that makes pixels of it.

mod bool_decoder;
mod coefficients;
mod header;
mod modes;
mod sink;
mod tokens;

use multiversion::multiversion;

use self::bool_decoder::BoolDecoder;
use self::coefficients::{coefficients, plane};
use self::header::Header;
use self::modes::{SUB_BLOCK_MODES, sub_block_mode};
#[cfg(test)]
use self::tokens::{TOKEN_DEFAULTS, TOKEN_UPDATES};
use super::Fault;
use crate::cancel::Cancellation;
pub(crate) use header::{Filter, Reconstruction};
pub(crate) use sink::{Block, Macroblock, Sink};

/// Probabilities of the tokens: by kind of block, band, context and node of the token tree.
type Tokens = [[[[u8; 11]; 3]; 8]; 4];

/// Kinds of blocks (§13.3): luma without its first coefficient, second-order luma, chroma, luma.
pub(crate) const LUMA_REST: usize = 0;
pub(crate) const SECOND: usize = 1;
pub(crate) const CHROMA: usize = 2;
pub(crate) const LUMA: usize = 3;

/// Intra modes of a sub-block (§11.2). The first four are also those of a whole macroblock and of
/// chroma, and what such a macroblock is to its neighbours (§11.3).
pub(crate) const B_DC: u8 = 0;
pub(crate) const B_TM: u8 = 1;
pub(crate) const B_VE: u8 = 2;
pub(crate) const B_HE: u8 = 3;
pub(crate) const B_LD: u8 = 4;
pub(crate) const B_RD: u8 = 5;
pub(crate) const B_VR: u8 = 6;
pub(crate) const B_VL: u8 = 7;
pub(crate) const B_HD: u8 = 8;
const B_HU: u8 = 9;

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
pub(super) fn verify(
    data: &[u8],
    cancel: &Cancellation,
    sink: &mut impl Sink,
) -> Result<usize, Fault> {
    let Opened { columns, rows, mut modes, header, rest } = open(data)?;
    let mut partitions = partitions(rest, header.partitions)?;
    sink.begin(&header.reconstruction, columns, rows);
    let mut above = vec![Above::default(); columns];
    let last = partitions.len() - 1;
    for row in 0..rows {
        if cancel.should_stop() {
            return Err(Fault::Cancelled);
        }
        // Rows take turns in the partitions, whose number is a power of two (§9.5).
        let Some(coefficients) = partitions.get_mut(row & last) else {
            return Err(CUT_TOKENS);
        };
        read_row(&header, &mut modes, coefficients, &mut above, row, sink)?;
        sink.row(row);
    }
    let unread = partitions.iter().map(BoolDecoder::unread).max();
    Ok(modes.unread().max(unread.unwrap_or(0)))
}

/// A row of macroblocks.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn read_row<'d, S: Sink>(
    header: &Header,
    modes: &mut BoolDecoder<'d>,
    coefficients: &mut BoolDecoder<'d>,
    above: &mut [Above],
    row: usize,
    sink: &mut S,
) -> Result<(), Fault> {
    let mut left = Above::default();
    for (column, above) in above.iter_mut().enumerate() {
        let block = header.macroblock(modes, above, &mut left, sink);
        if block.skipped {
            above.clear(block.has_second);
            left.clear(block.has_second);
        } else {
            header.residue(coefficients, block.has_second, above, &mut left, sink);
        }
        // One look for each macroblock keeps a short file from costing a large picture.
        if modes.is_overrun() {
            return Err(CUT_MODES);
        }
        if coefficients.is_overrun() {
            return Err(CUT_TOKENS);
        }
        sink.macroblock(column, row, block);
    }
    Ok(())
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
        skim_row(&header, &mut modes, &mut above);
        // One look for each row keeps a short file from costing a large picture.
        if modes.is_overrun() {
            return None;
        }
    }
    Some(modes.unread())
}

/// A row of macroblocks without their coefficients.
#[cfg(feature = "libwebp")]
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn skim_row<'d>(header: &Header, modes: &mut BoolDecoder<'d>, above: &mut [Above]) {
    let mut left = Above::default();
    for above in above {
        header.macroblock(modes, above, &mut left, &mut ());
    }
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

impl Above {
    /// A skipped macroblock has no coefficients; one without a second-order block leaves that
    /// context as it is (§13.3).
    const fn clear(&mut self, has_second: bool) {
        self.luma = [0; 4];
        self.u = [0; 2];
        self.v = [0; 2];
        if has_second {
            self.second = 0;
        }
    }
}

impl Header {
    /// A macroblock's header (§19.3).
    #[inline(always)]
    fn macroblock<S: Sink>(
        &self,
        reader: &mut BoolDecoder,
        above: &mut Above,
        left: &mut Above,
        sink: &mut S,
    ) -> Macroblock {
        // A copy stays in registers; through the reference each bit would go to memory and back.
        let mut decoder = *reader;
        let bits = &mut decoder;
        if let Some([root, low, high]) = self.segment_tree {
            let upper = bits.bool(root);
            let odd = bits.bool(if upper { high } else { low });
            sink.segment(2 * usize::from(upper) + usize::from(odd));
        }
        let skipped = self.skip.is_some_and(|probability| bits.bool(probability));
        // §11.2: sub-block modes, or one mode for all.
        let has_second = bits.bool(145);
        let mut luma = B_DC;
        if has_second {
            let (probability, choice) =
                if bits.bool(156) { (128, [B_HE, B_TM]) } else { (163, [B_DC, B_VE]) };
            luma = choice[usize::from(bits.bool(probability))];
            above.modes = [luma; 4];
            left.modes = [luma; 4];
        } else {
            for (y, left) in left.modes.iter_mut().enumerate() {
                for above in &mut above.modes {
                    let row = SUB_BLOCK_MODES.get(usize::from(*above));
                    let probabilities = row.and_then(|row| row.get(usize::from(*left)));
                    *above = sub_block_mode(bits, probabilities.unwrap_or(&[128; 9]));
                    *left = *above;
                }
                sink.sub_block_modes(y, above.modes);
            }
        }
        // §11.4.
        let mut chroma = B_DC;
        if bits.bool(142) {
            chroma = B_VE;
            if bits.bool(114) {
                chroma = if bits.bool(183) { B_TM } else { B_HE };
            }
        }
        *reader = decoder;
        Macroblock { skipped, has_second, luma, chroma }
    }

    /// All coefficients of a macroblock (§13).
    #[inline(always)]
    fn residue<S: Sink>(
        &self,
        bits: &mut BoolDecoder,
        has_second: bool,
        above: &mut Above,
        left: &mut Above,
        sink: &mut S,
    ) {
        let mut kind = LUMA;
        if has_second {
            let context = above.second + left.second;
            let tokens = &self.tokens[SECOND];
            let some = u8::from(coefficients(bits, tokens, context, 0, &mut sink.block(SECOND, 0)));
            above.second = some;
            left.second = some;
            kind = LUMA_REST;
        }
        let mut plane = |kind: usize, above: &mut [u8], left: &mut [u8], blocks: usize| {
            plane(bits, &self.tokens[kind], (kind, blocks), above, left, sink);
        };
        plane(kind, &mut above.luma, &mut left.luma, 0);
        plane(CHROMA, &mut above.u, &mut left.u, 16);
        plane(CHROMA, &mut above.v, &mut left.v, 20);
    }
}
/// For tests that write a bitstream: how likely each token probability is updated.
#[cfg(test)]
pub(crate) fn token_updates() -> &'static [u8] {
    static UPDATES: Tokens = TOKEN_UPDATES;
    UPDATES.as_flattened().as_flattened().as_flattened()
}

/// For the same tests: how likely a block without neighbours is empty, by the kind of block.
#[cfg(test)]
pub(super) fn first_token_probabilities() -> [u8; 3] {
    [(LUMA_REST, 1), (SECOND, 0), (CHROMA, 0)].map(|(kind, band)| TOKEN_DEFAULTS[kind][band][0][0])
}
