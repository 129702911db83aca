//! The headers of the two bitstreams that a WebP file may hold.

use crate::geometry::Size;

/// What the head of a VP8 or VP8L bitstream says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) size: Size,
    /// VP8L's hint; VP8 has its alpha in a chunk of its own.
    pub(super) alpha: bool,
    pub(super) lossless: bool,
}

/// The frame header of VP8 (RFC 6386 §9.1), a key frame in WebP.
pub(super) fn vp8(data: &[u8]) -> Result<Frame, &'static str> {
    let Some(head) = data.get(..10) else {
        return Err("a VP8 chunk is shorter than its header");
    };
    let tag = u32::from_le_bytes([head[0], head[1], head[2], 0]);
    if tag & 1 != 0 {
        return Err("a VP8 image is no key frame");
    }
    if (tag >> 1) & 7 > 3 {
        return Err("the profile of a VP8 image does not exist");
    }
    if (tag >> 4) & 1 == 0 {
        return Err("a VP8 image is not meant to be shown");
    }
    if head.get(3..6) != Some(&[0x9d, 0x01, 0x2a]) {
        return Err("the start code of a VP8 image is missing");
    }
    // The upper two bits of each side ask for scaling, which WebP ignores (RFC 9649 §2.5).
    let side = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    let size = Size::new(side(head[6], head[7]), side(head[8], head[9]));
    if size.is_empty() {
        return Err("a side of a VP8 image is 0 pixels long");
    }
    if (tag >> 5) as usize > data.len() - 10 {
        return Err("the first partition of a VP8 image reaches past its chunk");
    }
    Ok(Frame { size, alpha: false, lossless: false })
}

/// The header of VP8L (RFC 9649 §3.4).
pub(super) fn vp8l(data: &[u8]) -> Result<Frame, &'static str> {
    let Some(head) = data.get(..5) else {
        return Err("a VP8L chunk is shorter than its header");
    };
    if head[0] != 0x2f {
        return Err("the signature of a VP8L image is missing");
    }
    let bits = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
    if bits >> 29 != 0 {
        return Err("the version of a VP8L image is not 0");
    }
    Ok(Frame {
        size: Size::new((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1),
        alpha: (bits >> 28) & 1 != 0,
        lossless: true,
    })
}
