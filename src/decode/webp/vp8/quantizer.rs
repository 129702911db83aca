//! What coefficients are multiplied by (RFC 6386 §9.6, §14.1).

use crate::verify::vp8::{CHROMA, Reconstruction, SECOND};

/// Factors of the first coefficient and of all others.
pub(super) type Factors = [i32; 2];

/// Factors of one segment.
#[derive(Clone, Copy, Default)]
pub(super) struct Quantizer {
    luma: Factors,
    second: Factors,
    chroma: Factors,
}

impl Quantizer {
    pub(super) fn of(segment: usize, frame: &Reconstruction) -> Self {
        let index = match &frame.segments {
            None => frame.quantizer.index,
            Some(segments) => {
                let base = if segments.absolute { 0 } else { frame.quantizer.index };
                base + segments.quantizers[segment & 3]
            }
        };
        // ±127 + 127 ± 15 at most.
        let at = |add: i32| (index + add).clamp(0, 127) as usize & 127;
        let dc = |add: i32| i32::from(DC[at(add)]);
        let ac = |add: i32| i32::from(AC[at(add)]);
        let [luma_dc, second_dc, second_ac, chroma_dc, chroma_ac] = frame.quantizer.deltas;
        Self {
            luma: [dc(luma_dc), ac(0)],
            second: [2 * dc(second_dc), (ac(second_ac) * 155 / 100).max(8)],
            chroma: [dc(chroma_dc).min(132), ac(chroma_ac)],
        }
    }

    pub(super) const fn factors(&self, kind: usize) -> Factors {
        match kind {
            SECOND => self.second,
            CHROMA => self.chroma,
            _ => self.luma,
        }
    }
}

/// Factors of first coefficients (§14.1).
const DC: [u8; 128] = [
    4, 5, 6, 7, 8, 9, 10, 10, 11, 12, 13, 14, 15, 16, 17, 17, 18, 19, 20, 20, 21, 21, 22, 22, 23,
    23, 24, 25, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 37, 38, 39, 40, 41, 42, 43, 44,
    45, 46, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67,
    68, 69, 70, 71, 72, 73, 74, 75, 76, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 91,
    93, 95, 96, 98, 100, 101, 102, 104, 106, 108, 110, 112, 114, 116, 118, 122, 124, 126, 128, 130,
    132, 134, 136, 138, 140, 143, 145, 148, 151, 154, 157,
];
/// Factors of all others (§14.1).
const AC: [u16; 128] = [
    4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
    53, 54, 55, 56, 57, 58, 60, 62, 64, 66, 68, 70, 72, 74, 76, 78, 80, 82, 84, 86, 88, 90, 92, 94,
    96, 98, 100, 102, 104, 106, 108, 110, 112, 114, 116, 119, 122, 125, 128, 131, 134, 137, 140,
    143, 146, 149, 152, 155, 158, 161, 164, 167, 170, 173, 177, 181, 185, 189, 193, 197, 201, 205,
    209, 213, 217, 221, 225, 229, 234, 239, 245, 249, 254, 259, 264, 269, 274, 279, 284,
];
