//! Prediction from samples above and to the left (RFC 6386 §12), which no filter has changed yet.

use super::transform::{Coefficients, flat, inverse};
use crate::verify::vp8::{B_DC, B_TM, B_VE};

/// Column of the first sample: the one before holds what is to the left. Aligned for the sake of
/// speed.
const FIRST: usize = 8;
const LEFT: usize = FIRST - 1;

/// A macroblock of `SIDE` by `SIDE` samples of one plane. `ROWS` are one more, the first of which
/// holds what is above it; columns have room for four samples to the right of that.
pub(super) struct Workplace<const SIDE: usize, const ROWS: usize, const COLUMNS: usize> {
    samples: [[u8; COLUMNS]; ROWS],
    has_above: bool,
}

pub(super) type Luma = Workplace<16, 17, 32>;
pub(super) type Chroma = Workplace<8, 9, 16>;

impl<const SIDE: usize, const ROWS: usize, const COLUMNS: usize> Workplace<SIDE, ROWS, COLUMNS> {
    /// At the left edge of a row of macroblocks. Outside the picture, samples above are 127, the
    /// corner with them, and those to the left 129 (§12.2, §12.3).
    pub(super) fn new(row: usize) -> Self {
        let mut samples = [[127; COLUMNS]; ROWS];
        let outside = usize::from(row == 0);
        samples.iter_mut().skip(outside).for_each(|row| row[LEFT] = 129);
        Self { samples, has_above: row > 0 }
    }

    /// Moves to a column, with the row of samples above the macroblocks.
    #[inline]
    pub(super) fn move_to(&mut self, column: usize, above: &[u8]) {
        if column > 0 {
            self.samples.iter_mut().for_each(|row| row[LEFT] = row[LEFT + SIDE]);
        }
        if self.has_above
            && let Some(above) = above.get(column * SIDE..(column + 1) * SIDE)
        {
            self.samples[0][FIRST..FIRST + SIDE].copy_from_slice(above);
        }
    }

    /// Writes the macroblock to the rows of its plane, and its last row to those above the next
    /// ones.
    #[inline]
    pub(super) fn store(&self, column: usize, rows: &mut [u8], above: &mut [u8]) {
        let span = column * SIDE..(column + 1) * SIDE;
        for (to, from) in rows.chunks_exact_mut(above.len()).zip(&self.samples[1..]) {
            if let Some(to) = to.get_mut(span.clone()) {
                to.copy_from_slice(&from[FIRST..FIRST + SIDE]);
            }
        }
        if let Some(to) = above.get_mut(span) {
            to.copy_from_slice(&self.samples[SIDE][FIRST..FIRST + SIDE]);
        }
    }

    /// All of it from its edges (§12.2).
    #[inline]
    pub(super) fn predict(&mut self, mode: u8, column: usize) {
        let [above, rows @ ..] = self.samples.as_mut_slice() else { return };
        let corner = i16::from(above[LEFT]);
        let above: &[u8] = &above[FIRST..FIRST + SIDE];
        match mode {
            B_DC => {
                let mut sum = 0_u32;
                let mut edges = 0;
                if self.has_above {
                    sum += above.iter().map(|v| u32::from(*v)).sum::<u32>();
                    edges += 1;
                }
                if column > 0 {
                    sum += rows.iter().map(|row| u32::from(row[LEFT])).sum::<u32>();
                    edges += 1;
                }
                let count = edges * SIDE as u32;
                // Without any, the middle.
                let mean = (sum + count / 2).checked_div(count).map_or(128, |mean| mean as u8);
                for row in rows {
                    row[FIRST..FIRST + SIDE].fill(mean);
                }
            }
            B_TM => {
                for row in rows {
                    let step = i16::from(row[LEFT]).wrapping_sub(corner);
                    for (to, above) in row[FIRST..FIRST + SIDE].iter_mut().zip(above) {
                        *to = i16::from(*above).wrapping_add(step).clamp(0, 255) as u8;
                    }
                }
            }
            B_VE => {
                for row in rows {
                    row[FIRST..FIRST + SIDE].copy_from_slice(above);
                }
            }
            _ => {
                for row in rows {
                    let left = row[LEFT];
                    row[FIRST..FIRST + SIDE].fill(left);
                }
            }
        }
    }

    /// Adds the differences of a block, and leaves its coefficients 0 again (§14.5). `end` is where its
    /// tokens ended.
    #[inline(always)]
    pub(super) fn add(&mut self, (x, y): (usize, usize), block: &mut Coefficients, end: u8) {
        let mut add = |y: usize, differences: [i32; 4]| {
            let row = self.samples.get_mut(y + 1).and_then(|row| row.get_mut(FIRST + x..));
            let Some(four) = row.and_then(|row| row.first_chunk_mut::<4>()) else { return };
            for (sample, difference) in four.iter_mut().zip(differences) {
                *sample = i32::from(*sample).wrapping_add(difference).clamp(0, 255) as u8;
            }
        };
        if end == 1 {
            let difference = flat(block[0]);
            (y..y + 4).for_each(|y| add(y, [difference; 4]));
            block[0] = 0;
            return;
        }
        for (y, row) in (y..).zip(inverse(block)) {
            add(y, row);
        }
        *block = [0; 16];
    }
}

impl Luma {
    /// The four samples above and to the right of the macroblock, which all sub-blocks at its right
    /// edge use (§12.3). Beyond the last column the last sample above is repeated, as libwebp
    /// does it.
    pub(super) fn set_above_right(&mut self, column: usize, above: &[u8]) {
        let next = (column + 1) * 16;
        let samples = if !self.has_above {
            [127; 4]
        } else if let Some([a, b, c, d, ..]) = above.get(next..) {
            [*a, *b, *c, *d]
        } else {
            [self.samples[0][FIRST + 15]; 4]
        };
        for row in [0, 4, 8, 12] {
            self.samples[row][FIRST + 16..FIRST + 20].copy_from_slice(&samples);
        }
    }

    /// A sub-block from its edges (§12.3), by the names the specification gives them there: A to H
    /// above, I to L to the left, and P in the corner.
    #[inline]
    pub(super) fn predict_sub_block(&mut self, (x, y): (usize, usize), mode: u8) {
        let (x, y) = (x & 0xc, y & 0xc);
        let at = FIRST + x;
        let row = &self.samples[y];
        let corner = row[at - 1];
        let mut above = [0; 8];
        above.copy_from_slice(&row[at..at + 8]);
        let left = [1, 2, 3, 4].map(|below| self.samples[y + below][at - 1]);
        let rows = super::sub_block::predict(mode, above, left, corner);
        for (row, samples) in self.samples[y + 1..].iter_mut().zip(rows) {
            row[at..at + 4].copy_from_slice(&samples);
        }
    }
}
