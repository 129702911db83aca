//! How CPU time and memory grow with the size of the picture, for each format and each scale at
//! which a JPEG is decoded.

use std::fs;

use crate::Outcome;
use crate::numbers::{Spread, exponent, line_through, short};
use crate::peer::{Peer, Worker};
use crate::plot::{self, Line, Panel};
use crate::setup::Places;

const ROUNDS: usize = 3;
/// Jobs in each process, after one that warms up.
const JOBS: usize = 2;

/// Cells per side of the mosaics, as `make.py` makes them, and the size of a cell.
const SIDES: [u32; 8] = [1, 2, 3, 5, 7, 10, 16, 22];
const CELL: (u32, u32) = (368, 272);

/// One line of the plot: files of a kind, to thumbnails so many times smaller per side.
struct Series {
    name: &'static str,
    kind: &'static str,
    smaller: u32,
    color: &'static str,
    dashed: bool,
}

const fn series(
    name: &'static str,
    kind: &'static str,
    smaller: u32,
    color: &'static str,
) -> Series {
    Series { name, kind, smaller, color, dashed: false }
}

const fn progressive(name: &'static str, smaller: u32, color: &'static str) -> Series {
    Series { dashed: true, ..series(name, "progressive", smaller, color) }
}

/// A thumbnail that is less than 4 times smaller needs all of a JPEG; 4, 8 and 16 times smaller ones
/// need a half, a quarter and an eighth.
const SERIES: [Series; 12] = [
    series("JPEG at 1/1", "baseline", 3, "#d9480f"),
    series("JPEG at 1/2", "baseline", 6, "#e8863b"),
    series("JPEG at 1/4", "baseline", 12, "#b79a20"),
    series("JPEG at 1/8", "baseline", 24, "#8a8f2c"),
    progressive("progressive at 1/1", 3, "#d9480f"),
    progressive("progressive at 1/2", 6, "#e8863b"),
    progressive("progressive at 1/4", 12, "#b79a20"),
    progressive("progressive at 1/8", 24, "#8a8f2c"),
    series("PNG", "png", 12, "#4c78a8"),
    series("lossy WebP", "lossy", 12, "#72a98f"),
    series("lossless WebP", "lossless", 12, "#3b8f6b"),
    series("GIF", "gif", 12, "#9a7aa0"),
];

/// One size of a series.
struct Point {
    /// Megapixels of the picture.
    size: f64,
    /// CPU milliseconds.
    cpu: Vec<f64>,
    /// MiB that the process grew by at most.
    memory: Vec<f64>,
}

impl Point {
    fn cpu(&self) -> f64 {
        middle(&self.cpu)
    }

    fn memory(&self) -> f64 {
        middle(&self.memory)
    }
}

fn middle(values: &[f64]) -> f64 {
    Spread::of(values.iter().copied()).map_or(f64::NAN, |spread| spread.median)
}

fn measure(places: &Places, series: &Series, side: u32, point: &mut Point) -> Outcome<()> {
    let extension = match series.kind {
        "baseline" | "progressive" => "jpg",
        "lossy" | "lossless" => "webp",
        own => own,
    };
    let path = places.files("cost")?.join(format!("{}-{side:02}.{extension}", series.kind));
    let job = [series.smaller.to_string(), path.to_string_lossy().into_owned()];
    let mut worker = Worker::start(Peer::Gatefold, places, 1)?;
    let before = worker.memory("VmRSS")?;
    worker.work("fraction", &job)?;
    point.memory.push(worker.memory("VmHWM")? - before);
    for _ in 0..JOBS {
        point.cpu.push(worker.work("fraction", &job)?.cpu * 1e3);
    }
    Ok(())
}

/// Cells of a line: what a megapixel costs at some sizes, and the exponent over all of them.
fn cpu_cells(points: &[Point]) -> String {
    let told = |at: usize| points.get(at).map_or(String::new(), |p| short(p.cpu() / p.size));
    let all: Vec<(f64, f64)> = points.iter().map(|point| (point.size, point.cpu())).collect();
    format!("{} | {} | {} | {} | {:.2}", told(0), told(2), told(5), told(7), exponent(&all))
}

/// Cells of a line: what every picture takes, and what a megapixel adds.
fn memory_cells(points: &[Point]) -> String {
    let all: Vec<(f64, f64)> = points.iter().map(|point| (point.size, point.memory())).collect();
    let (fixed, each) = line_through(&all);
    format!("{} | {}", short(fixed), short(each))
}

fn lines(all: &[Vec<Point>], value: impl Fn(&Point) -> f64) -> Vec<Line> {
    let line = |(series, points): (&Series, &Vec<Point>)| Line {
        name: series.name.to_owned(),
        color: series.color,
        dashed: series.dashed,
        points: points.iter().map(|point| (point.size, value(point).max(0.1))).collect(),
    };
    SERIES.iter().zip(all).map(line).collect()
}

/// Prints the table and draws the plot.
pub(crate) fn run() -> Outcome<()> {
    let places = Places::set_up()?;
    let megapixels = |side: u32| f64::from(side * CELL.0) * f64::from(side * CELL.1) / 1e6;
    let point = |side| Point { size: megapixels(side), cpu: Vec::new(), memory: Vec::new() };
    let mut all: Vec<Vec<Point>> = SERIES.iter().map(|_| SIDES.map(point).into()).collect();
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        for (series, points) in SERIES.iter().zip(&mut all) {
            for (side, point) in SIDES.into_iter().zip(points) {
                measure(&places, series, side, point)?;
            }
        }
    }
    println!(
        "| | CPU ms per MP: 0.1 MP | 0.9 MP | 10 MP | 48 MP | exponent \
         | peak MiB: every picture | and each MP |"
    );
    println!("|---|{}", "---|".repeat(7));
    for (series, points) in SERIES.iter().zip(&all) {
        println!("| {} | {} | {} |", series.name, cpu_cells(points), memory_cells(points));
    }
    let panels = [
        Panel { title: "CPU milliseconds, one thread", lines: lines(&all, Point::cpu) },
        Panel { title: "peak MiB, the file included", lines: lines(&all, Point::memory) },
    ];
    fs::write(Places::plots().join("cost.svg"), plot::log_log(&panels))?;
    Ok(())
}
