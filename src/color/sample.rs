//! From pixels to a weighted histogram: which pixels are looked at, and how much each counts.
//!
//! Pixels are picked, not resized: a mean of two neighbours is a colour that nobody painted. One
//! pixel is taken from each of 128 cells along the long side. Where it lies on the slope between
//! two areas it is replaced by the nearer of them, and noise is taken out by the mean with those
//! neighbours that have nearly its colour. All sums are of integers, so no order can change them.

use palette::Oklab;

use super::canvas::{Canvas, Direct, Reduced, reduction};
use super::oklab::{self, LinearTable};
use super::placeholder::Thumbnail;
use crate::pixels::{Layout, Pixels};

/// Cells along the long side.
const CELLS: usize = 128;
/// Bits of a channel that name a histogram bin.
const BITS: u32 = 4;
/// Pixels fainter than this are not seen.
const FAINTEST_ALPHA: u8 = 8;
/// How far away the neighbours are, in pixels: past the one or two that anti-aliasing and
/// subsampled chroma blur.
const REACH: usize = 2;
/// Largest difference of a channel at which a neighbour still shows the same colour.
const SAME: u32 = 16;
/// Smallest difference of two opposite neighbours that makes an edge.
const EDGE: u32 = 32;

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

fn collect(canvas: &impl Canvas) -> Sample {
    let (width, height) = (canvas.width(), canvas.height());
    let long_side = width.max(height);
    let (columns, rows) = (Axis::new(width, long_side), Axis::new(height, long_side));
    let mut thumbnail = Thumbnail::new((width, height), columns.cells.len(), rows.cells.len());
    let thumbnail_columns = columns.onto(thumbnail.width());
    let thumbnail_rows = rows.onto(thumbnail.height());
    let mut bins = vec![Bin::default(); 1 << (3 * BITS)];
    for (row, &(top, rows_in_cell)) in rows.cells.iter().enumerate() {
        for (column, &(left, columns_in_cell)) in columns.cells.iter().enumerate() {
            let random = hash(column as u32, row as u32) as usize;
            let x = left + (((random & 0xffff) * columns_in_cell) >> 16);
            let y = top + (((random >> 16) * rows_in_cell) >> 16);
            let center = canvas.pixel(x, y);
            thumbnail.add(thumbnail_columns[column], thumbnail_rows[row], center);
            if center[3] < FAINTEST_ALPHA {
                continue;
            }
            let (color, flatness) = settle(canvas, x, y, center);
            let alpha = u32::from(center[3]);
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
    Sample { bins: normalize(&bins), thumbnail }
}

const LOW_BITS: u8 = (1 << (8 - BITS)) - 1;
/// The weight of a pixel whose neighbours all have its colour.
const FLAT: u32 = 4;

fn index(color: [u8; 3]) -> usize {
    color.iter().fold(0, |index, &sample| index << BITS | usize::from(sample >> (8 - BITS)))
}

/// A well mixed number for a cell, the same on every machine.
fn hash(x: u32, y: u32) -> u32 {
    let mut hash = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77);
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x2c1b_3c6d);
    hash ^ hash >> 12
}

/// The largest difference of a channel.
fn difference(a: [u8; 4], b: [u8; 4]) -> u32 {
    let d = |i: usize| u32::from(a[i].abs_diff(b[i]));
    d(0).max(d(1)).max(d(2)).max(d(3))
}

/// The colour that the picture has around a pixel, and how flat it is there: 1 to [`FLAT`].
fn settle(canvas: &impl Canvas, x: usize, y: usize, center: [u8; 4]) -> ([u8; 3], u32) {
    let (right, below) = (canvas.width() - 1, canvas.height() - 1);
    let neighbors = [
        canvas.pixel(x.saturating_sub(REACH), y),
        canvas.pixel((x + REACH).min(right), y),
        canvas.pixel(x, y.saturating_sub(REACH)),
        canvas.pixel(x, (y + REACH).min(below)),
    ];
    let mut center = center;
    let mut differences = neighbors.map(|neighbor| difference(center, neighbor));
    if differences.iter().any(|&d| d > SAME)
        && let Some(side) = slope(neighbors, differences)
    {
        center = neighbors[side];
        differences = neighbors.map(|neighbor| difference(center, neighbor));
    }
    let mut sums = [u32::from(center[0]), u32::from(center[1]), u32::from(center[2])];
    let mut same = 1;
    for (neighbor, difference) in neighbors.iter().zip(differences) {
        if difference <= SAME {
            same += 1;
            for (sum, &sample) in sums.iter_mut().zip(neighbor) {
                *sum += u32::from(sample);
            }
        }
    }
    (sums.map(|sum| ((sum + same / 2) / same) as u8), (same - 1).clamp(1, FLAT))
}

/// When the pixel lies between two opposite neighbours of different colours: the nearer of them.
fn slope(neighbors: [[u8; 4]; 4], differences: [u32; 4]) -> Option<usize> {
    let span = |first: usize| {
        let whole = difference(neighbors[first], neighbors[first + 1]);
        // On the straight way from one to the other both parts add up to the whole.
        let between = differences[first] + differences[first + 1] <= whole + whole / 4;
        if between && whole > EDGE { whole } else { 0 }
    };
    let (across, down) = (span(0), span(2));
    if across.max(down) == 0 {
        return None;
    }
    let first = if across >= down { 0 } else { 2 };
    Some(if differences[first] <= differences[first + 1] { first } else { first + 1 })
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
