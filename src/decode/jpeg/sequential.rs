//! Sequential scans without their values: ITU-T T.81 annex F.

use std::ops::Range;

use super::bits::{BitReader, Fault};
use super::huffman::{MAX_AC_SIZE, MAX_DC_SIZE, Skip, SkipTable, Table};
use super::scan::Pass;

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

    /// One DC difference (F.2.2.1), and whether the value is one that a picture can have. The data
    /// must have been refilled.
    #[inline(always)]
    pub(super) fn read(
        &mut self,
        reader: &mut BitReader<'_>,
        table: &Table,
    ) -> Result<bool, Fault> {
        let size = table.decode(reader)?;
        if size > MAX_DC_SIZE {
            return Err(Fault::Magnitude);
        }
        self.value = self.value.wrapping_add(reader.receive_extend(u32::from(size)));
        Ok(self.value >= self.least && self.value <= self.most)
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

/// Where a DC value was met that no picture has: the bytes unread there.
#[derive(Debug, Default)]
pub(super) struct Implausible {
    first: Option<usize>,
    told: bool,
}

impl Implausible {
    #[cold]
    pub(super) fn note(&mut self, reader: &BitReader<'_>) {
        if !self.told {
            self.first.get_or_insert(reader.unread());
        }
    }

    /// The first place, once.
    pub(super) fn take(&mut self) -> Option<usize> {
        self.told |= self.first.is_some();
        self.first.take()
    }
}

impl Pass for Sequential<'_> {
    fn restart(&mut self) {
        self.predictions.iter_mut().for_each(Prediction::reset);
    }

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        for _ in mcus {
            for unit in &self.units {
                reader.refill();
                let prediction = &mut self.predictions[unit.place & 3];
                if !prediction.read(reader, unit.dc)? {
                    self.implausible.note(reader);
                }
                match unit.skips {
                    Some(skips) => skip_fast(reader, unit.ac, skips)?,
                    None => skip_singly(reader, unit.ac, 1)?,
                }
            }
            if reader.overran() {
                break;
            }
        }
        Ok(())
    }

    fn implausible(&mut self) -> Option<usize> {
        self.implausible.take()
    }
}

/// The AC coefficients of one block (F.2.2.2), as many at a time as the table can. The DC
/// difference has taken up to 27 of the refilled bits.
#[inline(always)]
fn skip_fast(reader: &mut BitReader<'_>, table: &Table, skips: &SkipTable) -> Result<(), Fault> {
    // Looks that 56 bits, and what the DC difference has left of them, are enough for.
    let mut looks = 2;
    let mut k = 1;
    loop {
        for _ in 0..looks {
            let skip = skips.look(reader.peek(super::huffman::SKIP));
            let reached = k + skip.step();
            if reached >= 64 {
                if reached == 64 || (Skip::END..=Skip::END + 63).contains(&reached) {
                    reader.consume(skip.bits());
                    return Ok(());
                }
                return skip_singly(reader, table, k);
            }
            reader.consume(skip.bits());
            k = reached;
        }
        reader.refill();
        looks = 4;
    }
}

/// The AC coefficients of one block from position `k` on, one by one.
#[inline(never)]
fn skip_singly(reader: &mut BitReader<'_>, table: &Table, mut k: u32) -> Result<(), Fault> {
    while k < 64 {
        reader.refill();
        let symbol = table.decode(reader)?;
        let (run, size) = (u32::from(symbol >> 4), symbol & 15);
        if size == 0 {
            // F.2.2.2: only sixteen zeros go on; decoders take all else for an end of block.
            if run < 15 {
                return Ok(());
            }
            k += 16;
            continue;
        }
        if size > MAX_AC_SIZE {
            return Err(Fault::Magnitude);
        }
        k += run + 1;
        reader.consume(u32::from(size));
    }
    if k > 64 { Err(Fault::Overflow) } else { Ok(()) }
}
