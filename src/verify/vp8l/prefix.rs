//! Prefix codes of VP8L (RFC 9649 §3.7.2): how they are written, and tables to read with them.

use super::bits::Bits;
use super::{Fault, LENGTH_CODES};

/// Symbols are looked up by this many bits first.
const ROOT_BITS: u32 = 8;
const MAX_LENGTH: usize = 15;
const LENGTH_ORDER: [usize; 19] =
    [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Where the second tables of a code lie, by the bits of the root: offset and width.
type SecondTables = [(u32, u32); 1 << ROOT_BITS];

/// The tables of all codes of an image, in one piece of memory under a cap.
///
/// An entry is `symbol << 4 | length`. In a root table a length above [`ROOT_BITS`] says that the
/// upper part is where a second table lies, that many bits wide together with the root.
pub(super) struct Book {
    entries: Vec<u16>,
    max_entries: usize,
    max_memory: u64,
}

/// One code: either the only symbol there is, or a table.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Prefix {
    table: Option<u32>,
    only: u16,
}

/// The five codes that go together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Group {
    pub(super) green: Prefix,
    pub(super) red: Prefix,
    pub(super) blue: Prefix,
    pub(super) alpha: Prefix,
    pub(super) distance: Prefix,
}

impl Group {
    pub(super) fn read(bits: &mut Bits, book: &mut Book, cache_codes: u16) -> Result<Self, Fault> {
        Ok(Self {
            green: book.read(bits, 256 + LENGTH_CODES + cache_codes)?,
            red: book.read(bits, 256)?,
            blue: book.read(bits, 256)?,
            alpha: book.read(bits, 256)?,
            distance: book.read(bits, 40)?,
        })
    }

    /// Whether red, blue and alpha take no bits.
    pub(super) const fn is_green_only(&self) -> bool {
        self.red.table.is_none() && self.blue.table.is_none() && self.alpha.table.is_none()
    }

    /// Whether a pixel takes no bits at all.
    pub(super) const fn is_free(&self) -> bool {
        let one_pixel = self.green.only < 256 || self.green.only >= 256 + LENGTH_CODES;
        let green = self.green.table.is_none() && one_pixel;
        // A colour of the cache needs no other symbol.
        green && (self.green.only >= 256 || self.is_green_only())
    }
}

impl Book {
    pub(super) fn new(max_memory: u64) -> Self {
        let max_entries = usize::try_from(max_memory / 2).unwrap_or(usize::MAX);
        Self { entries: Vec::new(), max_entries, max_memory }
    }

    pub(super) const fn mark(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn back_to(&mut self, mark: usize) {
        self.entries.truncate(mark);
    }

    /// The next symbol; the caller has refilled.
    #[inline]
    pub(super) fn symbol(&self, bits: &mut Bits, prefix: Prefix) -> u16 {
        let Some(table) = prefix.table else {
            return prefix.only;
        };
        let table = table as usize;
        let ahead = bits.peek();
        let root = table + (ahead & ((1 << ROOT_BITS) - 1)) as usize;
        let mut entry = self.entries.get(root).copied().unwrap_or(0);
        let width = u32::from(entry & 15);
        if width > ROOT_BITS {
            let second = (ahead >> ROOT_BITS) & ((1 << (width - ROOT_BITS)) - 1);
            let at = table + usize::from(entry >> 4) + second as usize;
            entry = self.entries.get(at).copied().unwrap_or(0);
        }
        bits.skip(u32::from(entry & 15));
        entry >> 4
    }

    /// Reads one code for an alphabet of this size.
    fn read(&mut self, bits: &mut Bits, alphabet: u16) -> Result<Prefix, Fault> {
        let alphabet = usize::from(alphabet);
        let mut lengths = [0_u8; 256 + LENGTH_CODES as usize + (1 << 11)];
        let Some(lengths) = lengths.get_mut(..alphabet) else {
            return Err(BAD);
        };
        if bits.take(1)? == 1 {
            // One or two symbols, written out (§3.7.2.1.1).
            let two = bits.take(1)? == 1;
            let wide = bits.take(1)? == 1;
            let first = bits.take(if wide { 8 } else { 1 })?;
            *lengths.get_mut(first as usize).ok_or(BAD)? = 1;
            if two {
                let second = bits.take(8)?;
                // Whether it then takes one bit or none, decoders do not agree.
                if second == first {
                    return Err(Fault::Corrupt(
                        "a prefix code of a lossless image is one symbol twice",
                    ));
                }
                *lengths.get_mut(second as usize).ok_or(BAD)? = 1;
            }
        } else {
            self.code_lengths(bits, lengths)?;
        }
        self.build(lengths)
    }

    /// Code lengths that are themselves coded (§3.7.2.1.2).
    fn code_lengths(&mut self, bits: &mut Bits, lengths: &mut [u8]) -> Result<(), Fault> {
        let mut outer = [0_u8; 19];
        let count = bits.take(4)? as usize + 4;
        for index in LENGTH_ORDER.iter().take(count) {
            outer[*index] = bits.take(3)? as u8;
        }
        let mut left = lengths.len();
        if bits.take(1)? == 1 {
            let wide = 2 + 2 * bits.take(3)?;
            left = 2 + bits.take(wide)? as usize;
            if left > lengths.len() {
                return Err(BAD);
            }
        }
        let mark = self.mark();
        let code = self.build(&outer)?;
        let mut previous = 8;
        let mut at = 0;
        while at < lengths.len() && left > 0 {
            left -= 1;
            bits.refill();
            let symbol = self.symbol(bits, code);
            let (value, repeat) = match symbol {
                0..=15 => (symbol as u8, 1),
                16 => (previous, 3 + bits.take(2)? as usize),
                17 => (0, 3 + bits.take(3)? as usize),
                _ => (0, 11 + bits.take(7)? as usize),
            };
            let run = lengths.get_mut(at..at + repeat).ok_or(BAD)?;
            run.fill(value);
            at += repeat;
            if value != 0 {
                previous = value;
            }
        }
        self.back_to(mark);
        bits.check()
    }

    /// A table for these lengths, which must use up the code space exactly, or be one symbol.
    fn build(&mut self, lengths: &[u8]) -> Result<Prefix, Fault> {
        let mut counts = [0_u32; MAX_LENGTH + 1];
        for length in lengths {
            counts[usize::from(*length & 15)] += 1;
        }
        let symbols = lengths.len() as u32 - counts[0];
        if symbols == 1 {
            let only = lengths.iter().position(|l| *l > 0).unwrap_or(0) as u16;
            return Ok(Prefix { table: None, only });
        }
        let mut next = [0_u32; MAX_LENGTH + 2];
        let mut code = 0_u32;
        for length in 1..=MAX_LENGTH {
            next[length] = code;
            code = (code + counts[length]) << 1;
        }
        if symbols == 0 || code != 1 << (MAX_LENGTH + 1) {
            return Err(BAD);
        }
        let table = self.entries.len();
        let offsets = self.room(lengths, &next)?;
        for (symbol, length) in lengths.iter().enumerate().filter(|(_, l)| **l > 0) {
            let bits = u32::from(*length);
            let slot = &mut next[usize::from(*length)];
            let reversed = slot.reverse_bits() >> (32 - bits);
            *slot += 1;
            let entry = (symbol as u16) << 4 | u16::from(*length);
            let root = reversed & ((1 << ROOT_BITS) - 1);
            let (start, first, step, end) = if bits <= ROOT_BITS {
                (table, reversed, 1 << bits, 1 << ROOT_BITS)
            } else {
                let (offset, width) = offsets[root as usize];
                let second = reversed >> ROOT_BITS;
                let pointer = (offset as u16) << 4 | (width + ROOT_BITS) as u16;
                if let Some(slot) = self.entries.get_mut(table + root as usize) {
                    *slot = pointer;
                }
                let start = table + offset as usize;
                (start, second, 1 << (bits - ROOT_BITS), 1 << width)
            };
            let mut at = first;
            while at < end {
                if let Some(slot) = self.entries.get_mut(start + at as usize) {
                    *slot = entry;
                }
                at += step;
            }
        }
        Ok(Prefix { table: Some(table as u32), only: 0 })
    }

    /// Makes room for a table and finds where its second tables lie: offset and width by root.
    fn room(
        &mut self,
        lengths: &[u8],
        next: &[u32; MAX_LENGTH + 2],
    ) -> Result<SecondTables, Fault> {
        let mut next = *next;
        let mut second = [(0_u32, 0_u32); 1 << ROOT_BITS];
        for length in lengths.iter().filter(|l| **l > 0) {
            let bits = u32::from(*length);
            let slot = &mut next[usize::from(*length)];
            let reversed = slot.reverse_bits() >> (32 - bits);
            *slot += 1;
            if bits > ROOT_BITS {
                let root = reversed & ((1 << ROOT_BITS) - 1);
                let width = &mut second[root as usize].1;
                *width = (*width).max(bits - ROOT_BITS);
            }
        }
        let mut size = 1 << ROOT_BITS;
        for (offset, width) in second.iter_mut().filter(|(_, width)| *width > 0) {
            *offset = size;
            size += 1 << *width;
        }
        let total = self.entries.len() + size as usize;
        if total > self.max_entries {
            return Err(Fault::Memory(self.max_memory.saturating_add(1)));
        }
        self.entries.resize(total, 0);
        Ok(second)
    }
}

const BAD: Fault = Fault::Corrupt("a prefix code of a lossless image is not complete");
