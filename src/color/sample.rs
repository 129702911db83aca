//! From pixels to a weighted histogram: which pixels are looked at, and how much each counts.
//!
//! Pixels are picked, not resized: a mean of two neighbours is a colour that nobody painted. One
//! pixel is taken from each of 96 cells along the long side. Where it lies on the slope between
//! two areas it is replaced by the nearer of them, and noise is taken out by the mean with those
//! neighbours that have nearly its colour. All sums are of integers, so no order can change them.

use palette::Oklab;

use super::canvas::{Canvas, Direct, Pixel, Reduced, reduction};
use super::oklab::{self, LinearTable};
use super::placeholder::Thumbnail;
use crate::pixels::{Layout, Pixels};

/// Cells along the long side.
const CELLS: usize = 96;
/// Bits of a channel that name a histogram bin.
const BITS: u32 = 4;
/// How far away the neighbours are, in pixels: past the one or two that anti-aliasing and
/// subsampled chroma blur.
const REACH: usize = 2;
/// Largest sum of the differences of samples at which a neighbour still shows the same colour, in
/// a picture without noise, and in any.
const SAME: u32 = 30;
const MOST_SAME: u32 = 160;

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
    pub(super) thumbnail: Thumbnail,
    /// Common difference of neighbours in the quiet parts, summed over the channels.
    pub(super) noise: f32,
}

#[derive(Clone, Copy, Default)]
struct Bin {
    /// Sums of the samples' low bits, weighted.
    low: [u32; 3],
    weight: u32,
    area: u32,
    middle: u32,
    flat: u32,
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
        let middle = (0..count)
            .map(|cell| {
                let percent = (2 * cell + 1).min(2 * (count - cell) - 1) * 50 / count;
                16 + 48 * percent.min(30) as u32 / 30
            })
            .collect();
        Self { cells, middle }
    }

    /// For each cell its place when all of them are spread over `count` places.
    fn onto(&self, count: usize) -> Vec<usize> {
        (0..self.cells.len()).map(|cell| cell * count / self.cells.len()).collect()
    }
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

/// How noisy the picture is: what the samples' neighbours commonly differ by where it is as quiet
/// as in its quietest third. A few rows are enough to tell.
fn noise(
    line: &mut Line,
    canvas: &impl Canvas,
    columns: &Axis,
    rows: impl ExactSizeIterator<Item = (usize, usize)>,
) -> u32 {
    const ROWS: usize = 8;
    let step = (rows.len() / ROWS).max(1);
    let mut differences = vec![];
    for (row, y) in rows.skip(step / 2).step_by(step) {
        line.fill(canvas, y, &columns.cells, row as u32);
        for column in (0..line.center.len()).filter(|&column| line.center[column][3] == u8::MAX) {
            let mut sides = [0, 1, 2, 3].map(|side| line.differences[side][column]);
            sides.sort_unstable();
            differences.push(u32::midpoint(sides[1], sides[2]));
        }
    }
    let quiet = differences.len() * 3 / 10;
    if quiet >= differences.len() { 0 } else { *differences.select_nth_unstable(quiet).1 }
}

fn collect(canvas: &impl Canvas) -> Sample {
    let (width, height) = (canvas.width(), canvas.height());
    let long_side = width.max(height);
    let (columns, rows) = (Axis::new(width, long_side), Axis::new(height, long_side));
    let count = columns.cells.len();
    let mut thumbnail = Thumbnail::new((width, height), count, rows.cells.len());
    // Every second sample of every second row will do for the thumbnail where there are many.
    let thumbnail_mask = usize::from(count.max(rows.cells.len()) >= CELLS);
    let thumbnail_columns = columns.onto(thumbnail.width());
    let thumbnail_rows = rows.onto(thumbnail.height());
    let mut bins = vec![Bin::default(); 1 << (3 * BITS)];
    let mut line = Line::new(count);
    let row_in = |row: usize| {
        let (top, rows_in_cell) = rows.cells[row];
        top + (hash(u32::MAX, row as u32) as usize >> 16) * rows_in_cell / 65536
    };
    let noise =
        noise(&mut line, canvas, &columns, (0..rows.cells.len()).map(|row| (row, row_in(row))));
    line.same = SAME.max(noise * 5 / 2).min(MOST_SAME);
    for row in 0..rows.cells.len() {
        line.fill(canvas, row_in(row), &columns.cells, row as u32);
        for column in 0..count {
            let alpha = line.center[column][3];
            if (row | column) & thumbnail_mask == 0 {
                thumbnail.add(thumbnail_columns[column], thumbnail_rows[row], line.center[column]);
            }
            if alpha == 0 {
                continue;
            }
            let (color, flatness) = line.settle(column);
            let alpha = u32::from(alpha);
            let weight = alpha * flatness;
            let bin = &mut bins[index(color)];
            for (low, sample) in bin.low.iter_mut().zip(color) {
                *low += u32::from(sample & LOW_BITS) * weight;
            }
            bin.weight += weight;
            bin.area += alpha;
            bin.middle += alpha * columns.middle[column].min(rows.middle[row]);
            if flatness == FLAT {
                bin.flat += alpha;
            }
        }
    }
    Sample { bins: normalize(&bins), thumbnail, noise: noise as f32 }
}

const LOW_BITS: u8 = (1 << (8 - BITS)) - 1;
/// The weight of a pixel whose neighbours all have its colour.
const FLAT: u32 = 4;

fn index(color: Pixel) -> usize {
    color[..3].iter().fold(0, |index, &sample| index << BITS | usize::from(sample >> (8 - BITS)))
}

/// A well mixed number for a cell, the same on every machine.
fn hash(x: u32, y: u32) -> u32 {
    let mut hash = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77);
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x2c1b_3c6d);
    hash ^ hash >> 12
}

/// The samples of one row of cells with their neighbours.
struct Line {
    /// Largest sum of differences at which a neighbour shows the same colour.
    same: u32,
    columns: [Vec<usize>; 3],
    center: Vec<Pixel>,
    /// Left, right, above, below.
    neighbors: [Vec<Pixel>; 4],
    /// Of the centre from each neighbour.
    differences: [Vec<u32>; 4],
    /// Of left from right and of above from below.
    spans: [Vec<u32>; 2],
    /// The largest of the four differences.
    roughness: Vec<u32>,
    /// The mean of the centre and its neighbours.
    smooth: Vec<Pixel>,
    scratch: Vec<Pixel>,
}

impl Line {
    fn new(count: usize) -> Self {
        let pixels = || vec![[0; 4]; count];
        let numbers = || vec![0; count];
        Self {
            same: SAME,
            columns: [vec![0; count], vec![0; count], vec![0; count]],
            center: pixels(),
            neighbors: [pixels(), pixels(), pixels(), pixels()],
            differences: [numbers(), numbers(), numbers(), numbers()],
            spans: [numbers(), numbers()],
            roughness: numbers(),
            smooth: pixels(),
            scratch: pixels(),
        }
    }

    fn fill(&mut self, canvas: &impl Canvas, y: usize, cells: &[(usize, usize)], row: u32) {
        let (right, below) = (canvas.width() - 1, canvas.height() - 1);
        let [middle, before, after] = &mut self.columns;
        for (column, &(left, columns_in_cell)) in cells.iter().enumerate() {
            let x = left + ((hash(column as u32, row) as usize & 0xffff) * columns_in_cell >> 16);
            middle[column] = x;
            before[column] = x.saturating_sub(REACH);
            after[column] = (x + REACH).min(right);
        }
        canvas.pick(y, middle, &mut self.center);
        canvas.pick(y, before, &mut self.neighbors[0]);
        canvas.pick(y, after, &mut self.neighbors[1]);
        canvas.pick(y.saturating_sub(REACH), middle, &mut self.neighbors[2]);
        canvas.pick((y + REACH).min(below), middle, &mut self.neighbors[3]);
        for (neighbor, found) in self.neighbors.iter().zip(&mut self.differences) {
            differences(&self.center, neighbor, &mut self.scratch, found);
        }
        let [left, right, above, below] = &self.neighbors;
        differences(left, right, &mut self.scratch, &mut self.spans[0]);
        differences(above, below, &mut self.scratch, &mut self.spans[1]);
        let [a, b, c, d] = &self.differences;
        for ((((most, a), b), c), d) in self.roughness.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *most = *a.max(b).max(c).max(d);
        }
        let around = left.as_flattened().iter().zip(right.as_flattened());
        let around = around.zip(above.as_flattened()).zip(below.as_flattened());
        let center = self.center.as_flattened().iter().zip(self.smooth.as_flattened_mut());
        for ((center, smooth), (((l, r), a), b)) in center.zip(around) {
            // Nothing can overflow; said so, because checked sums do not become vectors.
            let add = u16::wrapping_add;
            let around = add(add(u16::from(*l), u16::from(*r)), add(u16::from(*a), u16::from(*b)));
            // A fifth, exactly, of what is at most 5 × 255 + 2.
            *smooth = (u32::from(add(add(u16::from(*center), around), 2)) * 13108 >> 16) as u8;
        }
    }

    /// The colour that the picture has around a sample, and how flat it is there: 1 to [`FLAT`].
    #[inline]
    fn settle(&self, column: usize) -> (Pixel, u32) {
        if self.roughness[column] <= self.same {
            return (self.smooth[column], FLAT);
        }
        let distances = [0, 1, 2, 3].map(|side| self.differences[side][column]);
        match slope(distances, [self.spans[0][column], self.spans[1][column]], self.same) {
            Some(side) => (self.neighbors[side][column], 1),
            None => {
                let near =
                    distances.iter().filter(|&&distance| distance <= self.same).count() as u32;
                (self.center[column], near.max(1))
            }
        }
    }
}

/// For each pair of pixels the sum of the differences of their samples.
fn differences(a: &[Pixel], b: &[Pixel], scratch: &mut [Pixel], found: &mut [u32]) {
    // Two plain loops, which become vectors.
    let samples = a.as_flattened().iter().zip(b.as_flattened());
    for ((a, b), difference) in samples.zip(scratch.as_flattened_mut()) {
        *difference = a.abs_diff(*b);
    }
    for (difference, sum) in scratch.iter().zip(found) {
        let four = u32::from_le_bytes(*difference);
        let two = (four & 0x00ff_00ff).wrapping_add(four >> 8 & 0x00ff_00ff);
        *sum = (two & 0xffff).wrapping_add(two >> 16);
    }
}

/// When the pixel lies between two opposite neighbours of different colours: the nearer of them.
#[inline]
fn slope(distances: [u32; 4], spans: [u32; 2], same: u32) -> Option<usize> {
    let length = |first: usize, span: u32| {
        // On the straight way from one to the other both parts add up to the whole.
        let between = 4 * (distances[first] + distances[first + 1]) <= 5 * span;
        if between && span > 2 * same { span } else { 0 }
    };
    let (across, down) = (length(0, spans[0]), length(2, spans[1]));
    if across.max(down) == 0 {
        return None;
    }
    let first = if across >= down { 0 } else { 2 };
    Some(if distances[first] <= distances[first + 1] { first } else { first + 1 })
}

fn normalize(bins: &[Bin]) -> Vec<Mass> {
    let total = |field: fn(&Bin) -> u32| {
        bins.iter().map(|bin| u64::from(field(bin))).sum::<u64>().max(1) as f32
    };
    let (weights, areas, middles) =
        (total(|bin| bin.weight), total(|bin| bin.area), total(|bin| bin.middle));
    let table = LinearTable::new();
    let filled = bins.iter().enumerate().filter(|(_, bin)| bin.area > 0);
    filled
        .map(|(index, bin)| {
            let sample = |channel: usize| {
                let high = index >> (BITS as usize * (2 - channel)) & ((1 << BITS) - 1);
                table.at((high << (8 - BITS)) as f32 + bin.low[channel] as f32 / bin.weight as f32)
            };
            Mass {
                color: oklab::from_linear(sample(0), sample(1), sample(2)),
                weight: bin.weight as f32 / weights,
                area: bin.area as f32 / areas,
                middle: bin.middle as f32 / middles,
                flat: bin.flat as f32 / areas,
            }
        })
        .collect()
}
