//! Progressive scans with their values: ITU-T T.81 annex G. All coefficients are kept until the
//! last scan has been read.

use std::ops::Range;

use super::bits::{BitReader, Fault};
use super::canvas::{Canvas, Shape};
use super::huffman::Table;
use super::idct::{Group, LANES, Steps, ZIGZAG, inverse};
use super::progressive::{ZEROS, empty_blocks, is_end, list_ones};
use super::scan::Pass;
use super::values::{LOOK, ValueTable};

/// The coefficients of one component.
#[derive(Debug, Default)]
pub(super) struct Coefficients {
    groups: Vec<Group>,
    /// By block: which of its coefficients are not zero, in zigzag order; the DC coefficient aside.
    masks: Vec<u64>,
    /// Groups in a row of blocks.
    stride: usize,
    /// Blocks in a row of a scan of this component alone (A.2.2).
    alone: usize,
    /// The quantisation in force at the component's first scan.
    pub(super) steps: Option<Steps>,
}

impl Coefficients {
    /// Bytes of one block.
    pub(super) const BLOCK: u64 = 128 + 8;

    /// For all blocks of a component, in `mcu_rows` rows of MCUs.
    pub(super) fn new(shape: Shape, alone: usize, mcu_rows: usize) -> Self {
        let stride = shape.across.div_ceil(LANES);
        let groups = stride * shape.v * mcu_rows;
        Self {
            groups: vec![[[0; LANES]; 64]; groups],
            masks: vec![0; groups * LANES],
            stride,
            alone: alone.max(1),
            steps: None,
        }
    }

    /// A block by its place, and its lane.
    #[inline(always)]
    fn block(&mut self, x: usize, y: usize) -> Option<(&mut Group, &mut u64, usize)> {
        let group = y * self.stride + x / LANES;
        let mask = self.masks.get_mut(group * LANES + x % LANES)?;
        Some((self.groups.get_mut(group)?, mask, x % LANES))
    }

    /// A block by its number in a scan of this component alone.
    #[inline(always)]
    fn numbered(&mut self, number: u64) -> Option<(&mut Group, &mut u64, usize)> {
        // Both fit: sides are 16 bits.
        let (number, alone) = (number as u32, self.alone as u32);
        self.block((number % alone) as usize, (number / alone) as usize)
    }

    /// Transforms one row of MCUs into its component's plane.
    pub(super) fn transform(&self, canvas: &mut Canvas, index: usize, mcu_row: usize, v: usize) {
        let (Some(plane), Some(steps)) = (canvas.planes.get_mut(index), &self.steps) else {
            return;
        };
        let stride = plane.stride;
        for y in mcu_row * v..(mcu_row + 1) * v {
            let range = y * self.stride..(y + 1) * self.stride;
            let groups = self.groups.get(range.clone()).unwrap_or_default();
            let masks = self.masks.as_chunks::<LANES>().0.get(range).unwrap_or_default();
            let rows = plane.rows_from(8 * y);
            for (x, (group, masks)) in groups.iter().zip(masks).enumerate() {
                let all = masks.iter().fold(1, |all, mask| all | mask);
                let out = rows.get_mut(8 * LANES * x..).unwrap_or_default();
                inverse(group, steps, all.ilog2(), out, stride);
            }
        }
    }
}

/// One component of a scan of DC coefficients.
pub(super) struct DcPart<'t> {
    /// Its place in the frame.
    pub(super) index: usize,
    /// Absent in further scans, which have no codes.
    pub(super) table: Option<&'t Table>,
    /// Blocks of an MCU across and down.
    pub(super) h: usize,
    pub(super) v: usize,
    pub(super) prediction: i32,
}

/// A scan of DC coefficients, first or further (G.1.2.1).
pub(super) struct Dc<'t, 's> {
    pub(super) parts: Vec<DcPart<'t>>,
    pub(super) stores: &'s mut [Coefficients],
    /// MCUs across.
    pub(super) across: usize,
    pub(super) al: u32,
}

impl Pass for Dc<'_, '_> {
    fn restart(&mut self) {
        self.parts.iter_mut().for_each(|part| part.prediction = 0);
    }

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        let mut local = *reader;
        let outcome = self.read_in_registers(&mut local, mcus);
        *reader = local;
        outcome
    }
}

impl Dc<'_, '_> {
    fn read_in_registers(
        &mut self,
        reader: &mut BitReader<'_>,
        mcus: Range<u64>,
    ) -> Result<(), Fault> {
        let across = self.across.max(1) as u64;
        let (mut row, mut column) =
            ((mcus.start / across) as usize, (mcus.start % across) as usize);
        for _ in mcus {
            for part in &mut self.parts {
                let Some(store) = self.stores.get_mut(part.index) else { continue };
                for index in 0..part.h * part.v {
                    reader.refill();
                    let value = match part.table {
                        Some(table) => {
                            let size = table.decode(reader)?;
                            let difference = reader.receive_extend(u32::from(size & 15));
                            part.prediction = part.prediction.wrapping_add(difference);
                            part.prediction
                        }
                        None => reader.receive(1) as i32,
                    };
                    let (x, y) = (column * part.h + index % part.h, row * part.v + index / part.h);
                    if let Some((group, _, lane)) = store.block(x, y) {
                        group[0][lane] |= (value << self.al) as i16;
                    }
                }
            }
            if reader.overran() {
                break;
            }
            column += 1;
            if column == self.across {
                (row, column) = (row + 1, 0);
            }
        }
        Ok(())
    }
}

/// A scan of a band of AC coefficients: its codes, the band, the bits still to come.
#[derive(Clone, Copy)]
pub(super) struct Band<'t> {
    pub(super) table: &'t Table,
    pub(super) values: &'t ValueTable,
    /// First and last coefficient, 1 ≤ `ss` ≤ `se` ≤ 63.
    pub(super) ss: u32,
    pub(super) se: u32,
    pub(super) al: u32,
    /// Whether this is the band's first scan.
    pub(super) first: bool,
}

/// A scan of a band of AC coefficients, first or further (G.1.2.2, G.1.2.3).
pub(super) struct Ac<'t, 's> {
    pub(super) band: Band<'t>,
    pub(super) store: &'s mut Coefficients,
    /// Blocks to come that have no new coefficient.
    pub(super) empty: u64,
}

impl Pass for Ac<'_, '_> {
    fn restart(&mut self) {
        self.empty = 0;
    }

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        let mut local = *reader;
        let outcome = if self.band.first {
            self.read_first(&mut local, mcus)
        } else {
            self.read_further(&mut local, mcus)
        };
        *reader = local;
        outcome
    }
}

impl Ac<'_, '_> {
    fn read_first(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        let mut number = mcus.start;
        loop {
            let jump = self.empty.min(mcus.end - number);
            self.empty -= jump;
            number += jump;
            if number >= mcus.end || reader.overran() {
                return Ok(());
            }
            let Some((group, mask, lane)) = self.store.numbered(number) else { return Ok(()) };
            self.empty = self.band.first(reader, group, mask, lane)?;
            number += 1;
        }
    }

    fn read_further(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        let within = (u64::MAX >> (63 - self.band.se)) & (u64::MAX << self.band.ss);
        for number in mcus {
            let Some((group, mask, lane)) = self.store.numbered(number) else { return Ok(()) };
            if self.empty > 0 {
                self.empty -= 1;
                self.band.correct(reader, group, lane, *mask & within);
            } else {
                self.empty = self.band.further(reader, group, mask, lane, within)?;
            }
            if reader.overran() {
                break;
            }
        }
        Ok(())
    }
}

/// The place of a coefficient in natural order.
#[inline(always)]
fn natural(zigzag: u32) -> usize {
    usize::from(ZIGZAG[zigzag as usize & 63])
}

impl Band<'_> {
    /// One block of a first scan; gives how many further blocks are empty.
    #[inline(always)]
    fn first(
        &self,
        reader: &mut BitReader<'_>,
        group: &mut Group,
        mask: &mut u64,
        lane: usize,
    ) -> Result<u64, Fault> {
        let lane = lane % LANES;
        let mut known = *mask;
        let mut k = self.ss;
        let empty = loop {
            reader.refill();
            let mut ended = false;
            for _ in 0..2 {
                let entry = self.values.look(reader.peek(LOOK));
                let reached = k + entry.step();
                if reached > self.se + 1 {
                    ended = entry.ends();
                    if ended {
                        reader.consume(entry.bits());
                    }
                    break;
                }
                reader.consume(entry.bits());
                let value = entry.value();
                if value != 0 {
                    group[natural(reached - 1)][lane] = (i32::from(value) << self.al) as i16;
                    known |= 1 << ((reached - 1) & 63);
                }
                k = reached;
                if k > self.se {
                    break;
                }
            }
            if ended || k > self.se {
                break 0;
            }
            let symbol = self.table.decode(reader)?;
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if is_end(symbol) {
                break empty_blocks(reader, run);
            }
            k += run;
            if k > self.se {
                return Err(Fault::Overflow);
            }
            if size > 0 {
                let value = reader.receive_extend(size);
                group[natural(k)][lane] = (value << self.al) as i16;
                known |= 1 << (k & 63);
            }
            k += 1;
            if k > self.se {
                break 0;
            }
        };
        *mask = known;
        Ok(empty)
    }

    /// One block of a further scan; gives how many further blocks have no new coefficient.
    #[inline(always)]
    fn further(
        &self,
        reader: &mut BitReader<'_>,
        group: &mut Group,
        mask: &mut u64,
        lane: usize,
        within: u64,
    ) -> Result<u64, Fault> {
        let lane = lane % LANES;
        let known = *mask & within;
        let mut zeros = [0; ZEROS];
        let mut count = None;
        // The next of the zeros, and the coefficient after the last that was passed.
        let (mut next, mut k) = (0, self.ss);
        while k <= self.se {
            reader.refill();
            let symbol = self.table.decode(reader)?;
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if is_end(symbol) {
                let empty = empty_blocks(reader, run);
                self.correct(reader, group, lane, known & (u64::MAX << k));
                return Ok(empty);
            }
            let count = *count.get_or_insert_with(|| list_ones(!known & within, &mut zeros));
            // A new coefficient's sign comes before the corrections of those passed on the way.
            let positive = size > 0 && reader.receive(1) == 1;
            // The run counts zeros only.
            next += run as usize;
            if next >= count {
                return Err(Fault::Overflow);
            }
            let place = u32::from(zeros[next & (ZEROS - 1)] & 63);
            next += 1;
            let passed = (u64::MAX << k) & !(u64::MAX << place);
            self.correct(reader, group, lane, known & passed);
            if size > 0 {
                let step = 1_i32 << self.al;
                group[natural(place)][lane] = if positive { step } else { -step } as i16;
                *mask |= 1 << place;
            }
            k = place + 1;
        }
        Ok(0)
    }

    /// One bit for each of these coefficients: whether it is one step further from zero.
    #[inline(always)]
    fn correct(&self, reader: &mut BitReader<'_>, group: &mut Group, lane: usize, mut known: u64) {
        let step = (1_i32 << self.al) as i16;
        while known != 0 {
            reader.refill();
            for _ in 0..BitReader::REFILLED {
                if known == 0 {
                    break;
                }
                let coefficient = &mut group[natural(known.trailing_zeros())][lane % LANES];
                known &= known - 1;
                if reader.receive(1) == 1 && *coefficient & step == 0 {
                    let further = if *coefficient < 0 { step.wrapping_neg() } else { step };
                    *coefficient = coefficient.wrapping_add(further);
                }
            }
        }
    }
}
