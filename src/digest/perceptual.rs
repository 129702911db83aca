//! A 64-bit hash under which similar pictures lie close together.
//!
//! The DCT hash of Christoph Zauner, "Implementation and Benchmarking of Perceptual Image Hash
//! Functions" (2010): luma, 32 × 32 samples, a two-dimensional DCT-II, and of the 8 × 8 lowest
//! frequencies one bit each for "above their median". Unlike there, the first row and column take
//! part and only the mean itself does not: they carry the most, and a bit for the mean would always
//! be 0. All of it in integers, so the hash is the same on every machine.

use std::fmt;
use std::str::FromStr;

use super::{ParseDigestError, parse_hex, serde_as_text};
use crate::pixels::{Layout, Pixels};

/// Cells per side of the reduced picture.
const SIDE: usize = 32;
/// Frequencies per axis that make the hash, the constant one included.
const BAND: usize = 8;

/// cos(k·π/64) · 2^14 for k in 0..=32, rounded.
const COSINES: [i64; SIDE + 1] = [
    16384, 16364, 16305, 16207, 16069, 15893, 15679, 15426, 15137, 14811, 14449, 14053, 13623,
    13160, 12665, 12140, 11585, 11003, 10394, 9760, 9102, 8423, 7723, 7005, 6270, 5520, 4756, 3981,
    3196, 2404, 1606, 804, 0,
];

/// What a coefficient of one grey level (of 255) is worth here: cells carry 8 bits behind the point,
/// each pass 14, and an orthonormal 32 × 32 transform has the factor 1/16 left.
const LEVEL: i64 = 1 << (8 + 14 + 14 + 4);

/// A picture has detail when the median magnitude of its coefficients is at least one grey level.
/// Below that the noise of a re-encoding decides most of the bits: over 160 photographs and drawings
/// encoded anew as JPEG of quality 60, the largest distance was 28 bits without this floor, 10 with it.
const MIN_MEDIAN_MAGNITUDE: i64 = LEVEL;

/// A hash of what a picture looks like: re-encoded, resized or slightly recoloured it changes in few
/// of its 64 bits. Two pictures with nothing in common differ in about 32.
///
/// It is advice, not proof: show a near match to a person, never reject by it alone. Crops, turns
/// and mirror images are other pictures to it.
///
/// ```
/// use gatefold::PerceptualHash;
/// let hash = PerceptualHash::from_bits(0xff);
/// assert_eq!(hash.to_string(), "00000000000000ff");
/// assert_eq!(hash.distance(PerceptualHash::from_bits(0x0f)), 4);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PerceptualHash(u64);

impl PerceptualHash {
    /// A distance up to which pictures are worth a look: 10 bits. Of 150 photographs and drawings with
    /// a hash, all were as near to their JPEGs of quality 60, and 98 % to such a JPEG of a fifth of the
    /// size; of 1,500 pairs of different pictures none was (the nearest differed in 18 bits).
    pub const SIMILAR_WITHIN: u32 = 10;

    /// The hash of a picture at any size, oriented and in sRGB; `None` for a picture without enough
    /// detail.
    ///
    /// A flat area, a plain gradient or stripes along one axis have almost no frequencies to compare:
    /// their bits would come from noise, or be those of every other flat picture. Such pictures have
    /// no hash and are near nothing; the exact digests still find their copies.
    ///
    /// Transparency is shown on white, as most flattened copies are; where that leaves no detail (a
    /// white logo), on black.
    pub fn of(pixels: &Pixels) -> Option<Self> {
        from_cells(&reduce(pixels, 255)).or_else(|| {
            if pixels.has_transparency() { from_cells(&reduce(pixels, 0)) } else { None }
        })
    }

    /// The hash with these bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The 64 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// In how many bits two hashes differ, 0..=64.
    pub const fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}

impl fmt::Display for PerceptualHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for PerceptualHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PerceptualHash({self})")
    }
}

impl FromStr for PerceptualHash {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hex(text).map(|bytes| Self(u64::from_be_bytes(bytes)))
    }
}

serde_as_text!(PerceptualHash);

/// Luma as JPEG has it (ITU-R BT.601), so that a re-encoding with coarser chroma disturbs it least;
/// in 1/256 of a grey level.
fn luma(r: u8, g: u8, b: u8) -> u32 {
    (19_595 * u32::from(r) + 38_470 * u32::from(g) + 7_471 * u32::from(b)) >> 8
}

/// Which source samples cell `cell` of [`SIDE`] covers, and how much of each: (index, weight) with
/// weights in 1/32 of a sample that add up to `length`.
fn coverage(cell: usize, length: u64) -> impl Iterator<Item = (usize, u64)> {
    let side = SIDE as u64;
    let (start, end) = (cell as u64 * length, (cell as u64 + 1) * length);
    (start / side..end.div_ceil(side)).map(move |index| {
        let overlap = end.min((index + 1) * side) - start.max(index * side);
        (index as usize, overlap)
    })
}

/// The picture as 32 × 32 means of luma, each over its exact share of the area, in 1/256 of a grey
/// level. Transparency shows `ground`.
fn reduce(pixels: &Pixels, ground: u8) -> [[u16; SIDE]; SIDE] {
    let (width, height) = (u64::from(pixels.size().width), u64::from(pixels.size().height));
    let area = width * height;
    let mut cells = [[0; SIDE]; SIDE];
    // One cell row at a time: columns first, since adding rows of columns is what a CPU does best.
    let mut columns = vec![0u64; pixels.size().width as usize];
    for (cell_y, row_of_cells) in cells.iter_mut().enumerate() {
        columns.fill(0);
        for (y, weight) in coverage(cell_y, height) {
            let row = pixels.row(y as u32).unwrap_or_default();
            match pixels.layout() {
                Layout::Rgb8 => {
                    for (sum, p) in columns.iter_mut().zip(row.chunks_exact(3)) {
                        *sum += weight * u64::from(luma(p[0], p[1], p[2]));
                    }
                }
                Layout::Rgba8 => {
                    let ground = luma(ground, ground, ground);
                    for (sum, p) in columns.iter_mut().zip(row.chunks_exact(4)) {
                        let alpha = u32::from(p[3]);
                        let shown = luma(p[0], p[1], p[2]) * alpha + ground * (255 - alpha);
                        *sum += weight * u64::from((shown + 127) / 255);
                    }
                }
            }
        }
        for (cell_x, cell) in row_of_cells.iter_mut().enumerate() {
            // At most 2^16 × width × height: a picture that overflows this does not fit in memory.
            let sum: u64 = coverage(cell_x, width)
                .map(|(x, weight)| weight * columns.get(x).copied().unwrap_or_default())
                .sum();
            *cell = ((sum + area / 2) / area) as u16;
        }
    }
    cells
}

/// Sample `x` of the orthonormal DCT-II's base function `frequency`, times 4 · 2^14.
fn base(frequency: usize, x: usize) -> i64 {
    if frequency == 0 {
        // 1/√2 = cos(π/4).
        return COSINES[SIDE / 2];
    }
    // The angle in units of π/64; the table has the first quarter turn.
    match (2 * x + 1) * frequency % (4 * SIDE) {
        k if k <= SIDE => COSINES[k],
        k if k <= 2 * SIDE => -COSINES[2 * SIDE - k],
        k if k <= 3 * SIDE => -COSINES[k - 2 * SIDE],
        k => COSINES[4 * SIDE - k],
    }
}

fn from_cells(cells: &[[u16; SIDE]; SIDE]) -> Option<PerceptualHash> {
    // Rows, then columns; 16 + 14 + 14 + 10 bits stay well inside an i64, so nothing is rounded.
    let mut rows = [[0i64; BAND]; SIDE];
    for (out, row) in rows.iter_mut().zip(cells) {
        for (u, coefficient) in out.iter_mut().enumerate() {
            *coefficient = row.iter().enumerate().map(|(x, v)| i64::from(*v) * base(u, x)).sum();
        }
    }
    let mut coefficients = [0i64; BAND * BAND];
    for (index, coefficient) in coefficients.iter_mut().enumerate() {
        let (u, v) = (index % BAND, index / BAND);
        *coefficient = rows.iter().enumerate().map(|(y, row)| row[u] * base(v, y)).sum();
    }
    // The mean says how bright a picture is, not what it shows; its bit stays 0.
    let changes = &coefficients[1..];
    let mut magnitudes: Vec<i64> = changes.iter().map(|c| c.abs()).collect();
    if median(&mut magnitudes) < MIN_MEDIAN_MAGNITUDE {
        return None;
    }
    let threshold = median(&mut changes.to_vec());
    Some(PerceptualHash(changes.iter().fold(0, |bits, c| bits << 1 | u64::from(*c > threshold))))
}

/// The middle one of an odd number of values.
fn median(values: &mut [i64]) -> i64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_cosines() {
        for (k, entry) in COSINES.iter().enumerate() {
            let exact = libm::cos(k as f64 * core::f64::consts::PI / 64.0) * 16_384.0;
            assert_eq!(*entry, libm::round(exact) as i64, "k = {k}");
        }
    }

    #[test]
    fn base_functions_follow_the_cosine_all_the_way_round() {
        for frequency in 1..BAND {
            for x in 0..SIDE {
                let angle = (2 * x + 1) as f64 * frequency as f64 * core::f64::consts::PI / 64.0;
                let error = base(frequency, x) as f64 - libm::cos(angle) * 16_384.0;
                assert!(error.abs() < 0.51, "frequency {frequency}, sample {x}: {error}");
            }
        }
    }

    #[test]
    fn cells_share_every_sample_once() {
        for length in [1, 2, 31, 32, 33, 100, 16_384, 65_535] {
            let mut weights = std::collections::BTreeMap::new();
            for cell in 0..SIDE {
                let covered: Vec<_> = coverage(cell, length).collect();
                assert_eq!(covered.iter().map(|(_, weight)| weight).sum::<u64>(), length);
                for (index, weight) in covered {
                    *weights.entry(index).or_insert(0) += weight;
                }
            }
            assert_eq!(weights.len() as u64, length);
            assert!(weights.values().all(|weight| *weight == SIDE as u64));
        }
    }
}
