//! TIFF directories as EXIF and multi-picture files write them, and the one thing that EXIF says
//! about how a picture is shown: its orientation.
//!
//! EXIF 2.32 (CIPA DC-008) section 4.6: a TIFF header, then IFD0; tag 0x0112 is `Orientation`.

use crate::geometry::Orientation;

const ORIENTATION_TAG: u16 = 0x0112;

/// A block of TIFF: a byte order and offsets from its own start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiff<'a> {
    block: &'a [u8],
    big_endian: bool,
}

/// One entry of a directory (TIFF 6.0 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) tag: u16,
    pub(super) kind: u16,
    pub(super) count: u32,
    /// Where the value or its offset lies in the block: four bytes.
    pub(super) value_at: usize,
}

impl<'a> Tiff<'a> {
    /// The block, when it opens with a TIFF header.
    pub(super) fn new(block: &'a [u8]) -> Option<Self> {
        let big_endian = match block.get(..2)? {
            b"MM" => true,
            b"II" => false,
            _ => return None,
        };
        let tiff = Self { block, big_endian };
        (tiff.u16_at(2)? == 42).then_some(tiff)
    }

    pub(super) fn u16_at(&self, at: usize) -> Option<u16> {
        let pair = *self.block.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    }

    pub(super) fn u32_at(&self, at: usize) -> Option<u32> {
        let quad = *self.block.get(at..)?.first_chunk()?;
        Some(if self.big_endian { u32::from_be_bytes(quad) } else { u32::from_le_bytes(quad) })
    }

    /// The entries of the first directory that lie inside the block, whatever number of them it
    /// claims. Further directories are never followed, so that none can lead in a circle.
    pub(super) fn entries(self) -> impl Iterator<Item = Entry> + 'a {
        let first = self.u32_at(4).and_then(|at| usize::try_from(at).ok());
        let claimed = first.and_then(|at| self.u16_at(at)).unwrap_or(0);
        (0..usize::from(claimed)).map_while(move |index| {
            let at = first?.checked_add(2)?.checked_add(index * 12)?;
            Some(Entry {
                tag: self.u16_at(at)?,
                kind: self.u16_at(at.checked_add(2)?)?,
                count: self.u32_at(at.checked_add(4)?)?,
                value_at: at.checked_add(8)?,
            })
        })
    }
}

/// The orientation in a block of EXIF, with or without its `Exif\0\0` prefix; `None` when there is
/// none, or none that is valid.
pub(super) fn orientation(block: &[u8]) -> Option<Orientation> {
    let tiff = Tiff::new(block.strip_prefix(b"Exif\0\0").unwrap_or(block))?;
    let entry = tiff.entries().find(|entry| entry.tag == ORIENTATION_TAG)?;
    // SHORT is the standard's type; LONG is seen in the wild.
    let value = match entry.kind {
        3 => tiff.u16_at(entry.value_at)?,
        4 => u16::try_from(tiff.u32_at(entry.value_at)?).ok()?,
        _ => return None,
    };
    Orientation::from_exif(value)
}

/// The smallest TIFF block that says this orientation and nothing else, big endian, 26 bytes.
pub(super) fn block_with(orientation: Orientation) -> [u8; 26] {
    let mut block = *b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    block[19] = orientation.exif();
    block
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn what_is_written_is_read_with_and_without_the_prefix() {
        for value in 1..=8 {
            let wanted = Orientation::from_exif(value);
            let block = block_with(wanted.unwrap());
            assert_eq!(orientation(&block), wanted);
            assert_eq!(orientation(&[b"Exif\0\0", &block[..]].concat()), wanted);
        }
    }

    #[test]
    fn little_endian_and_long_values_are_read() {
        let short = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let long = b"II*\0\x08\0\0\0\x01\0\x12\x01\x04\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        assert_eq!(orientation(short), Some(Orientation::Rotate90));
        assert_eq!(orientation(long), Some(Orientation::Rotate90));
    }

    #[test]
    fn hostile_directories_end_with_the_block() {
        // The directory lies at offset 0xffffffff, is its own successor, or claims 65 535 entries.
        assert_eq!(orientation(b"II*\0\xff\xff\xff\xff"), None);
        assert_eq!(orientation(b"MM\0*\0\0\0\x08\0\0\0\0\0\x08"), None);
        let mut block = b"MM\0*\0\0\0\x08\xff\xff".to_vec();
        block.extend_from_slice(&[0; 12 * 3]);
        assert_eq!(orientation(&block), None);
        assert_eq!(Tiff::new(&block).unwrap().entries().count(), 3);
        for length in 0..26 {
            assert_eq!(orientation(&block_with(Orientation::Rotate90)[..length.min(17)]), None);
        }
    }
}
