//! Runs of AC codes at one look (ITU-T T.81 G.1.2.2), for scans of which only the places of values count.

use super::huffman::{MAX_AC_SIZE, Table};

/// Bits that one look into a [`BandTable`] covers.
pub(super) const BAND: u32 = 11;

/// As many AC codes of a first scan as eleven bits hold.
#[derive(Debug, Clone)]
pub(super) struct BandTable(Box<[u64; 1 << BAND]>);

/// What one look gives, from the low end: the bits to drop (6 bits), whether the band ends here, the
/// coefficients passed (9), and a bit for each of them that is not zero (48).
#[derive(Debug, Clone, Copy)]
pub(super) struct Band(u64);

impl Band {
    /// Coefficients that an entry has room for.
    const ROOM: u32 = 48;

    pub(super) const fn mask(self) -> u64 {
        self.0 >> 16
    }

    pub(super) const fn bits(self) -> u32 {
        (self.0 & 63) as u32
    }

    pub(super) const fn passed(self) -> u32 {
        (self.0 >> 7 & 0x1ff) as u32
    }

    pub(super) const fn ends(self) -> bool {
        self.0 & 64 != 0
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
                *entry = mask << 16 | u64::from(passed) << 7 | ends << 6 | u64::from(used);
                if !skips {
                    break;
                }
            }
        }
        // The length is that of the array by construction.
        Self(entries.into_boxed_slice().try_into().unwrap_or_else(|_| Box::new([0; 1 << BAND])))
    }

    #[inline(always)]
    pub(super) fn look(&self, bits: u32) -> Band {
        Band(self.0[bits as usize & ((1 << BAND) - 1)])
    }
}
