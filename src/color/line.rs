//! One row of samples with their neighbours, and what colour the picture has there.
//!
//! A sample on the slope between two areas is replaced by the nearer of them, so that
//! anti-aliasing makes no colours; one among its like is averaged with them, so that noise makes
//! none. What can be done for the whole row at once is done in plain loops over bytes, which the
//! compiler turns into vectors.

use super::canvas::{Canvas, Pixel};

/// How far away the neighbours are, in pixels: past the one or two that anti-aliasing and
/// subsampled chroma blur.
const REACH: usize = 2;
/// Largest sum of the differences of samples at which a neighbour still shows the same colour, in
/// a picture without noise, and in any.
const SAME: u32 = 30;
const MOST_SAME: u32 = 160;

/// The flatness of a place whose neighbours all have its colour.
pub(super) const FLAT: u32 = 4;

/// The samples of one row.
pub(super) struct Line {
    /// Largest sum of differences at which a neighbour shows the same colour.
    same: u32,
    /// The columns left and right of the samples.
    beside: [Vec<usize>; 2],
    centers: Vec<Pixel>,
    /// Left, right, above, below.
    neighbors: [Vec<Pixel>; 4],
    /// Of the centres from each of the neighbours.
    differences: [Vec<u32>; 4],
    /// Of left from right and of above from below.
    spans: [Vec<u32>; 2],
    /// The largest of the four differences.
    roughness: Vec<u32>,
    /// How many of the neighbours show the same colour.
    alike: Vec<u32>,
    /// Where a sample lies on a slope, how high that is: from left to right, from above to below.
    slopes: [Vec<u32>; 2],
    /// The means of the centres and their neighbours.
    smooth: Vec<Pixel>,
    scratch: Vec<Pixel>,
}

impl Line {
    /// Room for `count` samples.
    pub(super) fn new(count: usize) -> Self {
        let pixels = || vec![[0; 4]; count];
        let numbers = || vec![0; count];
        Self {
            same: SAME,
            beside: [vec![0; count], vec![0; count]],
            centers: pixels(),
            neighbors: [pixels(), pixels(), pixels(), pixels()],
            differences: [numbers(), numbers(), numbers(), numbers()],
            spans: [numbers(), numbers()],
            roughness: numbers(),
            alike: numbers(),
            slopes: [numbers(), numbers()],
            smooth: pixels(),
            scratch: pixels(),
        }
    }

    /// Takes the samples at `columns` of row `y`.
    pub(super) fn fill(&mut self, canvas: &impl Canvas, y: usize, columns: &[usize]) {
        let (right, below) = (canvas.width() - 1, canvas.height() - 1);
        let [before, after] = &mut self.beside;
        for ((&x, before), after) in columns.iter().zip(before).zip(after) {
            *before = x.saturating_sub(REACH);
            *after = (x + REACH).min(right);
        }
        canvas.pick(y, columns, &mut self.centers);
        canvas.pick(y, &self.beside[0], &mut self.neighbors[0]);
        canvas.pick(y, &self.beside[1], &mut self.neighbors[1]);
        canvas.pick(y.saturating_sub(REACH), columns, &mut self.neighbors[2]);
        canvas.pick((y + REACH).min(below), columns, &mut self.neighbors[3]);

        for (neighbor, found) in self.neighbors.iter().zip(&mut self.differences) {
            differences(&self.centers, neighbor, &mut self.scratch, found);
        }
        let [left, right, above, below] = &self.neighbors;
        differences(left, right, &mut self.scratch, &mut self.spans[0]);
        differences(above, below, &mut self.scratch, &mut self.spans[1]);
        let [a, b, c, d] = &self.differences;
        for ((((most, a), b), c), d) in self.roughness.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *most = *a.max(b).max(c).max(d);
        }
        let sides = a.iter().zip(b).zip(c.iter().zip(d));
        for (alike, ((a, b), (c, d))) in self.alike.iter_mut().zip(sides) {
            let like = |difference: &u32| u32::from(*difference <= self.same);
            *alike = like(a).wrapping_add(like(b)).wrapping_add(like(c)).wrapping_add(like(d));
        }
        slopes(a, b, &self.spans[0], self.same, &mut self.slopes[0]);
        slopes(c, d, &self.spans[1], self.same, &mut self.slopes[1]);
        let around = left.as_flattened().iter().zip(right.as_flattened());
        let around = around.zip(above.as_flattened()).zip(below.as_flattened());
        let center = self.centers.as_flattened().iter().zip(self.smooth.as_flattened_mut());
        for ((center, smooth), (((l, r), a), b)) in center.zip(around) {
            // Nothing can overflow; said so, because checked sums do not become vectors.
            let add = u16::wrapping_add;
            let around = add(add(u16::from(*l), u16::from(*r)), add(u16::from(*a), u16::from(*b)));
            // A fifth, exactly, of what is at most 5 × 255 + 2.
            let five = u32::from(add(add(u16::from(*center), around), 2));
            *smooth = (five.wrapping_mul(13108) >> 16) as u8;
        }
    }

    /// The pixels themselves.
    pub(super) fn centers(&self) -> &[Pixel] {
        &self.centers
    }

    /// The colour that the picture has around a sample, and how flat it is there: 1 to [`FLAT`].
    #[inline]
    pub(super) fn settle(&self, index: usize) -> (Pixel, u32) {
        if self.roughness[index] <= self.same {
            return (self.smooth[index], FLAT);
        }
        let (across, down) = (self.slopes[0][index], self.slopes[1][index]);
        if across.max(down) == 0 {
            return (self.centers[index], self.alike[index].max(1));
        }
        let first = if across >= down { 0 } else { 2 };
        let side = first
            + usize::from(self.differences[first][index] > self.differences[first + 1][index]);
        (self.neighbors[side][index], 1)
    }

    /// The common differences of the line's opaque samples from their neighbours.
    pub(super) fn common_differences(&self) -> impl Iterator<Item = u32> {
        let opaque = self.centers.iter().enumerate().filter(|(_, center)| center[3] == u8::MAX);
        opaque.map(|(index, _)| {
            let mut sides = [0, 1, 2, 3].map(|side| self.differences[side][index]);
            sides.sort_unstable();
            u32::midpoint(sides[1], sides[2])
        })
    }

    /// Largest sum of differences at which two places of a cell are parts of one surface, textured
    /// as it may be.
    pub(super) fn similar(&self) -> u32 {
        const TEXTURE: u32 = 120;
        self.same.max(TEXTURE)
    }

    /// Takes differences up to two and a half times the noise for none.
    pub(super) fn expect_noise(&mut self, noise: u32) {
        self.same = (noise.saturating_mul(5) / 2).clamp(SAME, MOST_SAME);
    }
}

/// For each pair of pixels the sum of the differences of their samples.
pub(super) fn differences(a: &[Pixel], b: &[Pixel], scratch: &mut [Pixel], found: &mut [u32]) {
    let samples = a.as_flattened().iter().zip(b.as_flattened());
    for ((a, b), difference) in samples.zip(scratch.as_flattened_mut()) {
        *difference = a.abs_diff(*b);
    }
    for (difference, sum) in scratch.iter().zip(found) {
        let four = u32::from_le_bytes(*difference);
        let two = (four & 0x00ff_00ff).wrapping_add((four >> 8) & 0x00ff_00ff);
        *sum = (two & 0xffff).wrapping_add(two >> 16);
    }
}

/// For each pixel that lies between two opposite neighbours of different colours, `span` apart, that
/// span; for others 0. Of such a pixel the nearer neighbour is the colour.
fn slopes(before: &[u32], after: &[u32], spans: &[u32], same: u32, found: &mut [u32]) {
    for ((slope, span), (before, after)) in
        found.iter_mut().zip(spans).zip(before.iter().zip(after))
    {
        // On the straight way from one to the other both parts add up to the whole, or nearly.
        let between = before.wrapping_add(*after).wrapping_mul(4) <= span.wrapping_mul(5);
        *slope = if between & (*span > same.wrapping_mul(2)) { *span } else { 0 };
    }
}
