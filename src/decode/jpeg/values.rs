//! AC codes with their values, up to two at one look: ITU-T T.81 F.2.2.2 and G.1.2.2.

use super::huffman::{Table, is_ac_symbol};

/// Bits that one look into a [`ValueTable`] covers.
pub(super) const LOOK: u32 = 11;

/// Finds one or two codes, the runs before their coefficients and these themselves in the next
/// eleven bits.
#[derive(Debug, Clone)]
pub(super) struct ValueTable(Box<[Entry; 1 << LOOK]>);

/// What one look gives, from the low end: the bits to drop (8 bits), the step (8), the step to the
/// first coefficient (16), the last coefficient (16) and the first (16). Where there is one alone,
/// it is both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry(u64);

impl Entry {
    /// Added to the step at an end of block: beyond every block from any position on.
    const END: u32 = 64;
    /// The step where no code fits: likewise, and not an end.
    const NONE: u32 = 255;

    fn new(bits: u32, step: u32, first: (u32, i16), last: i16) -> Self {
        let half = |value: i16| u64::from(value as u16);
        let places = u64::from(first.0) << 16 | u64::from(step) << 8 | u64::from(bits);
        Self(half(first.1) << 48 | half(last) << 32 | places)
    }

    fn none() -> Self {
        Self::new(0, Self::NONE, (0, 0), 0)
    }

    /// This coefficient and what follows it.
    fn and(self, further: Self) -> Self {
        if further.step() == Self::NONE {
            return self;
        }
        let (bits, step) = (self.bits() + further.bits(), self.step() + further.step());
        Self::new(bits, step, (self.step(), self.last()), further.last())
    }

    /// Bits to drop.
    pub(super) const fn bits(self) -> u32 {
        (self.0 & 0xff) as u32
    }

    /// How far the last coefficient lies from the position, plus 1; above 63 at an end of block, and
    /// where there is none.
    pub(super) const fn step(self) -> u32 {
        (self.0 >> 8 & 0xff) as u32
    }

    /// The same of the first coefficient; 0 where there is none before an end of block.
    pub(super) const fn first_step(self) -> u32 {
        (self.0 >> 16 & 0xff) as u32
    }

    /// The first coefficient; 0 for a run of sixteen zeros.
    pub(super) const fn first(self) -> i16 {
        (self.0 >> 48) as i16
    }

    /// The last coefficient; 0 for a run of sixteen zeros.
    pub(super) const fn last(self) -> i16 {
        (self.0 >> 32) as i16
    }

    /// Whether the block ends here, after no more than the first coefficient.
    pub(super) const fn ends(self) -> bool {
        let step = self.step();
        step >= Self::END && step != Self::NONE
    }
}

/// By so many bits, the first code with its value; where tables of fewer bits are given, what follows
/// in the bits that it leaves, too.
fn entries(codes: &[(u32, u32, u8)], width: u32, narrower: Option<&[Vec<Entry>]>) -> Vec<Entry> {
    let mut entries = vec![Entry::none(); 1 << width];
    for &(length, code, symbol) in codes {
        let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        let Some(rest) = width.checked_sub(length + size) else { continue };
        let all = entries.get_mut((code << (size + rest)) as usize..).unwrap_or_default();
        for (raw, same) in (0..1 << size).zip(all.chunks_mut(1 << rest)) {
            // F.2.2.1, EXTEND.
            let negative = size > 0 && raw < 1 << (size - 1);
            let value = if negative { raw - (1 << size) + 1 } else { raw } as i16;
            if symbol == 0 {
                same.fill(Entry::new(length, Entry::END, (0, 0), 0));
                continue;
            }
            let own = Entry::new(length + size, run + 1, (run + 1, value), value);
            match narrower.and_then(|narrower| narrower.get(rest as usize)) {
                None => same.fill(own),
                Some(further) => {
                    for (entry, further) in same.iter_mut().zip(further) {
                        *entry = own.and(*further);
                    }
                }
            }
        }
    }
    entries
}

impl ValueTable {
    /// From a table of AC codes. Symbols that only damaged data has, and runs of empty bands, are
    /// left out: they are met one by one.
    pub(super) fn new(table: &Table) -> Self {
        let codes: Vec<_> = table.codes().filter(|(.., symbol)| is_ac_symbol(*symbol)).collect();
        // What one code gives at the head of so many bits, by that number.
        let narrower: Vec<_> = (0..LOOK).map(|width| entries(&codes, width, None)).collect();
        let entries = entries(&codes, LOOK, Some(&narrower)).into_boxed_slice();
        // The length is that of the array by construction.
        Self(entries.try_into().unwrap_or_else(|_| Box::new([Entry::none(); 1 << LOOK])))
    }

    /// By the next eleven bits.
    #[inline(always)]
    pub(super) fn look(&self, bits: u32) -> Entry {
        self.0[bits as usize & ((1 << LOOK) - 1)]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::super::huffman::Specification;
    use super::*;

    #[test]
    fn one_look_takes_two_codes_or_one_and_the_end() {
        // Codes 0 → EOB, 10 → (0,1), 110 → (1,2), 1110 → ZRL, 11110 → (0,8).
        let mut counts = [0; 16];
        counts[..5].fill(1);
        let symbols = vec![0, 0x01, 0x12, 0xf0, 0x08];
        let values = ValueTable::new(&Table::new(&Specification { counts, symbols }).unwrap());
        let look = |bits| {
            let entry = values.look(bits);
            let first = (entry.first_step(), entry.first());
            (entry.bits(), entry.step(), first, entry.last(), entry.ends())
        };
        // 10 0 | 110 11: -1, then 3 after one zero.
        assert_eq!(look(0b100_1101_1000), (8, 3, (1, -1), 3, false));
        // 110 00 | 0: -3 after one zero, and the end.
        assert_eq!(look(0b110_0000_0000), (6, 66, (2, -3), 0, true));
        // 1110 | 1110: 32 zeros.
        assert_eq!(look(0b111_0111_0111), (8, 32, (16, 0), 0, false));
        // 0: the end alone.
        assert_eq!(look(0), (1, 64, (0, 0), 0, true));
        // 110 10 | 11110, whose value does not fit.
        assert_eq!(look(0b110_1011_1101), (5, 2, (2, 2), 2, false));
        // 11110 alone does not fit, 11111 is no code.
        assert!(look(0b111_1000_0000).1 > 63 && !look(0b111_1000_0000).4);
        assert!(look(0b111_1100_0000).1 > 63 && !look(0b111_1100_0000).4);
    }
}
