//! Progressive scans of AC coefficients: ITU-T T.81 annex G. What stays of a block is which of its
//! coefficients are not zero, one bit each, because refinement scans have a bit for each of those;
//! and the values of the first few coefficients, as far as they are wanted.

use std::ops::Range;

use multiversion::multiversion;

use super::bands::{BAND, BandTable};
use super::bits::{BitReader, Fault, Unread};
use super::huffman::{MAX_AC_SIZE, Table};
use super::ones::{ROOM, list_ones};
use super::scan::Pass;
use super::sequential::Implausible;
use super::values::{LOOK, ValueTable};

/// What is done with the values of a scan of one component.
pub(super) trait Keep {
    /// The last coefficient that is kept, in zigzag order; 0 when none is.
    fn last(&self) -> u32;

    /// Values that follow are those of this block. Numbers only grow.
    fn seek(&mut self, number: usize);

    /// A coefficient, but for the bits still to come.
    fn set(&mut self, k: u32, value: i32);

    /// One bit for each of these coefficients, the first at the top of `bits`: whether it is one step
    /// further from zero.
    fn correct(&mut self, bits: u64, known: u64);
}

/// Keeps nothing.
pub(super) struct Nothing;

impl Keep for Nothing {
    #[inline(always)]
    fn last(&self) -> u32 {
        0
    }

    fn seek(&mut self, _: usize) {}

    fn set(&mut self, _: u32, _: i32) {}

    fn correct(&mut self, _: u64, _: u64) {}
}

/// The AC codes of a scan and the band they cover.
#[derive(Debug, Clone, Copy)]
pub(super) struct Codes<'t> {
    pub(super) table: &'t Table,
    pub(super) bands: Option<&'t BandTable>,
    pub(super) values: Option<&'t ValueTable>,
    /// First and last coefficient, 1 ≤ `ss` ≤ `se` ≤ 63.
    pub(super) ss: u32,
    pub(super) se: u32,
}

/// A scan of a band of AC coefficients, first (G.1.2.2) or further (G.1.2.3).
pub(super) struct Ac<'t, K> {
    pub(super) codes: Codes<'t>,
    /// One mask for each block of the component.
    pub(super) masks: &'t mut [u64],
    pub(super) kept: K,
    /// Whether coefficients of the band have been sent before.
    pub(super) further: bool,
    /// Blocks to come whose band is empty or, in a further scan, has no new coefficient.
    pub(super) empty: u64,
    pub(super) implausible: Implausible,
}

impl<K: Keep> Pass for Ac<'_, K> {
    fn restart(&mut self) {
        self.empty = 0;
    }

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        read(self, reader, &mcus)
    }

    fn is_open(&self) -> bool {
        self.empty > 0
    }

    fn implausible(&mut self) -> Option<Unread> {
        self.implausible.take()
    }
}

/// The next blocks.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn read<'t, 'd, K: Keep>(
    pass: &mut Ac<'t, K>,
    reader: &mut BitReader<'d>,
    blocks: &Range<u64>,
) -> Result<(), Fault> {
    let mut local = *reader;
    let outcome = if pass.further {
        pass.read_further(&mut local, blocks)
    } else {
        pass.read_first(&mut local, blocks)
    };
    *reader = local;
    outcome
}

/// All bits from `first` on.
#[inline(always)]
const fn from(first: u32) -> u64 {
    if first > 63 { 0 } else { u64::MAX << first }
}

impl<K: Keep> Ac<'_, K> {
    #[inline(always)]
    fn read_first(&mut self, reader: &mut BitReader<'_>, blocks: &Range<u64>) -> Result<(), Fault> {
        let mut number = blocks.start as usize;
        let mut masks = stretch(self.masks, blocks);
        loop {
            let jump = self.empty.min(masks.len() as u64);
            self.empty -= jump;
            number += jump as usize;
            masks = masks.split_at_mut(jump as usize).1;
            let [mask, rest @ ..] = masks else { return Ok(()) };
            self.empty =
                self.codes.first(reader, mask, number, &mut self.kept, &mut self.implausible)?;
            number += 1;
            masks = rest;
            if reader.overran() {
                return Ok(());
            }
        }
    }

    #[inline(always)]
    fn read_further(
        &mut self,
        reader: &mut BitReader<'_>,
        blocks: &Range<u64>,
    ) -> Result<(), Fault> {
        let band = (u64::MAX >> (63 - self.codes.se)) & from(self.codes.ss);
        let wanted = band & !from(self.kept.last() + 1);
        let mut number = blocks.start as usize;
        let mut masks = stretch(self.masks, blocks);
        loop {
            let jump = self.empty.min(masks.len() as u64);
            if jump > 0 {
                // Blocks without news have one correction bit for each coefficient they know.
                let (known, rest) = masks.split_at_mut(jump as usize);
                let mut bits = 0;
                for mask in &*known {
                    let known = *mask & band;
                    if known & wanted == 0 {
                        bits += u64::from(known.count_ones());
                    } else {
                        reader.skip(bits);
                        bits = 0;
                        self.kept.seek(number);
                        reader.refill();
                        let all = BitReader::REFILLED;
                        correct(reader, known, wanted, &mut self.kept, all);
                    }
                    number += 1;
                }
                reader.skip(bits);
                self.empty -= jump;
                masks = rest;
            }
            let [mask, rest @ ..] = masks else { return Ok(()) };
            let (kept, implausible) = (&mut self.kept, &mut self.implausible);
            self.empty =
                self.codes.further(reader, mask, (band, wanted), number, kept, implausible)?;
            number += 1;
            masks = rest;
            if reader.overran() {
                return Ok(());
            }
        }
    }
}

impl Codes<'_> {
    /// One block of a first scan; gives how many further blocks are empty.
    #[inline(always)]
    fn first(
        &self,
        reader: &mut BitReader<'_>,
        mask: &mut u64,
        number: usize,
        kept: &mut impl Keep,
        implausible: &mut Implausible,
    ) -> Result<u64, Fault> {
        let last = kept.last().min(self.se);
        let mut k = self.ss;
        if k <= last {
            kept.seek(number);
        }
        loop {
            reader.refill();
            if k <= last {
                if let Some(values) = self.values {
                    let (mut looks, mut known) = (0, true);
                    while known && looks < 2 && k <= last {
                        let entry = values.look(reader.peek(LOOK));
                        let reached = k + entry.step();
                        known = reached <= self.se + 1;
                        let first = k + entry.first_step();
                        if known {
                            reader.consume(entry.bits());
                            keep(mask, kept, first - 1, entry.first());
                            keep(mask, kept, reached - 1, entry.last());
                            k = reached;
                        } else if entry.ends() && first <= self.se {
                            reader.consume(entry.bits());
                            if first > k {
                                keep(mask, kept, first - 1, entry.first());
                            }
                            return Ok(0);
                        }
                        looks += 1;
                    }
                    if k > self.se {
                        return Ok(0);
                    }
                    if known {
                        continue;
                    }
                    reader.refill();
                }
            } else if let Some(bands) = self.bands {
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
            if is_end(symbol) {
                return Ok(empty_blocks(reader, run));
            }
            if size > MAX_AC_SIZE {
                implausible.note(*reader);
            }
            k += run;
            if k > self.se {
                return Err(Fault::Overflow);
            }
            let value = reader.receive_extend(u32::from(size));
            if size > 0 {
                *mask |= 1 << k;
                if k <= last {
                    kept.set(k, value);
                }
            }
            k += 1;
            if k > self.se {
                return Ok(0);
            }
        }
    }

    /// One block of a further scan; gives how many further blocks have no new coefficient. `wanted`
    /// are those of the band whose values are kept: the first ones.
    #[inline(always)]
    fn further(
        &self,
        reader: &mut BitReader<'_>,
        mask: &mut u64,
        (band, wanted): (u64, u64),
        number: usize,
        kept: &mut impl Keep,
        implausible: &mut Implausible,
    ) -> Result<u64, Fault> {
        let known = *mask & band;
        if wanted != 0 {
            kept.seek(number);
        }
        reader.refill();
        let mut symbol = self.table.decode(reader)?;
        if is_end(symbol) {
            let empty = empty_blocks(reader, u32::from(symbol >> 4));
            correct(reader, known, wanted, kept, AFTER_CODE);
            return Ok(empty);
        }
        let mut zeros = [0; ROOM];
        let count = list_ones(!known & band, &mut zeros);
        // The next of the zeros, and the coefficient after the last that was passed.
        let (mut next, mut k) = (0, self.ss);
        loop {
            // The run counts zeros only; each known coefficient that is passed has a bit.
            let (run, size) = (u32::from(symbol >> 4), symbol & 15);
            if size > 1 {
                // Decoders go on with the one bit that a new coefficient has.
                implausible.note(*reader);
            }
            let new = u32::from(size > 0);
            next += run as usize;
            if next >= count {
                return Err(Fault::Overflow);
            }
            let place = u32::from(zeros[next & (ROOM - 1)] & 63);
            next += 1;
            *mask |= u64::from(new) << place;
            if wanted & from(k) == 0 {
                skip_corrections(reader, (place - k).wrapping_sub(run).wrapping_add(new));
            } else {
                // A new coefficient's sign comes before the corrections of those passed.
                let sign = if reader.receive(new) == 1 { 1 } else { -1 };
                let passed = known & from(k) & !from(place);
                correct(reader, passed, wanted, kept, AFTER_CODE);
                if new > 0 && wanted >> place & 1 == 1 {
                    kept.set(place, sign);
                }
            }
            k = place + 1;
            if k > self.se {
                return Ok(0);
            }
            reader.refill();
            symbol = self.table.decode(reader)?;
            if is_end(symbol) {
                let empty = empty_blocks(reader, u32::from(symbol >> 4));
                correct(reader, known & from(k), wanted, kept, AFTER_CODE);
                return Ok(empty);
            }
        }
    }
}

/// A coefficient that one look gave.
#[inline(always)]
fn keep(mask: &mut u64, kept: &mut impl Keep, k: u32, value: i16) {
    if value != 0 {
        *mask |= 1 << (k & 63);
        kept.set(k, i32::from(value));
    }
}

/// Bits that a code, and what belongs to it, leave of the refilled ones.
const AFTER_CODE: u32 = BitReader::REFILLED - 31;

/// The corrections of these coefficients, where so many bits are `available`.
#[inline(always)]
fn correct(
    reader: &mut BitReader<'_>,
    known: u64,
    wanted: u64,
    kept: &mut impl Keep,
    available: u32,
) {
    const LOW: u64 = 0xffff_ffff;
    let near = known & wanted;
    let count = known.count_ones();
    if count <= available {
        if near != 0 {
            kept.correct(reader.window(), near);
        }
        reader.consume(count);
        return;
    }
    for part in [near & LOW, near & !LOW] {
        reader.refill();
        kept.correct(reader.window(), part);
        reader.consume(part.count_ones());
    }
    reader.refill();
    skip_corrections(reader, (known & !wanted).count_ones());
}

/// Whether this code ends the band: EOB0 to EOB14 (table G.1).
#[inline(always)]
const fn is_end(symbol: u8) -> bool {
    symbol.trailing_zeros() >= 4 && symbol < 0xf0
}

/// `EOBn`: how many bands are empty after this one (table G.1).
#[inline(always)]
fn empty_blocks(reader: &mut BitReader<'_>, run: u32) -> u64 {
    (1 << run) - 1 + u64::from(reader.receive(run))
}

/// Up to 64 bits, after a code.
#[inline(always)]
fn skip_corrections(reader: &mut BitReader<'_>, bits: u32) {
    if bits <= AFTER_CODE {
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
