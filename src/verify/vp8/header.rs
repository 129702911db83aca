//! The header of a VP8 key frame (RFC 6386 §9.2 to §9.11).

use super::Tokens;
use super::bool_decoder::BoolDecoder;
use super::tokens::{TOKEN_DEFAULTS, TOKEN_UPDATES};

/// The frame header (§9.2 to §9.11, §19.2).
pub(crate) struct Header {
    /// The one value for which no way to colours is defined (§9.2).
    pub(super) reserved_color_space: bool,
    /// Probabilities of the segment tree when each macroblock names its segment.
    pub(super) segment_tree: Option<[u8; 3]>,
    pub(super) partitions: usize,
    pub(super) tokens: Tokens,
    /// How likely a macroblock is not skipped, when skipping is coded.
    pub(super) skip: Option<u8>,
    pub(crate) reconstruction: Reconstruction,
}

/// What the header says of how values become pixels.
#[cfg_attr(feature = "libwebp", allow(dead_code, reason = "libwebp makes the pixels"))]
pub(crate) struct Reconstruction {
    pub(crate) segments: Option<Segments>,
    pub(crate) filter: Filter,
    pub(crate) quantizer: Quantizer,
}

/// Values of the four segments (§9.3): absolute, or added to those of the frame. A frame that has
/// segments and no values for them has zeros, not its own values, with every decoder.
#[derive(Clone, Copy)]
#[cfg_attr(feature = "libwebp", allow(dead_code, reason = "libwebp makes the pixels"))]
pub(crate) struct Segments {
    pub(crate) absolute: bool,
    /// -127..=127 each.
    pub(crate) quantizers: [i32; 4],
    /// -63..=63 each.
    pub(crate) levels: [i32; 4],
}

/// The loop filter (§9.4).
#[cfg_attr(feature = "libwebp", allow(dead_code, reason = "libwebp makes the pixels"))]
pub(crate) struct Filter {
    pub(crate) simple: bool,
    /// 0..=63; 0 is no filter at all.
    pub(crate) level: i32,
    /// 0..=7.
    pub(crate) sharpness: u8,
    /// What a level grows by in intra macroblocks, and in those with sub-block modes on top,
    /// -63..=63.
    pub(crate) adjustments: [i32; 2],
}

/// Indices of quantizers (§9.6): that of the frame, 0..=127, and what is added to it for the first
/// luma coefficient, both kinds of the second order, and both kinds of chroma, -15..=15.
#[cfg_attr(feature = "libwebp", allow(dead_code, reason = "libwebp makes the pixels"))]
pub(crate) struct Quantizer {
    pub(crate) index: i32,
    pub(crate) deltas: [i32; 5],
}

impl Header {
    pub(super) fn read(bits: &mut BoolDecoder) -> Self {
        let reserved_color_space = bits.flag();
        // Whether clamping is needed; it never harms.
        bits.flag();
        let mut segment_tree = None;
        let segments = bits.flag().then(|| {
            let update_map = bits.flag();
            let mut segments = Segments { absolute: true, quantizers: [0; 4], levels: [0; 4] };
            if bits.flag() {
                segments.absolute = bits.flag();
                segments.quantizers = [(); 4].map(|()| optional(bits, 7));
                segments.levels = [(); 4].map(|()| optional(bits, 6));
            }
            if update_map {
                let probability = |()| if bits.flag() { bits.literal(8) as u8 } else { 255 };
                segment_tree = Some([(); 3].map(probability));
            }
            segments
        });
        let simple = bits.flag();
        let level = bits.literal(6) as i32;
        let sharpness = bits.literal(3) as u8;
        let mut adjustments = [0; 2];
        if bits.flag() && bits.flag() {
            // Only intra frames and sub-block modes are met in a key frame: the first of each four.
            adjustments = [(); 2].map(|()| [(); 4].map(|()| optional(bits, 6))[0]);
        }
        let partitions = 1 << bits.literal(2);
        let index = bits.literal(7) as i32;
        let deltas = [(); 5].map(|()| optional(bits, 4));
        // Whether the probabilities outlive the frame: there is no other.
        bits.flag();
        let mut tokens = TOKEN_DEFAULTS;
        let new = tokens.as_flattened_mut().as_flattened_mut().as_flattened_mut();
        let updates = TOKEN_UPDATES.as_flattened().as_flattened().as_flattened();
        for (probability, update) in new.iter_mut().zip(updates) {
            if bits.bool(*update) {
                *probability = bits.literal(8) as u8;
            }
        }
        let skip = bits.flag().then(|| bits.literal(8) as u8);
        let reconstruction = Reconstruction {
            segments,
            filter: Filter { simple, level, sharpness, adjustments },
            quantizer: Quantizer { index, deltas },
        };
        Self { reserved_color_space, segment_tree, partitions, tokens, skip, reconstruction }
    }
}

/// A flag and, where it is set, a value of so many bits and its sign; 0 where it is not.
fn optional(bits: &mut BoolDecoder, width: u32) -> i32 {
    if !bits.flag() {
        return 0;
    }
    let value = bits.literal(width) as i32;
    if bits.flag() { value.wrapping_neg() } else { value }
}
