//! Sequential scans without their values: ITU-T T.81 annex F.

use std::ops::Range;

use multiversion::multiversion;

use super::bits::{BitReader, Fault, Unread};
use super::huffman::{MAX_AC_SIZE, MAX_DC_SIZE, SKIP, Skip, SkipTable, Table};
use super::scan::Pass;

/// Bits of the longest DC code and its difference.
pub(super) const DC_BITS: u32 = 16 + MAX_DC_SIZE as u32;

/// DC predictions of one component of a scan, and what they may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prediction {
    value: i32,
    least: i32,
    most: i32,
}

impl Prediction {
    /// For samples of 8 bits the DC coefficient lies in -1024..=1016 (A.3.1, A.3.3); quantised, and
    /// with `shift` bits still to come, it rounds to no more than this. One step is left for
    /// encoders whose transforms round.
    pub(super) fn new(step: u16, shift: u8) -> Self {
        let limit = (1024 / i32::from(step.max(1)) + 2) >> shift;
        Self { value: 0, least: -limit - 1, most: limit + 1 }
    }

    pub(super) const fn reset(&mut self) {
        self.value = 0;
    }

    /// The last DC coefficient.
    pub(super) const fn value(&self) -> i32 {
        self.value
    }

    /// One DC difference (F.2.2.1), and whether the value is one that a picture can have. The data
    /// must have been refilled; [`DC_BITS`] of it are used at most.
    #[inline(always)]
    pub(super) fn read(
        &mut self,
        reader: &mut BitReader<'_>,
        table: &Table,
    ) -> Result<bool, Fault> {
        let size = table.decode(reader)?;
        self.value = self.value.wrapping_add(reader.receive_extend(u32::from(size & 15)));
        if size > MAX_DC_SIZE {
            reader.refill();
        }
        Ok(self.value >= self.least && self.value <= self.most && size <= MAX_DC_SIZE)
    }
}

/// One block of an MCU.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit<'t> {
    /// Its component's place in the scan.
    pub(super) place: usize,
    pub(super) dc: &'t Table,
    pub(super) ac: &'t Table,
    pub(super) skips: Option<&'t SkipTable>,
}

/// Reads a sequential scan and keeps nothing.
pub(super) struct Sequential<'t> {
    pub(super) units: Vec<Unit<'t>>,
    pub(super) predictions: [Prediction; 4],
    pub(super) implausible: Implausible,
}

/// Where a value was met that no picture has.
#[derive(Debug, Default)]
pub(super) struct Implausible {
    first: Option<Unread>,
    told: bool,
}

impl Implausible {
    #[cold]
    #[inline(never)]
    pub(super) fn note(&mut self, reader: BitReader<'_>) {
        if !self.told {
            self.first.get_or_insert(reader.unread());
        }
    }

    /// The first place, once.
    pub(super) fn take(&mut self) -> Option<Unread> {
        self.told |= self.first.is_some();
        self.first.take()
    }
}

impl Pass for Sequential<'_> {
    fn restart(&mut self) {
        self.predictions.iter_mut().for_each(Prediction::reset);
    }

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        read(self, reader, mcus)
    }

    fn implausible(&mut self) -> Option<Unread> {
        self.implausible.take()
    }
}

/// The next MCUs.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn read<'t, 'd>(
    pass: &mut Sequential<'t>,
    reader: &mut BitReader<'d>,
    mcus: Range<u64>,
) -> Result<(), Fault> {
    let mut local = *reader;
    let outcome = pass.read_in_registers(&mut local, mcus);
    *reader = local;
    outcome
}

impl Sequential<'_> {
    #[inline(always)]
    fn read_in_registers(
        &mut self,
        reader: &mut BitReader<'_>,
        mcus: Range<u64>,
    ) -> Result<(), Fault> {
        for _ in mcus {
            for unit in &self.units {
                reader.refill();
                let prediction = &mut self.predictions[unit.place & 3];
                if !prediction.read(reader, unit.dc)? {
                    self.implausible.note(*reader);
                }
                skip(reader, unit.ac, unit.skips, 1, LOOKS_AFTER_DC, &mut self.implausible)?;
            }
            if reader.overran() {
                break;
            }
        }
        Ok(())
    }
}

/// Looks into a [`SkipTable`] that all refilled bits are enough for.
pub(super) const LOOKS: u32 = BitReader::REFILLED / SKIP;
/// The same after a DC difference.
pub(super) const LOOKS_AFTER_DC: u32 = (BitReader::REFILLED - DC_BITS) / SKIP;

/// The AC coefficients of one block from position `k` on (F.2.2.2), values unread. The refilled bits
/// must be enough for so many `looks`: [`LOOKS`] where none was used.
#[inline(always)]
pub(super) fn skip(
    reader: &mut BitReader<'_>,
    table: &Table,
    skips: Option<&SkipTable>,
    mut k: u32,
    mut looks: u32,
    implausible: &mut Implausible,
) -> Result<(), Fault> {
    let Some(skips) = skips else {
        while k < 64 {
            reader.refill();
            k = skip_one(reader, table, k, implausible)?;
        }
        return Ok(());
    };
    loop {
        for _ in 0..looks {
            let skip = skips.look(reader.peek(SKIP));
            let reached = k + skip.step();
            if reached < 64 {
                reader.consume(skip.bits());
                k = reached;
                continue;
            }
            if reached == 64 || (Skip::END..=Skip::END + 63).contains(&reached) {
                reader.consume(skip.bits());
                return Ok(());
            }
            // A long code, or one whose companions belong to the next block.
            reader.refill();
            k = skip_one(reader, table, k, implausible)?;
            if k >= 64 {
                return Ok(());
            }
            break;
        }
        reader.refill();
        looks = LOOKS;
    }
}

/// One AC code of the block at position `k`; gives the next position, 64 at the end of the block.
#[inline(always)]
fn skip_one(
    reader: &mut BitReader<'_>,
    table: &Table,
    k: u32,
    implausible: &mut Implausible,
) -> Result<u32, Fault> {
    let symbol = table.decode(reader)?;
    let (run, size) = (u32::from(symbol >> 4), symbol & 15);
    // F.2.2.2: only sixteen zeros go on; decoders take all else for an end of block.
    if size == 0 && run < 15 {
        return Ok(64);
    }
    if size > MAX_AC_SIZE {
        implausible.note(*reader);
    }
    reader.consume(u32::from(size));
    let next = k + run + 1;
    if next > 64 { Err(Fault::Overflow) } else { Ok(next) }
}
