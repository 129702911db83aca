//! From pixels to a weighted histogram: which pixels are looked at, and how much each counts.
//!
//! Pixels are picked, not resized: a mean of two neighbours is a colour that nobody painted. One
//! pixel is taken from each of 96 cells along the long side, at the same part of the cell in
//! whatever size the picture comes. All sums are of integers, so no order can change them.

use palette::Oklab;

use super::canvas::{Canvas, Direct, Pixel, Reduced, reduction};
use super::line::{self, FLAT, Line};
use super::oklab::{self, LinearTable};
use super::placeholder::Thumbnail;
use crate::pixels::{Layout, Pixels};

/// Cells along the long side.
const CELLS: usize = 96;
/// Bits of a channel that name a histogram bin, and those that it sums.
const BITS: u32 = 4;
const LOW_BITS: u8 = (1 << (8 - BITS)) - 1;

/// A colour with the part of the picture that shows it: one bin of the histogram, or many of them
/// put together. All four masses are parts of 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mass {
    pub(super) color: Oklab,
    /// What counts for where a centre lies: area, more of it where the picture is flat.
    pub(super) weight: f32,
    /// Visible area.
    pub(super) area: f32,
    /// Area again, counting more towards the middle of the picture.
    pub(super) middle: f32,
    /// Area inside flat parts of the picture.
    pub(super) flat: f32,
}

/// What one pass over a picture finds.
pub(super) struct Sample {
    /// Filled bins in the order of their RGB values; empty for a wholly transparent picture.
    pub(super) bins: Vec<Mass>,
    /// The same of colours averaged with what is like them in their cells: texture and grain, which
    /// another size or encoding of the picture would show otherwise, are gone.
    pub(super) calm: Vec<Mass>,
    /// Common difference of neighbours in the quiet parts, summed over the channels.
    pub(super) noise: u32,
    pub(super) thumbnail: Thumbnail,
}

/// Looks at one pixel of every cell of the picture.
pub(super) fn sample(pixels: &Pixels) -> Sample {
    let reduction = reduction(pixels.size().width.max(pixels.size().height));
    match (pixels.layout(), reduction) {
        (Layout::Rgb8, 1) => collect(&Direct::<3>::new(pixels)),
        (Layout::Rgba8, 1) => collect(&Direct::<4>::new(pixels)),
        (Layout::Rgb8, _) => collect(&Reduced::<3>::new(pixels, reduction as usize)),
        (Layout::Rgba8, _) => collect(&Reduced::<4>::new(pixels, reduction as usize)),
    }
}

fn collect(canvas: &impl Canvas) -> Sample {
    let (width, height) = (canvas.width(), canvas.height());
    let long_side = width.max(height);
    let (across, down) = (Axis::new(width, long_side), Axis::new(height, long_side));
    let mut line = Line::new(across.cells.len());
    let mut columns = vec![0; across.cells.len()];

    let noise = noise(&mut line, canvas, &across, &down);
    line.expect_noise(noise);

    let mut thumbnail = Thumbnail::new((width, height), across.cells.len(), down.cells.len());
    let (thumbnail_columns, thumbnail_rows) =
        (across.onto(thumbnail.width()), down.onto(thumbnail.height()));
    // Every second sample of every second row will do for the thumbnail where there are many.
    let skipped = usize::from(across.cells.len().max(down.cells.len()) >= CELLS);
    let (mut histogram, mut calm) = (Histogram::new(), Histogram::new());
    let mut surroundings = Surroundings::new(&across);
    let mut settled = vec![[0; 4]; across.cells.len()];
    let mut flatness = vec![0; across.cells.len()];
    for (row, (&middle_of_row, &thumbnail_row)) in
        down.middle.iter().zip(&thumbnail_rows).enumerate()
    {
        across.columns(row, &mut columns);
        line.fill(canvas, down.place(row), &columns);
        if row & skipped == 0 {
            let cells = thumbnail_columns.iter().zip(line.centers()).step_by(1 + skipped);
            cells.for_each(|(&column, &center)| thumbnail.add(column, thumbnail_row, center));
        }
        for (index, (color, flatness)) in settled.iter_mut().zip(&mut flatness).enumerate() {
            (*color, *flatness) = line.settle(index);
        }
        surroundings.fill(canvas, down.cells[row], &settled, line.similar());
        for (index, &middle) in across.middle.iter().enumerate() {
            let alpha = u32::from(line.centers()[index][3]);
            if alpha > 0 {
                let (color, flatness) = (settled[index], flatness[index]);
                let middle = middle.min(middle_of_row);
                histogram.add(color, alpha, flatness, middle);
                calm.add(surroundings.mean(index, color), alpha, flatness, middle);
            }
        }
    }
    Sample { bins: histogram.masses(), calm: calm.masses(), noise, thumbnail }
}

/// What the cells of one row hold that is like their samples.
struct Surroundings {
    /// Sums of 16 bits, two in one number: red and blue, green and alpha.
    even: Vec<u32>,
    odd: Vec<u32>,
    counts: Vec<u32>,
    columns: [Vec<usize>; Self::ACROSS],
    picked: Vec<Pixel>,
    differences: Vec<u32>,
    scratch: Vec<Pixel>,
}

/// 2²⁰ by the number, rounded up.
const RECIPROCALS: [u32; Surroundings::ACROSS * Surroundings::DOWN + 1] = {
    let mut table = [0; Surroundings::ACROSS * Surroundings::DOWN + 1];
    let mut count = 1;
    while count < table.len() {
        table[count] = (1_u32 << 20).div_ceil(count as u32);
        count += 1;
    }
    table
};

impl Surroundings {
    /// Places looked at across and down a cell.
    const ACROSS: usize = 4;
    const DOWN: usize = 2;

    fn new(across: &Axis) -> Self {
        let count = across.cells.len();
        let columns =
            |step| across.cells.iter().map(|&cell| part(cell, step, Self::ACROSS)).collect();
        Self {
            even: vec![0; count],
            odd: vec![0; count],
            counts: vec![0; count],
            columns: std::array::from_fn(columns),
            picked: vec![[0; 4]; count],
            differences: vec![0; count],
            scratch: vec![[0; 4]; count],
        }
    }

    /// Sums up the places in a row of cells that differ from its samples by `similar` at most.
    fn fill(
        &mut self,
        canvas: &impl Canvas,
        rows: (usize, usize),
        samples: &[Pixel],
        similar: u32,
    ) {
        const EVEN: u32 = 0x00ff_00ff;
        self.even.fill(0);
        self.odd.fill(0);
        self.counts.fill(0);
        for step in 0..Self::DOWN {
            let row = part(rows, step, Self::DOWN);
            for columns in &self.columns {
                canvas.pick(row, columns, &mut self.picked);
                line::differences(samples, &self.picked, &mut self.scratch, &mut self.differences);
                let found = self.picked.iter().zip(&self.differences);
                let sums = self.even.iter_mut().zip(&mut self.odd).zip(&mut self.counts);
                for ((picked, &difference), ((even, odd), count)) in found.zip(sums) {
                    let four = u32::from_le_bytes(*picked);
                    let mask = if difference <= similar { u32::MAX } else { 0 };
                    // No sum of a few bytes fills 16 bits; checked ones do not become vectors.
                    *even = even.wrapping_add(four & EVEN & mask);
                    *odd = odd.wrapping_add((four >> 8) & EVEN & mask);
                    *count = count.wrapping_sub(mask);
                }
            }
        }
    }

    /// The mean of a cell's places that are like its sample, or else the sample.
    #[inline]
    fn mean(&self, index: usize, sample: Pixel) -> Pixel {
        let (even, odd, count) = (self.even[index], self.odd[index], self.counts[index]);
        if count == 0 {
            return sample;
        }
        // Exact for sums of so few bytes, and cheaper than to divide.
        let reciprocal = RECIPROCALS[count as usize];
        let mean = |sum: u32| ((sum + count / 2).wrapping_mul(reciprocal) >> 20) as u8;
        [mean(even & 0xffff), mean(odd & 0xffff), mean(even >> 16), sample[3]]
    }
}

/// The middle of one of the equal parts of a cell.
fn part((first, count): (usize, usize), part: usize, parts: usize) -> usize {
    first + (2 * part + 1) * count / (2 * parts)
}

/// How noisy the picture is: what its samples commonly differ by from their neighbours, in its
/// quietest third. A few rows are enough to tell.
fn noise(line: &mut Line, canvas: &impl Canvas, across: &Axis, down: &Axis) -> u32 {
    const ROWS: usize = 8;
    let step = (down.cells.len() / ROWS).max(1);
    let mut columns = vec![0; across.cells.len()];
    let mut differences = vec![];
    for row in (step / 2..down.cells.len()).step_by(step) {
        across.columns(row, &mut columns);
        line.fill(canvas, down.place(row), &columns);
        differences.extend(line.common_differences());
    }
    let quiet = differences.len() * 3 / 10;
    if quiet >= differences.len() { 0 } else { *differences.select_nth_unstable(quiet).1 }
}

/// One coordinate of all cells.
struct Axis {
    /// First pixel and number of pixels of each cell.
    cells: Vec<(usize, usize)>,
    /// 16 at the border of the picture, 64 from 30 % inside.
    middle: Vec<u32>,
}

impl Axis {
    fn new(length: usize, long_side: usize) -> Self {
        let count = if long_side > CELLS { (length * CELLS / long_side).max(1) } else { length };
        let start = |cell: usize| cell * length / count;
        let cells = (0..count).map(|cell| (start(cell), start(cell + 1) - start(cell))).collect();
        let middle = |cell: usize| {
            let percent = (2 * cell + 1).min(2 * (count - cell) - 1) * 50 / count;
            16 + 48 * percent.min(30) as u32 / 30
        };
        Self { cells, middle: (0..count).map(middle).collect() }
    }

    /// The row to be taken from a cell.
    fn place(&self, cell: usize) -> usize {
        within(self.cells[cell], hash(u32::MAX, cell as u32))
    }

    /// The columns to be taken from all cells in a row of cells, another one in each.
    fn columns(&self, row: usize, columns: &mut [usize]) {
        for ((cell, &span), column) in (0..).zip(&self.cells).zip(columns) {
            *column = within(span, hash(cell, row as u32));
        }
    }

    /// For each cell its place when all of them are spread over `count` places.
    fn onto(&self, count: usize) -> Vec<usize> {
        (0..self.cells.len()).map(|cell| cell * count / self.cells.len()).collect()
    }
}

/// The pixel of a cell that a random number means.
fn within((first, count): (usize, usize), random: u32) -> usize {
    first + (((random >> 16) as usize * count) >> 16)
}

/// A well mixed number for a cell, the same on every machine.
fn hash(x: u32, y: u32) -> u32 {
    let mut hash = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77);
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x2c1b_3c6d);
    hash ^ (hash >> 12)
}

/// Samples by the high bits of their channels.
struct Histogram(Vec<Bin>);

#[derive(Clone, Copy, Default)]
struct Bin {
    /// Sums of the samples' low bits, weighted.
    low: [u32; 3],
    weight: u32,
    area: u32,
    middle: u32,
    flat: u32,
}

impl Histogram {
    fn new() -> Self {
        Self(vec![Bin::default(); 1 << (3 * BITS)])
    }

    /// Counts a sample. There are 96 × 96 at most, so that no sum gets near 32 bits
    /// and none needs a check.
    #[inline]
    fn add(&mut self, [red, green, blue, _]: Pixel, alpha: u32, flatness: u32, middle: u32) {
        let high = |sample: u8| usize::from(sample >> (8 - BITS));
        let bin = &mut self.0[(high(red) << (2 * BITS)) | (high(green) << BITS) | high(blue)];
        let weight = alpha.wrapping_mul(flatness);
        for (low, sample) in bin.low.iter_mut().zip([red, green, blue]) {
            *low = low.wrapping_add(u32::from(sample & LOW_BITS).wrapping_mul(weight));
        }
        bin.weight = bin.weight.wrapping_add(weight);
        bin.area = bin.area.wrapping_add(alpha);
        bin.middle = bin.middle.wrapping_add(alpha.wrapping_mul(middle));
        bin.flat = bin.flat.wrapping_add(if flatness == FLAT { alpha } else { 0 });
    }

    /// The filled bins.
    fn masses(&self) -> Vec<Mass> {
        let filled: Vec<(usize, &Bin)> =
            self.0.iter().enumerate().filter(|(_, bin)| bin.area > 0).collect();
        let total = |field: fn(&Bin) -> u32| {
            filled.iter().map(|(_, bin)| u64::from(field(bin))).sum::<u64>().max(1) as f32
        };
        let (weights, areas, middles) =
            (total(|bin| bin.weight), total(|bin| bin.area), total(|bin| bin.middle));
        let table = LinearTable::new();
        let mass = |&(index, bin): &(usize, &Bin)| {
            let linear = |channel: u32| {
                let high = (index >> (BITS * (2 - channel))) & ((1 << BITS) - 1);
                let low = bin.low[channel as usize] as f32 / bin.weight as f32;
                table.at((high << (8 - BITS)) as f32 + low)
            };
            Mass {
                color: oklab::from_linear(linear(0), linear(1), linear(2)),
                weight: bin.weight as f32 / weights,
                area: bin.area as f32 / areas,
                middle: bin.middle as f32 / middles,
                flat: bin.flat as f32 / areas,
            }
        };
        filled.iter().map(mass).collect()
    }
}
