//! Huffman tables: ITU-T T.81 B.2.4.2, annex C and F.2.2.3.

use super::bits::{BitReader, Fault};

/// A table as a DHT segment gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Specification {
    /// BITS: how many codes there are of each length from 1 to 16.
    pub(super) counts: [u8; 16],
    /// HUFFVAL: their symbols, in the order of their codes.
    pub(super) symbols: Vec<u8>,
}

/// Codes of up to this length are found with one look.
const SHORT: u32 = 9;

/// A table to decode with.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// By the next nine bits: symbol << 8 | length, or 0 where the code is longer or none.
    short: [u16; 1 << SHORT],
    /// By length: one more than the last code, left aligned to 16 bits.
    limits: [u32; 17],
    /// By length: what to add to a code of that length to get the place of its symbol.
    places: [i32; 17],
    symbols: [u8; 256],
}

impl Table {
    /// Builds the codes of annex C.2.
    ///
    /// Fails where the lengths ask for more codes than there are, or for one made of ones only,
    /// which C.2 reserves.
    pub(super) fn new(specification: &Specification) -> Result<Self, &'static str> {
        const BAD: &str = "Huffman table with impossible code lengths";
        let mut table =
            Self { short: [0; 1 << SHORT], limits: [0; 17], places: [0; 17], symbols: [0; 256] };
        let mut code = 0_u32;
        let mut place = 0_usize;
        for (index, count) in specification.counts.iter().enumerate() {
            let length = index as u32 + 1;
            table.places[index + 1] = place as i32 - code as i32;
            for _ in 0..*count {
                let symbol = *specification.symbols.get(place).ok_or(BAD)?;
                *table.symbols.get_mut(place).ok_or(BAD)? = symbol;
                if let Some(spare) = SHORT.checked_sub(length) {
                    let first = (code << spare) as usize;
                    let same = table.short.get_mut(first..first + (1 << spare)).ok_or(BAD)?;
                    same.fill(u16::from(symbol) << 8 | length as u16);
                }
                code += 1;
                place += 1;
            }
            if *count > 0 && code >= 1 << length {
                return Err(BAD);
            }
            table.limits[index + 1] = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// All codes: their lengths, themselves, and their symbols.
    pub(super) fn codes(&self) -> impl Iterator<Item = (u32, u32, u8)> {
        (1..=16).flat_map(move |length| {
            let spare = 16 - length;
            let first = self.limits[length as usize - 1] >> spare;
            (first..self.limits[length as usize] >> spare).map(move |code| {
                let place = code as i32 + self.places[length as usize];
                (length, code, self.symbols[place as usize & 0xff])
            })
        })
    }

    /// The length and symbol of the code at the head of 16 bits.
    pub(super) fn find(&self, window: u32) -> Option<(u32, u8)> {
        let entry = self.look(window);
        (entry != 0).then_some((u32::from(entry & 0xff), (entry >> 8) as u8))
    }

    /// As [`Table::find`]: symbol << 8 | length, or 0.
    #[inline(always)]
    fn look(&self, window: u32) -> u16 {
        let entry = self.short[(window >> (16 - SHORT)) as usize & ((1 << SHORT) - 1)];
        if entry == 0 { self.look_long(window) } else { entry }
    }

    #[inline(never)]
    fn look_long(&self, window: u32) -> u16 {
        let window = window & 0xffff;
        let found = (SHORT + 1..=16).find(|length| window < self.limits[*length as usize]);
        found.map_or(0, |length| {
            let code = (window >> (16 - length)) as i32;
            let place = code + self.places[length as usize];
            u16::from(self.symbols[place as usize & 0xff]) << 8 | length as u16
        })
    }

    /// DECODE of F.2.2.3. Takes up to 16 bits, which must have been refilled.
    #[inline(always)]
    pub(super) fn decode(&self, reader: &mut BitReader<'_>) -> Result<u8, Fault> {
        let entry = self.look(reader.peek(16));
        if entry == 0 {
            return Err(Fault::Code);
        }
        reader.consume(u32::from(entry & 0xff));
        Ok((entry >> 8) as u8)
    }
}

/// Bits that one look into a [`SkipTable`] covers.
pub(super) const SKIP: u32 = 13;

/// Passes over as many AC coefficients of a sequential scan as thirteen bits hold, values unread.
#[derive(Debug, Clone)]
pub(super) struct SkipTable(Box<[Skip; 1 << SKIP]>);

/// What one look into a [`SkipTable`] gives: `step << 6 | bits`. Shifts of 64 bits mind no more than
/// the lowest six, so that the next look need not wait for these to be cut out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Skip(u16);

impl Skip {
    /// Added to the step where the last code is an end of block.
    pub(super) const END: u32 = 256;
    /// The step where not one code fits: no sum with a position is mistaken for a good one.
    const NONE: u16 = 100;

    /// This and what follows it, if that is known and both are in one block.
    const fn and(self, further: Self) -> Self {
        let step = self.step() + further.step() % Self::END;
        if step < 64 { Self(self.0 + further.0) } else { self }
    }

    /// Bits to drop.
    pub(super) const fn bits(self) -> u32 {
        (self.0 & 63) as u32
    }

    /// Coefficients passed, 1..=63, plus [`Skip::END`].
    pub(super) const fn step(self) -> u32 {
        (self.0 >> 6) as u32
    }
}

impl SkipTable {
    /// From a table of AC codes (F.1.2.2). Symbols that only damaged data has are left out, so that
    /// they are met one by one.
    ///
    /// What fits into so many bits is the first code, and what fits into those that it leaves: tables
    /// of fewer bits come first.
    pub(super) fn new(table: &Table) -> Self {
        let codes: Vec<_> = table.codes().filter(|(.., symbol)| is_ac_symbol(*symbol)).collect();
        let mut narrower: Vec<Vec<Skip>> = Vec::with_capacity(SKIP as usize + 1);
        for width in 0..=SKIP {
            let mut entries = vec![Skip(Skip::NONE << 6); 1 << width];
            for &(length, code, symbol) in &codes {
                let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
                let Some(rest) = width.checked_sub(length + size) else { continue };
                let step = if symbol == 0 { Skip::END } else { run + 1 };
                let own = Skip((step << 6 | (length + size)) as u16);
                let start = (code << (size + rest)) as usize;
                let all = entries.get_mut(start..).unwrap_or_default();
                // By value, whatever that is.
                for same in all.chunks_mut(1 << rest).take(1 << size) {
                    if symbol == 0 {
                        same.fill(own);
                        continue;
                    }
                    for (entry, further) in same.iter_mut().zip(&narrower[rest as usize]) {
                        *entry = own.and(*further);
                    }
                }
            }
            narrower.push(entries);
        }
        // The length is that of the array by construction.
        let widest = narrower.pop().unwrap_or_default().into_boxed_slice();
        Self(widest.try_into().unwrap_or_else(|_| Box::new([Skip(Skip::NONE << 6); 1 << SKIP])))
    }

    /// By the next thirteen bits.
    #[inline(always)]
    pub(super) fn look(&self, bits: u32) -> Skip {
        self.0[bits as usize & ((1 << SKIP) - 1)]
    }
}

/// Symbols a sequential scan of 8-bit samples can hold (F.1.2.2.1, table F.2): a run and a size of
/// at most 10 bits, an end of block, or sixteen zeros.
pub(super) const fn is_ac_symbol(symbol: u8) -> bool {
    match symbol & 15 {
        0 => symbol == 0 || symbol == 0xf0,
        size => size <= MAX_AC_SIZE,
    }
}

/// Bits of the largest AC coefficient of 8-bit samples (table F.2).
pub(super) const MAX_AC_SIZE: u8 = 10;
/// Bits of the largest DC difference of 8-bit samples (table F.1).
pub(super) const MAX_DC_SIZE: u8 = 11;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn specification(counts: &[u8], symbols: &[u8]) -> Specification {
        let mut all = [0; 16];
        all[..counts.len()].copy_from_slice(counts);
        Specification { counts: all, symbols: symbols.to_vec() }
    }

    #[test]
    fn codes_are_those_of_annex_c() {
        // Codes 0, 10, 110 and one of 16 bits: 1110 0000 0000 0000.
        let mut counts = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        let table = Table::new(&specification(&counts, &[7, 8, 9, 10])).unwrap();
        for (window, want) in [
            (0, Some((1, 7))),
            (0x8000, Some((2, 8))),
            (0xc000, Some((3, 9))),
            (0xe000, Some((16, 10))),
            (0xe001, None),
        ] {
            assert_eq!(table.find(window), want);
        }
        counts[0] = 2;
        assert!(Table::new(&specification(&counts, &[7, 8, 9, 10, 11])).is_err());
        // All ones are reserved.
        assert!(Table::new(&specification(&[2], &[1, 2])).is_err());
        assert!(Table::new(&specification(&[1], &[])).is_err());
    }

    #[test]
    fn skipping_agrees_with_decoding_one_by_one() {
        // Codes 0 → EOB, 10 → (0,1), 110 → (1,2), 1110 → ZRL.
        let table = Table::new(&specification(&[1, 1, 1, 1], &[0, 0x01, 0x12, 0xf0])).unwrap();
        let skips = SkipTable::new(&table);
        // 10 1 | 110 01 | 0 → three codes, 9 bits, 1 + 2 coefficients and the end.
        let skip = skips.look(0b1_0111_0010_0000);
        assert_eq!((skip.bits(), skip.step()), (9, 3 + Skip::END));
        // 1110 1110 1110: three runs of sixteen.
        let skip = skips.look(0b1_1101_1101_1101);
        assert_eq!((skip.bits(), skip.step()), (12, 48));
        // 1111 is no code.
        let skip = skips.look(0b1_1110_0000_0000);
        assert!(skip.bits() == 0 && (65..Skip::END).contains(&(skip.step() + 1)));
    }

    #[test]
    fn every_look_passes_codes_that_are_there() {
        // The lengths of table K.5, for all symbols of sequential scans in an order of their own.
        let counts = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125];
        let all = (0..=255).filter(|symbol| is_ac_symbol(*symbol));
        let mut symbols: Vec<u8> = all.collect();
        symbols.sort_by_key(|symbol| symbol.wrapping_mul(37));
        let table = Table::new(&Specification { counts, symbols }).unwrap();
        let skips = SkipTable::new(&table);
        for window in 0..1 << SKIP {
            let bits = window << (16 - SKIP);
            let (mut used, mut step) = (0, 0);
            let mut reached = Vec::new();
            while let Some((length, symbol)) = table.find(bits << used & 0xffff) {
                let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
                used += length + size;
                step += if symbol == 0 { Skip::END } else { run + 1 };
                if used > SKIP || step % Skip::END > 63 {
                    break;
                }
                reached.push((used, step));
                if symbol == 0 {
                    break;
                }
            }
            let skip = skips.look(window);
            match reached.last() {
                Some(last) => assert_eq!((skip.bits(), skip.step()), *last, "{window:b}"),
                None => assert!(skip.bits() == 0, "{window:b}"),
            }
        }
    }
}
