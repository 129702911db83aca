//! Sequential scans with their values, block by block into samples: ITU-T T.81 annex F.

use std::ops::Range;

use super::bits::{BitReader, Fault};
use super::canvas::Canvas;
use super::huffman::Table;
use super::idct::{Group, LANES, Steps, ZIGZAG, inverse};
use super::scan::Pass;
use super::values::{LOOK, ValueTable};

/// One component of a scan.
pub(super) struct ScanPart<'t> {
    /// Its place in the frame.
    pub(super) index: usize,
    pub(super) dc: &'t Table,
    pub(super) ac: &'t Table,
    pub(super) values: &'t ValueTable,
    pub(super) steps: Steps,
    /// Blocks of an MCU across and down.
    pub(super) h: usize,
    pub(super) v: usize,
    /// Blocks across and down in whole MCUs, whatever the scan.
    pub(super) across: usize,
    prediction: i32,
    groups: Vec<Lanes>,
}

/// Eight neighbouring blocks, and the last coefficient of any that may not be zero.
#[derive(Clone)]
struct Lanes {
    group: Box<Group>,
    reach: u32,
}

impl<'t> ScanPart<'t> {
    pub(super) fn new(
        index: usize,
        (dc, ac, values): (&'t Table, &'t Table, &'t ValueTable),
        steps: Steps,
        (h, v): (usize, usize),
        across: usize,
    ) -> Self {
        // Eight MCUs: one group for each row and eight columns of blocks.
        let lanes = Lanes { group: Box::new([[0; LANES]; 64]), reach: 0 };
        let groups = vec![lanes; h * v];
        Self { index, dc, ac, values, steps, h, v, across, prediction: 0, groups }
    }
}

/// Reads a sequential scan into samples.
pub(super) struct Blocks<'t, 'c> {
    parts: Vec<ScanPart<'t>>,
    canvas: &'c mut Canvas,
    /// MCUs across.
    across: usize,
    /// Whether each MCU row completes rows of the picture.
    completes: bool,
    /// The MCU that comes next.
    column: usize,
    row: usize,
}

impl<'t, 'c> Blocks<'t, 'c> {
    /// A scan of `across` MCUs a row. `completes` says that it holds all components.
    pub(super) const fn new(
        parts: Vec<ScanPart<'t>>,
        canvas: &'c mut Canvas,
        across: usize,
        completes: bool,
    ) -> Self {
        Self { parts, canvas, across, completes, column: 0, row: 0 }
    }

    /// Transforms the groups that are full, or all at the end of the row.
    fn flush(&mut self) {
        let first = (self.column - 1) / LANES * LANES;
        for part in &mut self.parts {
            let Some(plane) = self.canvas.planes.get_mut(part.index) else { continue };
            let stride = plane.stride;
            for (index, lanes) in part.groups.iter_mut().enumerate() {
                let (y, x) = (index / part.h, first * part.h + index % part.h * LANES);
                if x >= part.across {
                    continue;
                }
                let rows = plane.rows_from((self.row * part.v + y) * 8);
                let out = rows.get_mut(8 * x..).unwrap_or_default();
                inverse(&lanes.group, &part.steps, lanes.reach, out, stride);
                clear(lanes);
            }
        }
        if self.column == self.across {
            if self.completes {
                self.canvas.complete(self.row);
            }
            self.column = 0;
            self.row += 1;
        }
    }
}

/// Zeroes what was written: ten coefficients in zigzag order lie in rows 0 to 3.
fn clear(lanes: &mut Lanes) {
    let used = match lanes.reach {
        0 => 1,
        1..=9 => 32,
        _ => 64,
    };
    lanes.group.iter_mut().take(used).for_each(|place| *place = [0; LANES]);
    lanes.reach = 0;
}

impl Pass for Blocks<'_, '_> {
    fn restart(&mut self) {
        self.parts.iter_mut().for_each(|part| part.prediction = 0);
    }

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        let mut left = mcus.end - mcus.start;
        while left > 0 {
            // To the end of these groups, of the row, or of the interval.
            let until = (self.column / LANES + 1) * LANES;
            let until = until.min(self.across);
            let count = ((until - self.column) as u64).min(left) as usize;
            left -= count as u64;
            let mut local = *reader;
            let outcome = self.read_in_registers(&mut local, count);
            *reader = local;
            outcome?;
            if reader.overran() {
                return Ok(());
            }
            self.column += count;
            if self.column == until {
                self.flush();
            }
        }
        Ok(())
    }
}

impl Blocks<'_, '_> {
    #[inline(always)]
    fn read_in_registers(&mut self, reader: &mut BitReader<'_>, count: usize) -> Result<(), Fault> {
        let first = self.column % LANES;
        for column in first..first + count {
            for part in &mut self.parts {
                for index in 0..part.h * part.v {
                    let (y, x) = (index / part.h, column * part.h + index % part.h);
                    let place = y * part.h + x / LANES;
                    let Some(lanes) = part.groups.get_mut(place) else { continue };
                    let reach = block(
                        reader,
                        (part.dc, part.ac, part.values),
                        &mut part.prediction,
                        &mut lanes.group,
                        x % LANES,
                    )?;
                    lanes.reach = lanes.reach.max(reach);
                }
            }
            if reader.overran() {
                break;
            }
        }
        Ok(())
    }
}

/// One block (F.2.2). Gives the last coefficient that may not be zero.
#[inline(always)]
fn block(
    reader: &mut BitReader<'_>,
    (dc, ac, values): (&Table, &Table, &ValueTable),
    prediction: &mut i32,
    group: &mut Group,
    lane: usize,
) -> Result<u32, Fault> {
    let lane = lane % LANES;
    reader.refill();
    let size = dc.decode(reader)?;
    *prediction = prediction.wrapping_add(reader.receive_extend(u32::from(size & 15)));
    group[0][lane] = *prediction as i16;
    // Looks that what the DC difference has left of 56 bits, and all of them, are enough for.
    let mut looks = 2;
    let mut k = 1;
    loop {
        for _ in 0..looks {
            let entry = values.look(reader.peek(LOOK));
            let reached = k + entry.step();
            if reached <= 64 {
                reader.consume(entry.bits());
                group[usize::from(ZIGZAG[(reached - 1) as usize & 63])][lane] = entry.value();
                if reached == 64 {
                    return Ok(63);
                }
                k = reached;
                continue;
            }
            if entry.ends() {
                reader.consume(entry.bits());
                return Ok(k - 1);
            }
            reader.refill();
            let symbol = ac.decode(reader)?;
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            // F.2.2.2: only sixteen zeros go on; decoders take all else for an end of block.
            if size == 0 && run < 15 {
                return Ok(k - 1);
            }
            let value = reader.receive_extend(size);
            k += run + 1;
            if k > 64 {
                return Err(Fault::Overflow);
            }
            group[usize::from(ZIGZAG[(k - 1) as usize & 63])][lane] = value as i16;
            if k == 64 {
                return Ok(63);
            }
            break;
        }
        reader.refill();
        looks = 5;
    }
}
