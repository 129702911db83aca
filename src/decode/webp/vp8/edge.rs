//! The samples at an edge, taken out of a plane and put back (RFC 6386 §15).

/// Samples along an edge: a macroblock's luma, or the eight of each chroma plane.
pub(super) const LANES: usize = 16;

/// Samples across an edge: four before it, p3 to p0, and four behind it, q0 to q3.
pub(super) type Sides = [[i16; LANES]; 8];

/// Which way an edge runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Direction {
    Down,
    Across,
}

/// A plane to be filtered.
pub(super) struct View<'a> {
    pub(super) samples: &'a mut [u8],
    pub(super) stride: usize,
}

impl View<'_> {
    /// Reads the samples at an edge that begins at `x`, `y` and is `LENGTH` samples long, into lanes
    /// from `FROM` on.
    #[inline(always)]
    pub(super) fn load<const LENGTH: usize, const FROM: usize>(
        &self,
        direction: Direction,
        (x, y): (usize, usize),
        sides: &mut Sides,
    ) {
        match direction {
            Direction::Down => {
                let start = (y * self.stride + x).wrapping_sub(4);
                for (line, lane) in (FROM..FROM + LENGTH).enumerate() {
                    let row = self.samples.get(start.wrapping_add(line * self.stride)..);
                    let Some(row) = row.and_then(|row| row.first_chunk::<8>()) else { return };
                    for (side, sample) in sides.iter_mut().zip(row) {
                        side[lane] = i16::from(*sample);
                    }
                }
            }
            Direction::Across => {
                let start = (y.wrapping_sub(4)).wrapping_mul(self.stride).wrapping_add(x);
                for (line, side) in sides.iter_mut().enumerate() {
                    let row = self.samples.get(start.wrapping_add(line * self.stride)..);
                    let Some(row) = row.and_then(|row| row.first_chunk::<LENGTH>()) else { return };
                    for (to, sample) in side[FROM..FROM + LENGTH].iter_mut().zip(row) {
                        *to = i16::from(*sample);
                    }
                }
            }
        }
    }

    /// Puts them back.
    #[inline(always)]
    pub(super) fn store<const LENGTH: usize, const FROM: usize>(
        &mut self,
        direction: Direction,
        (x, y): (usize, usize),
        sides: &Sides,
    ) {
        match direction {
            Direction::Down => {
                let start = (y * self.stride + x).wrapping_sub(4);
                for (line, lane) in (FROM..FROM + LENGTH).enumerate() {
                    let row = self.samples.get_mut(start.wrapping_add(line * self.stride)..);
                    let Some(row) = row.and_then(|row| row.first_chunk_mut::<8>()) else { return };
                    for (to, side) in row.iter_mut().zip(sides) {
                        *to = side[lane] as u8;
                    }
                }
            }
            Direction::Across => {
                let start = (y.wrapping_sub(4)).wrapping_mul(self.stride).wrapping_add(x);
                // The outermost never change.
                for (line, side) in sides.iter().enumerate().skip(1).take(6) {
                    let row = self.samples.get_mut(start.wrapping_add(line * self.stride)..);
                    let row = row.and_then(|row| row.first_chunk_mut::<LENGTH>());
                    let Some(row) = row else { return };
                    for (to, sample) in row.iter_mut().zip(&side[FROM..FROM + LENGTH]) {
                        *to = *sample as u8;
                    }
                }
            }
        }
    }
}
