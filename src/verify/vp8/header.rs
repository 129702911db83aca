//! The header of a VP8 key frame (RFC 6386 §9.2 to §9.11).

use super::Tokens;
use super::bool_decoder::BoolDecoder;
use super::tokens::{TOKEN_DEFAULTS, TOKEN_UPDATES};

/// The frame header as far as it says how to read on (§9.2 to §9.11, §19.2).
pub(super) struct Header {
    /// The one value for which no way to colours is defined (§9.2).
    pub(super) reserved_color_space: bool,
    /// Probabilities of the segment tree when each macroblock names its segment.
    pub(super) segments: Option<[u8; 3]>,
    pub(super) partitions: usize,
    pub(super) tokens: Tokens,
    /// How likely a macroblock is not skipped, when skipping is coded.
    pub(super) skip: Option<u8>,
}

impl Header {
    pub(super) fn read(bits: &mut BoolDecoder) -> Self {
        let reserved_color_space = bits.flag();
        // Clamping.
        bits.flag();
        let mut segments = None;
        if bits.flag() {
            let update_map = bits.flag();
            if bits.flag() {
                bits.flag();
                for (count, width) in [(4, 7), (4, 6)] {
                    for _ in 0..count {
                        optional(bits, width + 1);
                    }
                }
            }
            if update_map {
                let mut probabilities = [255; 3];
                for probability in &mut probabilities {
                    if bits.flag() {
                        *probability = bits.literal(8) as u8;
                    }
                }
                segments = Some(probabilities);
            }
        }
        // Filter type, level and sharpness; then adjustments of the level.
        bits.literal(10);
        if bits.flag() && bits.flag() {
            for _ in 0..8 {
                optional(bits, 7);
            }
        }
        let partitions = 1 << bits.literal(2);
        // Quantizers.
        bits.literal(7);
        for _ in 0..5 {
            optional(bits, 5);
        }
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
        Self { reserved_color_space, segments, partitions, tokens, skip }
    }
}

/// A flag and, where it is set, a value of so many bits with its sign.
fn optional(bits: &mut BoolDecoder, width: u32) {
    if bits.flag() {
        bits.literal(width);
    }
}
