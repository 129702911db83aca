//! Pixels of a VP8 key frame (RFC 6386), made as [`crate::verify::vp8`] reads it.

mod edge;
mod filter;
mod predict;
mod quantizer;
mod sub_block;
#[cfg(test)]
mod tests;
mod transform;

use multiversion::multiversion;

use self::edge::View;
use self::filter::Strength;
use self::predict::{Chroma, Luma};
use self::quantizer::{Factors, Quantizer};
use self::transform::Coefficients;
use crate::verify::vp8::{Block, Macroblock, Reconstruction, SECOND, Sink};

/// Where coefficients come in zigzag order (§13).
const ZIGZAG: [u8; 16] = [0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15];

/// The place of the second-order block behind those of luma and chroma.
const SECOND_PLACE: usize = 24;

/// Samples of one plane, in rows of whole macroblocks.
#[derive(Default)]
struct Plane {
    samples: Vec<u8>,
    /// The last row of the macroblocks above, as it was before any filter: what is predicted from.
    above: Vec<u8>,
}

impl Plane {
    fn new(width: usize, height: usize) -> Self {
        Self { samples: vec![0; width * height], above: vec![127; width] }
    }

    /// Its samples from a row on, and what is above.
    fn split(&mut self, row: usize) -> (&mut [u8], &mut [u8]) {
        let start = row.saturating_mul(self.above.len());
        (self.samples.get_mut(start..).unwrap_or_default(), &mut self.above)
    }

    const fn view(&mut self) -> View<'_> {
        View { stride: self.above.len(), samples: self.samples.as_mut_slice() }
    }
}

/// Turns what is read into luma and chroma.
pub(super) struct Decoder {
    luma: Plane,
    u: Plane,
    v: Plane,
    quantizers: [Quantizer; 4],
    /// By segment, without and with sub-block modes.
    strengths: [[Strength; 2]; 4],
    /// `None` where nothing is filtered; whether the simple filter is.
    filter: Option<bool>,
    row: Row,
    /// Those of the macroblock to come, 0 between two.
    coefficients: [Coefficients; 25],
    /// Where the tokens of each block end, 0 where there are none.
    ends: [u8; 25],
    segment: usize,
    modes: [[u8; 4]; 4],
}

/// The row of macroblocks at work.
struct Row {
    luma: Luma,
    u: Chroma,
    v: Chroma,
    strengths: Vec<Strength>,
}

impl Row {
    fn start(&mut self, row: usize) {
        (self.luma, self.u, self.v) = (Luma::new(row), Chroma::new(row), Chroma::new(row));
    }
}

impl Decoder {
    pub(super) fn new() -> Self {
        let plane = Plane::default;
        let strengths = Vec::new();
        Self {
            luma: plane(),
            u: plane(),
            v: plane(),
            quantizers: [Quantizer::default(); 4],
            strengths: [[Strength::default(); 2]; 4],
            filter: None,
            row: Row { luma: Luma::new(0), u: Chroma::new(0), v: Chroma::new(0), strengths },
            coefficients: [[0; 16]; 25],
            ends: [0; 25],
            segment: 0,
            modes: [[0; 4]; 4],
        }
    }

    /// Luma and the two chroma planes, in rows of whole macroblocks.
    pub(super) fn into_planes(self) -> [Vec<u8>; 3] {
        [self.luma.samples, self.u.samples, self.v.samples]
    }

    /// Luma of a macroblock: each sub-block is predicted from those before it, or all at once.
    #[inline(always)]
    fn luma(&mut self, column: usize, row: usize, block: Macroblock) {
        let (rows, above) = self.luma.split(row * 16);
        let place = &mut self.row.luma;
        place.move_to(column, above);
        if block.has_second {
            place.predict(block.luma, column);
        } else {
            place.set_above_right(column, above);
        }
        let blocks = self.coefficients.iter_mut().zip(&self.ends).take(16);
        for (index, (coefficients, end)) in blocks.enumerate() {
            let at = (index % 4 * 4, index / 4 * 4);
            if !block.has_second {
                place.predict_sub_block(at, self.modes[index / 4][index % 4]);
            }
            if *end > 0 {
                place.add(at, coefficients, *end);
            }
        }
        place.store(column, rows, above);
    }

    #[inline(always)]
    fn chroma(&mut self, column: usize, row: usize, mode: u8) {
        let (u, v) = self.coefficients[16..SECOND_PLACE].split_at_mut(4);
        let (u_ends, v_ends) = self.ends[16..SECOND_PLACE].split_at(4);
        let planes =
            [(&mut self.u, &mut self.row.u, u, u_ends), (&mut self.v, &mut self.row.v, v, v_ends)];
        for (plane, place, blocks, ends) in planes {
            let (rows, above) = plane.split(row * 8);
            place.move_to(column, above);
            place.predict(mode, column);
            for (index, (coefficients, end)) in blocks.iter_mut().zip(ends).enumerate() {
                if *end > 0 {
                    place.add((index % 2 * 4, index / 2 * 4), coefficients, *end);
                }
            }
            place.store(column, rows, above);
        }
    }

    /// The first coefficients of luma, where they come by themselves (§14.3).
    fn spread_second(&mut self) {
        let values = transform::second_order(&self.coefficients[SECOND_PLACE]);
        self.coefficients[SECOND_PLACE] = [0; 16];
        let blocks = self.coefficients.iter_mut().zip(&mut self.ends);
        for (value, (block, end)) in values.into_iter().zip(blocks) {
            block[0] = value;
            if value != 0 {
                *end = (*end).max(1);
            }
        }
        self.ends[SECOND_PLACE] = 0;
    }
}

/// All samples of a macroblock.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn samples(decoder: &mut Decoder, column: usize, row: usize, block: Macroblock) {
    decoder.luma(column, row, block);
    decoder.chroma(column, row, block.chroma);
}

impl Sink for Decoder {
    type Block<'a> = Coded<'a>;

    fn begin(&mut self, frame: &Reconstruction, columns: usize, rows: usize) {
        self.luma = Plane::new(columns * 16, rows * 16);
        self.u = Plane::new(columns * 8, rows * 8);
        self.v = Plane::new(columns * 8, rows * 8);
        self.quantizers = [0, 1, 2, 3].map(|segment| Quantizer::of(segment, frame));
        self.strengths = [0, 1, 2, 3]
            .map(|segment| [false, true].map(|modes| Strength::of(segment, modes, frame)));
        self.filter = (frame.filter.level > 0).then_some(frame.filter.simple);
        self.row.strengths = vec![Strength::default(); columns];
    }

    #[inline]
    fn segment(&mut self, segment: usize) {
        self.segment = segment & 3;
    }

    #[inline]
    fn sub_block_modes(&mut self, row: usize, modes: [u8; 4]) {
        self.modes[row & 3] = modes;
    }

    #[inline]
    fn block(&mut self, kind: usize, index: usize) -> Coded<'_> {
        let index = if kind == SECOND { SECOND_PLACE } else { index % SECOND_PLACE };
        Coded {
            coefficients: &mut self.coefficients[index],
            end: &mut self.ends[index],
            factors: self.quantizers[self.segment & 3].factors(kind),
        }
    }

    fn macroblock(&mut self, column: usize, row: usize, block: Macroblock) {
        if column == 0 {
            self.row.start(row);
        }
        if self.ends[SECOND_PLACE] > 0 {
            self.spread_second();
        }
        samples(self, column, row, block);
        let mut strength = self.strengths[self.segment & 3][usize::from(!block.has_second)];
        strength.inside |= self.ends != [0; 25];
        if let Some(kept) = self.row.strengths.get_mut(column) {
            *kept = strength;
        }
        self.ends = [0; 25];
    }

    fn row(&mut self, row: usize) {
        if let Some(simple) = self.filter {
            let planes = [self.luma.view(), self.u.view(), self.v.view()];
            filter::filter(planes, row, simple, &self.row.strengths);
        }
    }
}

/// A block of coefficients as they come.
pub(super) struct Coded<'a> {
    coefficients: &'a mut Coefficients,
    end: &'a mut u8,
    factors: Factors,
}

impl Block for Coded<'_> {
    #[inline]
    fn value(&mut self, place: usize, value: i32) {
        let factor = self.factors[usize::from(place > 0)];
        let place = ZIGZAG[place & 15] & 15;
        self.coefficients[usize::from(place)] = value.wrapping_mul(factor);
    }

    #[inline]
    fn end(&mut self, place: usize) {
        *self.end = place as u8;
    }
}
