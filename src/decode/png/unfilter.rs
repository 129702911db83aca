//! Undoing the filters of a row (PNG 3rd edition section 9.2).

/// Turns filtered rows of one picture into samples.
pub(super) struct Unfilter {
    step: usize,
    paeth: Paeth,
}

impl Unfilter {
    /// `step` are the bytes of a whole pixel, 1 where several share a byte.
    pub(super) fn new(step: usize) -> Self {
        Self { step, paeth: Paeth::new() }
    }

    /// Undoes this filter. `above` is the row before it, or zeros for the first one.
    pub(super) fn undo(&mut self, filter: u8, above: &[u8], row: &mut [u8]) {
        match self.step {
            1 => self.undo_by::<1>(filter, above, row),
            2 => self.undo_by::<2>(filter, above, row),
            3 => self.undo_by::<3>(filter, above, row),
            4 => self.undo_by::<4>(filter, above, row),
            6 => self.undo_by::<6>(filter, above, row),
            _ => self.undo_by::<8>(filter, above, row),
        }
    }

    fn undo_by<const N: usize>(&mut self, filter: u8, above: &[u8], row: &mut [u8]) {
        match filter {
            1 => pixels::<N>(above, row, |left, _| left),
            2 => {
                for (sample, above) in row.iter_mut().zip(above) {
                    *sample = sample.wrapping_add(*above);
                }
            }
            3 => pixels::<N>(above, row, u8::midpoint),
            4 => self.paeth.undo::<N>(above, row),
            _ => {}
        }
    }
}

/// Adds to each sample what `predict` makes of the one to the left and the one above.
#[inline(always)]
fn pixels<const N: usize>(above: &[u8], row: &mut [u8], predict: impl Fn(u8, u8) -> u8 + Copy) {
    let mut left = [0; N];
    for (pixel, above) in row.as_chunks_mut::<N>().0.iter_mut().zip(above.as_chunks::<N>().0) {
        for ((sample, above), left) in pixel.iter_mut().zip(above).zip(&mut left) {
            *sample = sample.wrapping_add(predict(*left, *above));
            *left = *sample;
        }
    }
}

/// Samples in numbers of 16 bits: a vector of the least processors.
type Lanes = [i16; LANES];
const LANES: usize = 8;

/// Samples that are widened at once: whole pixels of any size, few enough to stay in the cache.
const BLOCK: usize = 32 * 24;

/// Undoes the Paeth filter (section 9.4), all samples of a pixel at once: each step takes eight
/// samples and is followed by one that begins a pixel later. They are widened beforehand, because
/// compilers take eight bytes in the middle of a loop apart one by one.
struct Paeth {
    above: [i16; BLOCK + LANES],
    coded: [i16; BLOCK + LANES],
    samples: [i16; BLOCK + LANES],
}

impl Paeth {
    fn new() -> Self {
        // A last pixel has eight samples, too.
        let none = [0; BLOCK + LANES];
        Self { above: none, coded: none, samples: none }
    }

    fn undo<const N: usize>(&mut self, above: &[u8], row: &mut [u8]) {
        let widen = |wide: &mut [i16], row: &[u8]| {
            for (wide, sample) in wide.iter_mut().zip(row) {
                *wide = i16::from(*sample);
            }
        };
        let (mut left, mut corner) = ([0; LANES], [0; LANES]);
        for (row, above) in row.chunks_mut(BLOCK).zip(above.chunks(BLOCK)) {
            widen(&mut self.above, above);
            widen(&mut self.coded, row);
            for at in (0..row.len()).step_by(N) {
                let above = self.above.get(at..).and_then(|rest| rest.first_chunk());
                let coded = self.coded.get(at..).and_then(|rest| rest.first_chunk());
                let samples = self.samples.get_mut(at..).and_then(|rest| rest.first_chunk_mut());
                let (Some(above), Some(coded), Some(samples)) = (above, coded, samples) else {
                    break;
                };
                left = next(left, *above, corner, *coded);
                corner = *above;
                *samples = left;
            }
            for (sample, value) in row.iter_mut().zip(&self.samples) {
                *sample = *value as u8;
            }
        }
    }
}

/// One step in all lanes.
#[inline(always)]
fn each<const N: usize>(vectors: [Lanes; N], step: impl Fn([i16; N]) -> i16) -> Lanes {
    let mut output = [0; LANES];
    let mut lane = 0;
    while lane < LANES {
        output[lane] = step(vectors.map(|vector| vector[lane]));
        lane += 1;
    }
    output
}

/// `coded` plus which of three neighbours is nearest to `left + above - corner`, in this order where
/// they are equally near (section 9.4).
///
/// That sum less `corner` is twice as far from the corner as the middle of the other two; so the
/// corner is nearest only where it lies between them, in the middle third: `3 corner - above - left`
/// neither at most both, which makes it the larger of them, nor at least both, the smaller. Written
/// as bounds of `left`, which every pixel waits for, so that the rest is done before it is known.
#[inline(always)]
fn next(left: Lanes, above: Lanes, corner: Lanes, coded: Lanes) -> Lanes {
    // None of these sums of a few bytes can wrap. Masks and no choices: only so they stay vectors.
    let sum = each([corner, above], |[c, a]| c.wrapping_mul(3).wrapping_sub(a));
    let beyond = each([sum, above], |[sum, a]| sum.wrapping_sub(a));
    let larger_from = each([sum, beyond], |[sum, beyond]| (sum.wrapping_add(1) >> 1).max(beyond));
    let smaller_to = each([sum, beyond], |[sum, beyond]| (sum >> 1).min(beyond));
    let base = each([coded, corner], |[coded, c]| coded.wrapping_add(c));

    let is_larger = each([left, larger_from], |[l, from]| !(l.wrapping_sub(from) >> 15));
    let is_smaller = each([left, smaller_to], |[l, to]| !(to.wrapping_sub(l) >> 15));
    let larger = each([left, above, corner], |[l, a, c]| l.max(a).wrapping_sub(c));
    let smaller = each([left, above, corner], |[l, a, c]| l.min(a).wrapping_sub(c));
    let larger = each([larger, is_larger], |[larger, mask]| larger & mask);
    let smaller = each([smaller, is_smaller], |[smaller, mask]| smaller & mask);
    // Where both are meant, both are zero.
    each([base, larger, smaller], |[base, l, s]| base.wrapping_add(l | s) & 0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Word for word as section 9.4 has it.
    fn specified(a: i16, b: i16, c: i16) -> i16 {
        let p = a + b - c;
        let (pa, pb, pc) = ((p - a).abs(), (p - b).abs(), (p - c).abs());
        if pa <= pb && pa <= pc {
            a
        } else if pb <= pc {
            b
        } else {
            c
        }
    }

    #[test]
    fn the_predictor_is_the_specified_one() {
        for a in 0..=255 {
            for b in 0..=255 {
                for c in (0..=255).step_by(3) {
                    let got = next([a; 8], [b; 8], [c; 8], [7; 8]);
                    assert_eq!(got, [(specified(a, b, c) + 7) & 255; 8], "{a} {b} {c}");
                }
            }
        }
    }

    #[test]
    fn what_every_filter_did_is_undone() {
        let noise =
            |seed: usize| (0..2 * BLOCK + 48).map(move |i| ((i * 89 + seed) * 57 % 251) as u8);
        for step in [1, 2, 3, 4, 6, 8] {
            let (above, plain) = (noise(5).collect::<Vec<_>>(), noise(11).collect::<Vec<_>>());
            for filter in 0..=4 {
                let at =
                    |row: &[u8], i: usize| i16::from(i.checked_sub(step).map_or(0, |i| row[i]));
                let filtered = plain.iter().enumerate().map(|(i, sample)| {
                    let (a, b, c) = (at(&plain, i), i16::from(above[i]), at(&above, i));
                    let predicted = [0, a, b, i16::midpoint(a, b), specified(a, b, c)][filter];
                    sample.wrapping_sub(predicted as u8)
                });
                let mut row = filtered.collect::<Vec<_>>();
                Unfilter::new(step).undo(filter as u8, &above, &mut row);
                assert_eq!(row, plain, "filter {filter}, {step} bytes");
            }
        }
    }
}
