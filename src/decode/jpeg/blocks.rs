//! Sequential scans with their values, block by block into samples: ITU-T T.81 annex F.

use std::ops::Range;

use multiversion::multiversion;

use super::bits::{BitReader, Fault, Unread};
use super::canvas::Canvas;
use super::huffman::{MAX_AC_SIZE, SkipTable, Table};
use super::idct::{Group, LANES, Steps, ZIGZAG};
use super::scan::Pass;
use super::sequential::{DC_BITS, Implausible, LOOKS, LOOKS_AFTER_DC, Prediction, skip};
use super::values::{LOOK, ValueTable};

/// One component of a scan.
pub(super) struct ScanPart<'t> {
    /// Its place in the frame.
    pub(super) index: usize,
    pub(super) codes: Codes<'t>,
    pub(super) steps: Steps,
    pub(super) prediction: Prediction,
    /// Blocks of an MCU across and down.
    pub(super) h: usize,
    pub(super) v: usize,
    /// Blocks across in whole MCUs, whatever the scan.
    pub(super) across: usize,
    /// The last coefficient that is wanted, in zigzag order.
    pub(super) last: u32,
}

/// The tables of a component. Those that take several codes at once are absent where a scan is too
/// short to be worth them.
#[derive(Clone, Copy)]
pub(super) struct Codes<'t> {
    pub(super) dc: &'t Table,
    pub(super) ac: &'t Table,
    pub(super) values: Option<&'t ValueTable>,
    pub(super) skips: Option<&'t SkipTable>,
}

/// A component at work.
struct Part<'t> {
    own: ScanPart<'t>,
    /// Eight MCUs: one group for each row and eight columns of blocks.
    groups: Vec<Lanes>,
}

/// Eight neighbouring blocks, and the last coefficient of any that may not be zero.
#[derive(Clone)]
struct Lanes {
    group: Box<Group>,
    reach: u32,
}

/// Reads a sequential scan into samples.
pub(super) struct Blocks<'t, 'c, 'f> {
    parts: Vec<Part<'t>>,
    canvases: &'c mut [Canvas<'f>],
    /// MCUs across.
    across: usize,
    /// Whether each MCU row completes rows of the picture.
    completes: bool,
    /// The MCU that comes next.
    column: usize,
    row: usize,
    implausible: Implausible,
}

impl<'t, 'c, 'f> Blocks<'t, 'c, 'f> {
    /// A scan of `across` MCUs a row. `completes` says that it holds all components.
    pub(super) fn new(
        parts: Vec<ScanPart<'t>>,
        canvases: &'c mut [Canvas<'f>],
        across: usize,
        completes: bool,
    ) -> Self {
        let parts = parts.into_iter().map(|own| {
            let lanes = Lanes { group: Box::new([[0; LANES]; 64]), reach: 0 };
            Part { groups: vec![lanes; own.h * own.v], own }
        });
        let implausible = Implausible::default();
        Self { parts: parts.collect(), canvases, across, completes, column: 0, row: 0, implausible }
    }

    /// Transforms the groups that are full, or all at the end of the row.
    #[inline(always)]
    fn flush(&mut self) {
        let first = (self.column - 1) / LANES * LANES;
        for Part { own, groups } in &mut self.parts {
            for (index, lanes) in groups.iter_mut().enumerate() {
                let (y, x) = (index / own.h, first * own.h + index % own.h * LANES);
                if x >= own.across {
                    continue;
                }
                let place = (x, self.row * own.v + y);
                for canvas in self.canvases.iter_mut() {
                    canvas.transform(own.index, place, &lanes.group, &own.steps, lanes.reach);
                }
                clear(lanes);
            }
        }
        if self.column == self.across {
            if self.completes {
                self.canvases.iter_mut().for_each(|canvas| canvas.complete(self.row));
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

impl Pass for Blocks<'_, '_, '_> {
    fn restart(&mut self) {
        self.parts.iter_mut().for_each(|part| part.own.prediction.reset());
    }

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        read(self, reader, mcus.end - mcus.start)
    }

    fn implausible(&mut self) -> Option<Unread> {
        self.implausible.take()
    }
}

/// The next `left` MCUs.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn read<'t, 'c, 'f, 'd>(
    blocks: &mut Blocks<'t, 'c, 'f>,
    reader: &mut BitReader<'d>,
    mut left: u64,
) -> Result<(), Fault> {
    while left > 0 {
        // To the end of these groups, of the row, or of the interval.
        let until = (blocks.column / LANES + 1) * LANES;
        let until = until.min(blocks.across);
        let count = ((until - blocks.column) as u64).min(left) as usize;
        left -= count as u64;
        let mut local = *reader;
        let outcome = blocks.read_in_registers(&mut local, count);
        *reader = local;
        outcome?;
        if reader.overran() {
            return Ok(());
        }
        blocks.column += count;
        if blocks.column == until {
            blocks.flush();
        }
    }
    Ok(())
}

impl Blocks<'_, '_, '_> {
    #[inline(always)]
    fn read_in_registers(&mut self, reader: &mut BitReader<'_>, count: usize) -> Result<(), Fault> {
        let first = self.column % LANES;
        for column in first..first + count {
            for Part { own, groups } in &mut self.parts {
                let (codes, last) = (own.codes, own.last);
                let mut row = 0;
                for _ in 0..own.v {
                    for x in column * own.h..(column + 1) * own.h {
                        let Some(lanes) = groups.get_mut(row + x / LANES) else { continue };
                        let reach = block(
                            reader,
                            codes,
                            &mut own.prediction,
                            last,
                            (&mut lanes.group, x % LANES),
                            &mut self.implausible,
                        )?;
                        lanes.reach = lanes.reach.max(reach);
                    }
                    row += own.h;
                }
            }
            if reader.overran() {
                break;
            }
        }
        Ok(())
    }
}

/// One block (F.2.2). Gives the last coefficient that was written and may not be zero.
#[inline(always)]
fn block(
    reader: &mut BitReader<'_>,
    Codes { dc, ac, values, skips }: Codes<'_>,
    prediction: &mut Prediction,
    last: u32,
    (group, lane): (&mut Group, usize),
    implausible: &mut Implausible,
) -> Result<u32, Fault> {
    let lane = lane % LANES;
    reader.refill();
    if !prediction.read(reader, dc)? {
        implausible.note(*reader);
    }
    group[0][lane] = prediction.value() as i16;
    // Looks that what the DC difference has left of the refilled bits, and all of them, suffice for.
    let mut looks = (BitReader::REFILLED - DC_BITS) / LOOK;
    let mut k = 1;
    'wanted: while k <= last {
        if let Some(values) = values {
            let mut known = true;
            for _ in 0..looks {
                let entry = values.look(reader.peek(LOOK));
                let reached = k + entry.step();
                if reached > 64 {
                    let first = k + entry.first_step();
                    // After the last coefficient there is no end of block.
                    if entry.ends() && first < 64 {
                        reader.consume(entry.bits());
                        if first > k {
                            group[natural(first - 1)][lane] = entry.first();
                        }
                        return Ok(first - 1);
                    }
                    known = false;
                    break;
                }
                reader.consume(entry.bits());
                group[natural(k + entry.first_step() - 1)][lane] = entry.first();
                group[natural(reached - 1)][lane] = entry.last();
                k = reached;
                if k > last {
                    break 'wanted;
                }
            }
            if known {
                reader.refill();
                looks = BitReader::REFILLED / LOOK;
                continue;
            }
        }
        reader.refill();
        let symbol = ac.decode(reader)?;
        let (run, size) = (u32::from(symbol >> 4), symbol & 15);
        // F.2.2.2: only sixteen zeros go on; decoders take all else for an end of block.
        if size == 0 && run < 15 {
            return Ok(k - 1);
        }
        if size > MAX_AC_SIZE {
            implausible.note(*reader);
        }
        let value = reader.receive_extend(u32::from(size));
        k += run + 1;
        if k > 64 {
            return Err(Fault::Overflow);
        }
        group[natural(k - 1)][lane] = value as i16;
        reader.refill();
        looks = BitReader::REFILLED / LOOK;
    }
    if k < 64 {
        let looks = if last > 0 {
            reader.refill();
            LOOKS
        } else {
            LOOKS_AFTER_DC
        };
        skip(reader, ac, skips, k, looks, implausible)?;
    }
    Ok(k - 1)
}

/// The place of a coefficient in natural order.
#[inline(always)]
fn natural(zigzag: u32) -> usize {
    usize::from(ZIGZAG[zigzag as usize & 63])
}
