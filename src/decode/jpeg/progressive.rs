//! Progressive scans without their values: ITU-T T.81 annex G. What stays of a block is which of
//! its coefficients are not zero, one bit each, because refinement scans have a bit for each of
//! those.

use std::ops::Range;

use super::bits::{BitReader, Fault};
use super::huffman::{MAX_AC_SIZE, Table};
use super::scan::Pass;
use super::sequential::{Implausible, Prediction, Unit};

/// Bits that one look into a [`BandTable`] covers.
const BAND: u32 = 11;

/// As many AC codes of a first scan as eleven bits hold.
#[derive(Debug, Clone)]
pub(super) struct BandTable(Box<[u64; 1 << BAND]>);

/// What one look gives: a bit for each coefficient passed that is not zero (48 bits), the bits to
/// drop (4), the coefficients passed (6), whether the band ends here.
#[derive(Debug, Clone, Copy)]
struct Band(u64);

impl Band {
    /// Coefficients that an entry has room for.
    const ROOM: u32 = 48;

    const fn mask(self) -> u64 {
        self.0 & ((1 << Self::ROOM) - 1)
    }

    const fn bits(self) -> u32 {
        (self.0 >> 48 & 15) as u32
    }

    const fn passed(self) -> u32 {
        (self.0 >> 52 & 63) as u32
    }

    const fn ends(self) -> bool {
        self.0 >> 58 != 0
    }
}

impl BandTable {
    /// From a table of AC codes (G.1.2.2). Runs of empty bands are left out: they are rare, and
    /// worth a place of their own.
    pub(super) fn new(table: &Table) -> Self {
        let mut entries = vec![0; 1 << BAND];
        for (index, entry) in entries.iter_mut().enumerate() {
            let bits = (index as u32) << (16 - BAND);
            let (mut used, mut passed, mut mask) = (0, 0, 0_u64);
            while let Some((length, symbol)) = table.find(bits << used) {
                let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
                let skips = size > 0 || run == 15;
                let fits = used + length + size <= BAND && passed + run < Band::ROOM;
                if !fits || !(skips || symbol == 0) || size > u32::from(MAX_AC_SIZE) {
                    break;
                }
                used += length + size;
                if skips {
                    mask |= u64::from(size > 0) << (passed + run);
                    passed += run + 1;
                }
                let ends = u64::from(!skips);
                *entry = mask | u64::from(used) << 48 | u64::from(passed) << 52 | ends << 58;
                if !skips {
                    break;
                }
            }
        }
        // The length is that of the array by construction.
        Self(entries.into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; 1 << BAND])))
    }

    #[inline(always)]
    fn look(&self, bits: u32) -> Band {
        Band(self.0[bits as usize & ((1 << BAND) - 1)])
    }
}

/// The first scan of DC coefficients (G.1.2.1).
pub(super) struct DcFirst<'t> {
    pub(super) units: Vec<Unit<'t>>,
    pub(super) predictions: [Prediction; 4],
    pub(super) implausible: Implausible,
}

impl Pass for DcFirst<'_> {
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

/// A further scan of DC coefficients: one bit for each block (G.1.2.1).
pub(super) struct DcRefine {
    pub(super) blocks_per_mcu: u64,
}

impl Pass for DcRefine {
    fn restart(&mut self) {}

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        reader.skip((mcus.end - mcus.start).saturating_mul(self.blocks_per_mcu));
        Ok(())
    }
}

/// The AC codes of a scan and the band they cover.
#[derive(Debug, Clone, Copy)]
pub(super) struct Codes<'t> {
    pub(super) table: &'t Table,
    pub(super) bands: Option<&'t BandTable>,
    /// First and last coefficient, 1 ≤ `ss` ≤ `se` ≤ 63.
    pub(super) ss: u32,
    pub(super) se: u32,
}

/// The first scan of a band of AC coefficients (G.1.2.2).
pub(super) struct AcFirst<'t> {
    pub(super) codes: Codes<'t>,
    /// One mask for each block of the component.
    pub(super) masks: &'t mut [u64],
    /// Blocks to come whose band is empty.
    pub(super) empty: u64,
}

impl Pass for AcFirst<'_> {
    fn restart(&mut self) {
        self.empty = 0;
    }

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        let mut masks = stretch(self.masks, &mcus);
        loop {
            let jump = self.empty.min(masks.len() as u64);
            self.empty -= jump;
            masks = masks.split_at_mut(jump as usize).1;
            let [mask, rest @ ..] = masks else {
                return Ok(());
            };
            self.empty = self.codes.first(reader, mask)?;
            masks = rest;
            if reader.overran() {
                return Ok(());
            }
        }
    }

    fn finish(&self) -> Result<(), Fault> {
        if self.empty > 0 { Err(Fault::Run) } else { Ok(()) }
    }
}

/// A further scan of a band of AC coefficients (G.1.2.3).
pub(super) struct AcRefine<'t> {
    pub(super) codes: Codes<'t>,
    pub(super) masks: &'t mut [u64],
    /// Blocks to come that have no new coefficient.
    pub(super) empty: u64,
}

impl Pass for AcRefine<'_> {
    fn restart(&mut self) {
        self.empty = 0;
    }

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        let band = (u64::MAX >> (63 - self.codes.se)) & (u64::MAX << self.codes.ss);
        let mut masks = stretch(self.masks, &mcus);
        loop {
            let jump = self.empty.min(masks.len() as u64);
            if jump > 0 {
                // Blocks without news have one correction bit for each coefficient they know.
                let (known, rest) = masks.split_at_mut(jump as usize);
                reader.skip(known.iter().map(|mask| u64::from((*mask & band).count_ones())).sum());
                self.empty -= jump;
                masks = rest;
            }
            let [mask, rest @ ..] = masks else {
                return Ok(());
            };
            self.empty = self.codes.refine(reader, mask, band)?;
            masks = rest;
            if reader.overran() {
                return Ok(());
            }
        }
    }

    fn finish(&self) -> Result<(), Fault> {
        if self.empty > 0 { Err(Fault::Run) } else { Ok(()) }
    }
}

impl Codes<'_> {
    /// One block of a first scan; gives how many further blocks are empty.
    #[inline(always)]
    fn first(&self, reader: &mut BitReader<'_>, mask: &mut u64) -> Result<u64, Fault> {
        let mut k = self.ss;
        loop {
            reader.refill();
            if let Some(bands) = self.bands {
                for _ in 0..2 {
                    let band = bands.look(reader.peek(BAND));
                    let reached = k + band.passed();
                    if band.bits() == 0 || reached + u32::from(band.ends()) > self.se + 1 {
                        break;
                    }
                    reader.consume(band.bits());
                    *mask |= band.mask() << k;
                    if band.ends() || reached > self.se {
                        return Ok(0);
                    }
                    k = reached;
                }
            }
            let symbol = self.table.decode(reader)?;
            let (run, size) = (u32::from(symbol >> 4), symbol & 15);
            if size == 0 && run < 15 {
                return Ok(empty_blocks(reader, run));
            }
            if size > MAX_AC_SIZE {
                return Err(Fault::Magnitude);
            }
            k += run;
            if k > self.se {
                return Err(Fault::Overflow);
            }
            *mask |= u64::from(size > 0) << k;
            reader.consume(u32::from(size));
            k += 1;
            if k > self.se {
                return Ok(0);
            }
        }
    }

    /// One block of a further scan; gives how many further blocks have no new coefficient.
    #[inline(always)]
    fn refine(&self, reader: &mut BitReader<'_>, mask: &mut u64, band: u64) -> Result<u64, Fault> {
        let known = *mask & band;
        // Coefficients of the band that are still zero, from the present position on.
        let mut zeros = !known & band;
        let mut k = self.ss;
        loop {
            reader.refill();
            let symbol = self.table.decode(reader)?;
            let (run, size) = (u32::from(symbol >> 4), symbol & 15);
            if size == 0 && run < 15 {
                let empty = empty_blocks(reader, run);
                skip_corrections(reader, (known & (u64::MAX << k)).count_ones());
                return Ok(empty);
            }
            if size > 1 {
                return Err(Fault::Magnitude);
            }
            // The run counts zeros only; each known coefficient that is passed has a bit.
            for _ in 0..run {
                zeros &= zeros.wrapping_sub(1);
            }
            if zeros == 0 {
                return Err(Fault::Overflow);
            }
            let place = zeros.trailing_zeros();
            zeros &= zeros - 1;
            let corrections = place - k - run;
            *mask |= u64::from(size) << place;
            skip_corrections(reader, corrections + u32::from(size));
            k = place + 1;
            if k > self.se {
                return Ok(0);
            }
        }
    }
}

/// EOBn: how many bands are empty after this one (table G.1).
#[inline(always)]
fn empty_blocks(reader: &mut BitReader<'_>, run: u32) -> u64 {
    (1 << run) - 1 + u64::from(reader.receive(run))
}

/// Up to 64 bits, after up to 31 of the refilled ones were used.
#[inline(always)]
fn skip_corrections(reader: &mut BitReader<'_>, bits: u32) {
    if bits <= BitReader::REFILLED - 31 {
        reader.consume(bits);
    } else {
        reader.skip(u64::from(bits));
    }
}

/// The masks of these blocks.
fn stretch<'m>(masks: &'m mut [u64], blocks: &Range<u64>) -> &'m mut [u64] {
    let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    masks.get_mut(index(blocks.start)..index(blocks.end)).unwrap_or_default()
}
