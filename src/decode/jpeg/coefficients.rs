//! Progressive scans with their values: ITU-T T.81 annex G. The coefficients that are wanted are
//! kept until the last scan has been read.

use std::ops::Range;

use multiversion::multiversion;

use super::bits::{BitReader, Fault};
use super::canvas::{Canvas, blocks_across};
use super::idct::{Group, LANES, Steps, ZIGZAG};
use super::progressive::Keep;
use super::scan::Pass;
use crate::container::jpeg::{Component, Frame};

/// The coefficients of one component.
#[derive(Debug)]
pub(super) struct Coefficients {
    /// `side` × `side` places for each eight neighbouring blocks.
    values: Vec<[i16; LANES]>,
    /// Rows and columns that are kept.
    side: usize,
    /// By zigzag order, where among them a coefficient is kept; [`NOWHERE`] when it is not.
    places: [u8; 64],
    /// The last one kept, in zigzag order.
    last: u32,
    /// Groups in a row of blocks.
    stride: usize,
    /// Blocks in a row and in a column of a scan of this component alone (A.2.2).
    alone: (usize, usize),
    /// The quantisation in force at the component's first scan.
    pub(super) steps: Option<Steps>,
}

const NOWHERE: u8 = 255;

impl Coefficients {
    /// For all blocks of a component; `side` is 1, 2, 4 or 8, and `last` the last coefficient inside.
    pub(super) fn new(frame: &Frame, component: Component, side: usize, last: u32) -> Self {
        let (stride, groups) = groups(frame, component);
        let (across, down) = frame.blocks_alone(component);
        let places = ZIGZAG.map(|natural| {
            let (row, column) = (usize::from(natural) / 8, usize::from(natural) % 8);
            if row < side && column < side { (row * side + column) as u8 } else { NOWHERE }
        });
        Self {
            values: vec![[0; LANES]; groups * side * side],
            side,
            places,
            last,
            stride,
            alone: (across as usize, down as usize),
            steps: None,
        }
    }

    /// Bytes that `new` takes.
    pub(super) fn memory_needed(frame: &Frame, component: Component, side: usize) -> u64 {
        groups(frame, component).1 as u64 * (side * side * 2 * LANES) as u64
    }

    /// Where a group begins.
    #[inline(always)]
    fn group(&self, x: usize, y: usize) -> usize {
        (y * self.stride + x / LANES) * self.side * self.side
    }
}

/// Transforms one row of MCUs of a component into its planes. `masks` tell which coefficients are
/// not zero.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
pub(super) fn transform<'f>(
    store: &Coefficients,
    canvases: &mut [Canvas<'f>],
    index: usize,
    rows: Range<usize>,
    masks: &[u64],
) {
    let Some(steps) = &store.steps else { return };
    let wanted = u64::MAX >> (63 - store.last);
    let mut group: Group = [[0; LANES]; 64];
    for y in rows {
        let in_picture = if y < store.alone.1 { store.alone.0 } else { 0 };
        for x in (0..store.stride * LANES).step_by(LANES) {
            let at = store.group(x, y);
            let Some(values) = store.values.get(at..at + store.side * store.side) else { return };
            let known = y * store.alone.0 + x.min(in_picture)
                ..y * store.alone.0 + (x + LANES).min(in_picture);
            let masks = masks.get(known).unwrap_or_default();
            // The DC coefficient is always there.
            let all = masks.iter().fold(0, |all, mask| all | mask) & wanted | 1;
            let full = if let Ok(full) = values.try_into() {
                full
            } else {
                for (row, values) in group.chunks_exact_mut(8).zip(values.chunks(store.side)) {
                    row[..values.len()].copy_from_slice(values);
                }
                &group
            };
            for canvas in canvases.iter_mut() {
                canvas.transform(index, (x, y), full, steps, all.ilog2());
            }
        }
    }
}

/// Groups in a row of blocks, and all of them.
fn groups(frame: &Frame, component: Component) -> (usize, usize) {
    let stride = blocks_across(frame, component).div_ceil(LANES);
    (stride, stride * usize::from(component.v) * frame.mcus().1 as usize)
}

/// Keeps the values of a scan of one component alone.
pub(super) struct Kept<'s> {
    store: &'s mut Coefficients,
    /// Bits still to come.
    al: u32,
    /// The block at hand: the first of its row, its row, its group and its lane.
    row_start: usize,
    row: usize,
    group: usize,
    lane: usize,
}

impl<'s> Kept<'s> {
    pub(super) const fn new(store: &'s mut Coefficients, al: u32) -> Self {
        Self { store, al, row_start: 0, row: 0, group: 0, lane: 0 }
    }

    #[inline(always)]
    fn value(&mut self, k: u32) -> Option<&mut i16> {
        let place = self.store.places[k as usize & 63];
        if place == NOWHERE {
            return None;
        }
        self.store.values.get_mut(self.group + usize::from(place))?.get_mut(self.lane)
    }
}

impl Keep for Kept<'_> {
    #[inline(always)]
    fn last(&self) -> u32 {
        self.store.last
    }

    #[inline(always)]
    fn seek(&mut self, number: usize) {
        let across = self.store.alone.0.max(1);
        while number >= self.row_start + across {
            self.row_start += across;
            self.row += 1;
        }
        let x = number - self.row_start;
        (self.group, self.lane) = (self.store.group(x, self.row), x % LANES);
    }

    #[inline(always)]
    fn set(&mut self, k: u32, value: i32) {
        let value = value << self.al;
        if let Some(kept) = self.value(k) {
            *kept = value as i16;
        }
    }

    #[inline(always)]
    fn correct(&mut self, mut bits: u64, mut known: u64) {
        let step = (1_i32 << self.al) as i16;
        while known != 0 {
            let k = known.trailing_zeros();
            known &= known - 1;
            let further = ((bits as i64) >> 63) as i16;
            bits <<= 1;
            if let Some(kept) = self.value(k) {
                // No branch on bits that are as good as random.
                let free = (*kept & step).wrapping_sub(1) >> 15;
                let sign = *kept >> 15;
                *kept = kept.wrapping_add(((step & further & free) ^ sign).wrapping_sub(sign));
            }
        }
    }
}

/// One component of a scan of DC coefficients.
pub(super) struct DcPart {
    /// Its place in the frame.
    pub(super) index: usize,
    /// Blocks of an MCU across and down.
    pub(super) h: usize,
    pub(super) v: usize,
}

/// One block of an MCU: its component, how many there are across and down, and its own place.
type McuBlock = (usize, (usize, usize), (usize, usize));

/// Keeps DC coefficients, first or further ones (G.1.2.1), in the order of MCUs.
pub(super) struct DcKept<'s> {
    stores: &'s mut [Coefficients],
    blocks: Vec<McuBlock>,
    /// MCUs across.
    across: usize,
    al: u32,
    column: usize,
    row: usize,
}

impl<'s> DcKept<'s> {
    pub(super) fn new(
        stores: &'s mut [Coefficients],
        parts: &[DcPart],
        across: usize,
        al: u32,
    ) -> Self {
        let blocks = parts.iter().flat_map(|&DcPart { index, h, v }| {
            (0..h * v).map(move |block| (index, (h, v), (block % h, block / h)))
        });
        Self { stores, blocks: blocks.collect(), across, al, column: 0, row: 0 }
    }

    /// A block of this MCU.
    #[inline(always)]
    pub(super) fn put(&mut self, block: usize, value: i32) {
        let Some(&(index, (h, v), (x, y))) = self.blocks.get(block) else { return };
        let (x, y) = (self.column * h + x, self.row * v + y);
        if let Some(store) = self.stores.get_mut(index) {
            let at = store.group(x, y);
            if let Some(dc) = store.values.get_mut(at) {
                dc[x % LANES] |= (value << self.al) as i16;
            }
        }
    }

    /// The MCU is complete.
    #[inline(always)]
    pub(super) const fn advance(&mut self) {
        self.column += 1;
        if self.column == self.across {
            (self.row, self.column) = (self.row + 1, 0);
        }
    }
}

/// A further scan of DC coefficients: one bit for each block.
pub(super) struct DcBits<'s>(pub(super) DcKept<'s>);

impl Pass for DcBits<'_> {
    fn restart(&mut self) {}

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        let mut local = *reader;
        for _ in mcus {
            for block in 0..self.0.blocks.len() {
                local.refill();
                self.0.put(block, local.receive(1) as i32);
            }
            self.0.advance();
            if local.overran() {
                break;
            }
        }
        *reader = local;
        Ok(())
    }
}
