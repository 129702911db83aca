//! The sRGB transfer curve (IEC 61966-2-1), exactly rounded to 8 bits.

use std::sync::OnceLock;

/// Cells of the table over 0..=1. The curve rises by at most 12.92 × 255 / 4096 < 1 step in a cell,
/// so one comparison after the look-up settles the rounding.
const CELLS: usize = 4096;

/// Light in 0..=1 for a coded value in 0..=1.
pub(super) fn decode(coded: f64) -> f64 {
    if coded <= 0.040_45 { coded / 12.92 } else { libm::pow((coded + 0.055) / 1.055, 2.4) }
}

/// The coded value in 0..=1 for light in 0..=1.
pub(super) fn encode(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * libm::pow(light, 1.0 / 2.4) - 0.055 }
}

/// Light to 8-bit codes through a table.
pub(super) struct Encoder {
    /// The code at the lower edge of each cell.
    first: [u8; CELLS],
    /// Light at which code `k` gives way to `k + 1`.
    edge: [f32; 256],
}

impl Encoder {
    /// The one table, built at its first use.
    pub(super) fn shared() -> &'static Self {
        static TABLE: OnceLock<Encoder> = OnceLock::new();
        TABLE.get_or_init(|| {
            let edge: [f32; 256] = std::array::from_fn(|k| {
                if k == 255 { f32::INFINITY } else { decode((k as f64 + 0.5) / 255.0) as f32 }
            });
            let first = std::array::from_fn(|cell| {
                let light = cell as f32 / CELLS as f32;
                edge.partition_point(|e| *e <= light) as u8
            });
            Self { first, edge }
        })
    }

    /// The 8-bit code nearest to this light; what is below 0, above 1 or no number is clipped.
    #[inline]
    pub(super) fn code(&self, light: f32) -> u8 {
        // What is no number passes the clamp, and becomes 0 in the cast.
        let light = light.clamp(0.0, 1.0);
        let code = self.first[((light * CELLS as f32) as usize).min(CELLS - 1)];
        code + u8::from(light >= self.edge[usize::from(code)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_nearest_ones() {
        let table = Encoder::shared();
        for step in 0..=200_000_u32 {
            let light = step as f32 / 200_000.0;
            let exact = encode(f64::from(light)) * 255.0;
            let code = f64::from(table.code(light));
            assert!((exact - code).abs() <= 0.5001, "{light}: {exact} against {code}");
        }
        assert_eq!((table.code(-1.0), table.code(7.0), table.code(f32::NAN)), (0, 255, 0));
    }
}
