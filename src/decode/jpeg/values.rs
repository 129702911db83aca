//! AC codes with their values, one look each: ITU-T T.81 F.2.2.2 and G.1.2.2.

use super::huffman::{Table, is_ac_symbol};

/// Bits that one look into a [`ValueTable`] covers.
pub(super) const LOOK: u32 = 11;

/// Finds a code, the run before its coefficient and the coefficient itself in the next eleven bits.
#[derive(Debug, Clone)]
pub(super) struct ValueTable(Box<[u32; 1 << LOOK]>);

/// What one look gives: value << 16 | step << 8 | bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry(u32);

impl Entry {
    /// The step of an end of block: beyond every block from any position on.
    const END: u32 = 64;
    /// The step where no code fits: likewise, and not an end.
    const NONE: u32 = 128;

    /// Bits to drop.
    pub(super) const fn bits(self) -> u32 {
        self.0 & 0xff
    }

    /// How far the coefficient lies from the position, plus 1; above 63 where there is none.
    pub(super) const fn step(self) -> u32 {
        self.0 >> 8 & 0xff
    }

    /// The coefficient; 0 for a run of sixteen zeros.
    pub(super) const fn value(self) -> i16 {
        (self.0 >> 16) as i16
    }

    /// Whether the block ends here.
    pub(super) const fn ends(self) -> bool {
        self.step() == Self::END
    }
}

impl ValueTable {
    /// From a table of AC codes. Symbols that only damaged data has, and runs of empty bands, are
    /// left out: they are met one by one.
    pub(super) fn new(table: &Table) -> Self {
        let mut entries = vec![Entry::NONE << 8; 1 << LOOK];
        for (index, entry) in entries.iter_mut().enumerate() {
            let bits = (index as u32) << (16 - LOOK);
            let Some((length, symbol)) = table.find(bits) else { continue };
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            let used = length + size;
            if used > LOOK || !is_ac_symbol(symbol) {
                continue;
            }
            let raw = (index as i32 >> (LOOK - used)) & ((1 << size) - 1);
            // F.2.2.1, EXTEND.
            let value = if size > 0 && raw < 1 << (size - 1) { raw - (1 << size) + 1 } else { raw };
            let step = if symbol == 0 { Entry::END } else { run + 1 };
            *entry = u32::from(value as i16 as u16) << 16 | step << 8 | used;
        }
        // The length is that of the array by construction.
        Self(
            entries
                .into_boxed_slice()
                .try_into()
                .unwrap_or_else(|_| Box::new([Entry::NONE << 8; 1 << LOOK])),
        )
    }

    /// By the next eleven bits.
    #[inline(always)]
    pub(super) fn look(&self, bits: u32) -> Entry {
        Entry(self.0[bits as usize & ((1 << LOOK) - 1)])
    }
}
