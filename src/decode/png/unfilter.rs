//! Undoing the filters of a row (PNG 3rd edition section 9.2).

/// Turns a filtered row into samples. `above` is the row before it, or zeros for the first one;
/// `step` the bytes of a whole pixel, 1 where several share a byte.
pub(super) fn unfilter(filter: u8, step: usize, above: &[u8], row: &mut [u8]) {
    match step {
        1 => unfilter_by::<1>(filter, above, row),
        2 => unfilter_by::<2>(filter, above, row),
        3 => unfilter_by::<3>(filter, above, row),
        4 => unfilter_by::<4>(filter, above, row),
        6 => unfilter_by::<6>(filter, above, row),
        _ => unfilter_by::<8>(filter, above, row),
    }
}

fn unfilter_by<const N: usize>(filter: u8, above: &[u8], row: &mut [u8]) {
    match filter {
        1 => pixels::<N>(above, row, |left, _, _| left),
        2 => {
            for (sample, above) in row.iter_mut().zip(above) {
                *sample = sample.wrapping_add(*above);
            }
        }
        3 => pixels::<N>(above, row, |left, above, _| (left + above) >> 1),
        4 => pixels::<N>(above, row, paeth),
        _ => {}
    }
}

/// Adds to each sample what `predict` makes of the one to the left, above, and above to the left.
#[inline(always)]
fn pixels<const N: usize>(
    above: &[u8],
    row: &mut [u8],
    predict: impl Fn(i16, i16, i16) -> i16 + Copy,
) {
    // Numbers of 16 bits from pixel to pixel, so that nothing is widened on the way that each
    // sample has to wait for.
    let (mut left, mut corner) = ([0_i16; N], [0_i16; N]);
    for (pixel, above) in row.as_chunks_mut::<N>().0.iter_mut().zip(above.as_chunks::<N>().0) {
        for i in 0..N {
            let over = i16::from(above[i]);
            let value = (i16::from(pixel[i]) + predict(left[i], over, corner[i])) & 0xFF;
            pixel[i] = value as u8;
            left[i] = value;
            corner[i] = over;
        }
    }
}

/// Which of three neighbours is nearest to `left + above - corner`, in this order where they are
/// equally near (section 9.4).
///
/// That sum less `corner` is twice as far from the corner as the middle of the other two; so the
/// corner is nearest only where it lies between them, in the middle third.
#[inline(always)]
fn paeth(left: i16, above: i16, corner: i16) -> i16 {
    let thirds = 3 * corner - (left + above);
    let (low, high) = (left.min(above), left.max(above));
    let upper = if high <= thirds { low } else { corner };
    if thirds <= low { high } else { upper }
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
                    assert_eq!(paeth(a, b, c), specified(a, b, c), "{a} {b} {c}");
                }
            }
        }
    }

    #[test]
    fn what_every_filter_did_is_undone() {
        let noise = |seed: usize| (0..48).map(move |i| ((i * 89 + seed) * 57 % 251) as u8);
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
                unfilter(filter as u8, step, &above, &mut row);
                assert_eq!(row, plain, "filter {filter}, {step} bytes");
            }
        }
    }
}
