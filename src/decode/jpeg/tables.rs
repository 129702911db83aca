//! The tables that segments install between scans: ITU-T T.81 B.2.4.

use super::bands::BandTable;
use super::huffman::{SkipTable, Specification, Table};
use super::values::ValueTable;

/// A place for one Huffman table. What it is decoded with is built when a scan first asks: files
/// may redefine tables that nothing uses.
#[derive(Debug, Default)]
pub(super) struct Slot {
    specification: Option<Specification>,
    table: Option<Table>,
    skips: Option<SkipTable>,
    bands: Option<BandTable>,
    values: Option<ValueTable>,
}

/// How a Huffman table is going to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Code by code.
    Single,
    /// AC codes of a sequential scan, several at once.
    Sequential,
    /// AC codes of a progressive scan, several at once.
    Band,
    /// AC codes with their values.
    Values,
}

impl Slot {
    fn define(&mut self, specification: Specification) {
        *self = Self { specification: Some(specification), ..Self::default() };
    }

    /// Builds what `wanted` needs.
    fn prepare(&mut self, wanted: Use) -> Result<(), &'static str> {
        let specification =
            self.specification.as_ref().ok_or("a scan without its Huffman table")?;
        let table = match self.table.take() {
            Some(table) => table,
            None => Table::new(specification)?,
        };
        match wanted {
            Use::Single => {}
            Use::Sequential => {
                self.skips.get_or_insert_with(|| SkipTable::new(&table));
            }
            Use::Band => {
                self.bands.get_or_insert_with(|| BandTable::new(&table));
            }
            Use::Values => {
                self.values.get_or_insert_with(|| ValueTable::new(&table));
            }
        }
        self.table = Some(table);
        Ok(())
    }

    pub(super) const fn table(&self) -> Option<&Table> {
        self.table.as_ref()
    }

    pub(super) const fn skips(&self) -> Option<&SkipTable> {
        self.skips.as_ref()
    }

    pub(super) const fn values(&self) -> Option<&ValueTable> {
        self.values.as_ref()
    }

    pub(super) const fn bands(&self) -> Option<&BandTable> {
        self.bands.as_ref()
    }
}

/// All tables in force.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Quantisation steps in zigzag order.
    pub(super) quant: [Option<[u16; 64]>; 4],
    pub(super) dc: [Slot; 4],
    pub(super) ac: [Slot; 4],
    /// MCUs between restart markers; 0 for none.
    pub(super) restart_interval: u16,
}

impl Tables {
    /// A DQT segment (B.2.4.1).
    pub(super) fn define_quant(&mut self, mut payload: &[u8]) -> Result<(), &'static str> {
        while let [selector, rest @ ..] = payload {
            let (wide, slot) = (selector >> 4 != 0, usize::from(selector & 15));
            let slot = self.quant.get_mut(slot).ok_or("quantisation table number above 3")?;
            let length = if wide { 128 } else { 64 };
            let values = rest.get(..length).ok_or("quantisation table too short")?;
            let mut table = [0; 64];
            for (index, step) in table.iter_mut().enumerate() {
                *step = if wide {
                    u16::from_be_bytes([values[2 * index], values[2 * index + 1]])
                } else {
                    u16::from(values[index])
                };
            }
            *slot = Some(table);
            payload = rest.get(length..).unwrap_or_default();
        }
        Ok(())
    }

    /// A DHT segment (B.2.4.2).
    pub(super) fn define_huffman(&mut self, mut payload: &[u8]) -> Result<(), &'static str> {
        const SHORT: &str = "Huffman table too short";
        while let [selector, rest @ ..] = payload {
            let slots = match selector >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err("Huffman table of no known class"),
            };
            let slot =
                slots.get_mut(usize::from(selector & 15)).ok_or("Huffman table number above 3")?;
            let counts: [u8; 16] = *rest.first_chunk().ok_or(SHORT)?;
            let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
            if total > 256 {
                return Err("Huffman table of more than 256 codes");
            }
            let symbols = rest.get(16..16 + total).ok_or(SHORT)?;
            slot.define(Specification { counts, symbols: symbols.to_vec() });
            payload = rest.get(16 + total..).unwrap_or_default();
        }
        Ok(())
    }

    /// A DRI segment (B.2.4.4).
    pub(super) fn define_restart(&mut self, payload: &[u8]) -> Result<(), &'static str> {
        let interval = payload.try_into().map_err(|_| "restart interval of a wrong length")?;
        self.restart_interval = u16::from_be_bytes(interval);
        Ok(())
    }

    /// Makes the DC table of this number ready for use.
    pub(super) fn prepare_dc(&mut self, number: u8) -> Result<(), &'static str> {
        let slot = self.dc.get_mut(usize::from(number)).ok_or("Huffman table number above 3")?;
        slot.prepare(Use::Single)
    }

    /// Makes the AC table of this number ready for use.
    pub(super) fn prepare_ac(&mut self, number: u8, wanted: Use) -> Result<(), &'static str> {
        let slot = self.ac.get_mut(usize::from(number)).ok_or("Huffman table number above 3")?;
        slot.prepare(wanted)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn segments_of_several_tables_are_read_and_broken_ones_refused() {
        let mut tables = Tables::default();
        let mut two = vec![0x00];
        two.extend_from_slice(&[3; 64]);
        two.push(0x11);
        two.extend_from_slice(&[1, 2].repeat(64));
        tables.define_quant(&two).unwrap();
        assert_eq!(tables.quant[0].unwrap()[63], 3);
        assert_eq!(tables.quant[1].unwrap()[0], 0x102);
        assert!(tables.define_quant(&two[..100]).is_err());
        assert!(tables.define_quant(&[4]).is_err());

        let mut table = vec![0x10, 1];
        table.extend_from_slice(&[0; 15]);
        table.push(0);
        tables.define_huffman(&table).unwrap();
        assert!(tables.prepare_ac(0, Use::Band).is_ok() && tables.prepare_dc(0).is_err());
        assert!(tables.define_huffman(&table[..17]).is_err());
        assert!(tables.define_restart(&[0]).is_err());
        tables.define_restart(&[1, 2]).unwrap();
        assert_eq!(tables.restart_interval, 258);
    }
}
