//! The one thing that EXIF says about how a picture is shown: its orientation.
//!
//! EXIF 2.32 (CIPA DC-008) section 4.6: a TIFF header, then IFD0; tag 0x0112 is `Orientation`.

use crate::geometry::Orientation;

const ORIENTATION_TAG: u16 = 0x0112;

/// The orientation in a block of EXIF, with or without its `Exif\0\0` prefix; `None` when there is
/// none, or none that is valid.
pub(super) fn orientation(block: &[u8]) -> Option<Orientation> {
    let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    let big_endian = match tiff.get(..2)? {
        b"MM" => true,
        b"II" => false,
        _ => return None,
    };
    let u16_at = |at: usize| -> Option<u16> {
        let pair = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    };
    let u32_at = |at: usize| -> Option<u32> {
        let quad = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if big_endian { u32::from_be_bytes(quad) } else { u32::from_le_bytes(quad) })
    };
    if u16_at(2)? != 42 {
        return None;
    }
    let ifd = usize::try_from(u32_at(4)?).ok()?;
    let entries = usize::from(u16_at(ifd)?);
    for index in 0..entries {
        let entry = ifd.checked_add(2)?.checked_add(index * 12)?;
        if u16_at(entry)? != ORIENTATION_TAG {
            continue;
        }
        // SHORT is the standard's type; LONG is seen in the wild.
        let value = match u16_at(entry + 2)? {
            3 => u16_at(entry + 8)?,
            4 => u16::try_from(u32_at(entry + 8)?).ok()?,
            _ => return None,
        };
        return Orientation::from_exif(value);
    }
    None
}

/// The smallest TIFF block that says this orientation and nothing else, big endian, 26 bytes.
pub(super) fn block_with(orientation: Orientation) -> [u8; 26] {
    let mut block = *b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    block[19] = orientation.exif();
    block
}
