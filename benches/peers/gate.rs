//! gatefold as a worker.

use std::hint::black_box;
use std::path::Path;

use gatefold::{
    BatchOptions, BatchSummary, Limits, OutputFormat, Pipeline, Policy, RenditionRules,
    RenditionSpec, Report, Source, Upload,
};

use crate::{Outcome, clock};

/// Bytes of memory for everything in flight in a batch.
const BATCH_BUDGET: u64 = 128 * 1024 * 1024;

const THUMB: &[u32] = &[320];
const THREE: &[u32] = &[1200, 640, 320];

/// What a job wants beside renditions.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Depth {
    /// The verdict with every coded byte verified, and exact digests: what one always gets.
    Verdict,
    /// Colours, too.
    Palette,
    /// The default: also a perceptual hash.
    Everything,
}

fn pipeline(policy: Policy, depth: Depth, specs: &[RenditionSpec]) -> Outcome<Pipeline> {
    let builder = Pipeline::builder(policy)
        .image_colors(depth >= Depth::Palette)
        .perceptual_hash(depth == Depth::Everything);
    let builder = specs.iter().fold(builder, |builder, spec| builder.rendition(*spec));
    Ok(builder.build()?)
}

fn jpegs(sides: &[u32]) -> Vec<RenditionSpec> {
    sides
        .iter()
        .map(|side| RenditionSpec::contain(*side, *side).format(OutputFormat::Jpeg))
        .collect()
}

/// A policy that minds no size.
fn boundless() -> Policy {
    let mut limits = Limits::default();
    limits.max_bytes = u64::MAX;
    limits.max_pixels = u64::MAX;
    limits.max_memory = u64::MAX;
    let mut rules = RenditionRules::default();
    rules.max_side = limits.max_side;
    let mut policy = Policy::default().limits(limits);
    policy.renditions = rules;
    policy
}

/// Bytes of all renditions.
fn made(report: &Report) -> usize {
    report.renditions().iter().map(|rendition| rendition.bytes().len()).sum()
}

fn each(pipeline: &Pipeline, paths: &[&str]) -> Outcome<usize> {
    let mut bytes = 0;
    for path in paths {
        bytes += made(&pipeline.process(&Upload::new(std::fs::read(path)?))?);
    }
    Ok(bytes)
}

fn batch(pipeline: &Pipeline, paths: &[&str]) -> Outcome<usize> {
    let [folder] = paths else { return Err("a batch is one folder".into()) };
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let count = files.len() as u64;
    let options = BatchOptions::default().memory_budget(BATCH_BUDGET);
    let mut bytes = 0;
    let BatchSummary { accepted, .. } =
        pipeline.process_batch(files.into_iter().map(Source::path), &options, |item| {
            bytes += item.result.as_ref().map_or(0, made);
        });
    if accepted == count { Ok(bytes) } else { Err(format!("{accepted} of {count} taken").into()) }
}

fn job(name: &str, arguments: &[&str]) -> Outcome<usize> {
    let standard = |depth, sides| pipeline(Policy::default(), depth, &jpegs(sides));
    match (name, arguments) {
        ("thumb", paths) => each(&standard(Depth::Verdict, THUMB)?, paths),
        ("three", paths) => each(&standard(Depth::Verdict, THREE)?, paths),
        ("palette", paths) => each(&standard(Depth::Palette, THREE)?, paths),
        ("process", paths) => each(&standard(Depth::Everything, THREE)?, paths),
        ("check", paths) => {
            let pipeline = standard(Depth::Verdict, &[])?;
            for path in paths {
                pipeline.check(&Upload::new(std::fs::read(path)?))?;
            }
            Ok(0)
        }
        // Often enough to be seen; the file is read once.
        ("inspect", [times, path]) => {
            let pipeline = standard(Depth::Verdict, &[])?;
            let upload = Upload::new(std::fs::read(path)?);
            for _ in 0..times.parse()? {
                black_box(pipeline.inspect(black_box(&upload))?);
            }
            Ok(0)
        }
        ("batch-thumb", paths) => batch(&standard(Depth::Verdict, THUMB)?, paths),
        ("batch-process", paths) => batch(&standard(Depth::Everything, THREE)?, paths),
        // So many times smaller per side.
        ("fraction", [times, path]) => {
            let bytes = std::fs::read(path)?;
            let size = Pipeline::builder(boundless())
                .build()?
                .inspect(&Upload::new(&bytes))?
                .size()
                .ok_or("no size")?;
            let side = size.long_side() / times.parse::<u32>()?;
            let pipeline = pipeline(boundless(), Depth::Verdict, &jpegs(&[side]))?;
            Ok(made(&pipeline.process(&Upload::new(bytes))?))
        }
        ("png", [side, out, path]) => {
            let side = side.parse()?;
            let spec = RenditionSpec::contain(side, side).format(OutputFormat::Png);
            let pipeline = pipeline(boundless(), Depth::Verdict, &[spec])?;
            let report = pipeline.process(&Upload::new(std::fs::read(path)?))?;
            let rendition = report.renditions().first().ok_or("no rendition")?;
            std::fs::write(Path::new(out), rendition.bytes())?;
            Ok(rendition.bytes().len())
        }
        _ => Err(format!("no such job: {name}").into()),
    }
}

pub(crate) fn serve() -> Outcome<()> {
    clock::serve(concat!("gatefold ", env!("CARGO_PKG_VERSION")), job)
}
