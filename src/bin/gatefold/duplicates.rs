//! `gatefold duplicates`: files that show the same picture, exactly or nearly.

use gatefold::{
    Digest, DuplicateGroup, Error, Fingerprint, Format, Report, Size, group_duplicates,
};
use serde::Serialize;

use crate::batch::Run;
use crate::config::{DuplicatesTask, Setting};
use crate::console::{Shape, note};
use crate::inputs::{Input, gather};
use crate::outcome::{Exit, Failure};
use crate::rows::line;
use crate::text::{Style, Tone, clean, put};
use crate::units;

/// One accepted file.
struct Picture {
    path: String,
    size: Size,
    format: Format,
    bytes: u64,
    fingerprint: Fingerprint,
}

impl Picture {
    fn of(path: String, report: &Report) -> Self {
        let digests = report.digests();
        let mut exact = vec![Digest::Bytes(digests.bytes), Digest::Image(digests.image)];
        exact.extend(digests.pixels.map(Digest::Pixels));
        Self {
            path,
            size: report.size(),
            format: report.format(),
            bytes: report.inspection().bytes(),
            fingerprint: Fingerprint { digests: exact, perceptual: digests.perceptual },
        }
    }

    /// Bits in which the perceptual hashes differ; 0 between pictures that are exactly the same.
    fn distance(&self, other: &Self) -> Option<u32> {
        let (ours, theirs) = (self.fingerprint.perceptual?, other.fingerprint.perceptual?);
        Some(ours.distance(theirs))
    }
}

pub(crate) fn run(setting: &Setting, task: DuplicatesTask) -> Result<Exit, Failure> {
    let pipeline = setting.pipeline(task.policy).image_colors(false).build()?;
    let inputs = gather(task.paths);
    let mut run = Run::begin(setting, task.shape, inputs.len());
    let options = run.options();
    let mut pictures = Vec::new();
    let mut left_out = Vec::new();
    pipeline.process_batch(inputs.into_iter().map(Input::into_source), &options, |item| {
        run.count(&item.result);
        match item.result {
            Ok(report) => pictures.push(Picture::of(item.id, &report)),
            Err(Error::Cancelled) => {}
            Err(error) => left_out.push(format!("{}: {}: {error}", item.id, error.code())),
        }
    });
    let quiet = !setting.console.wants(Shape::Text);
    for message in left_out.iter().filter(|_| !quiet) {
        note(&format!("not compared: {message}"));
    }
    let fingerprints: Vec<Fingerprint> =
        pictures.iter().map(|picture| picture.fingerprint.clone()).collect();
    let groups = group_duplicates(&fingerprints, task.radius);
    let style = setting.console.style();
    for group in &groups {
        run.row(|| line(&GroupRow::of(group, &pictures)), || text(style, group, &pictures));
    }
    let exact = groups.iter().filter(|group| group.is_exact()).count();
    run.remark(&format!(
        "{} files compared: {exact} groups exact, {} near",
        pictures.len(),
        groups.len() - exact
    ));
    run.end()
}

#[derive(Serialize)]
struct GroupRow<'a> {
    kind: &'static str,
    files: Vec<FileRow<'a>>,
}

#[derive(Serialize)]
struct FileRow<'a> {
    path: &'a str,
    /// Files of one set are exactly the same; sets are numbered from 0.
    set: usize,
    /// Bits in which the perceptual hash differs from the first file's.
    distance: Option<u32>,
    format: &'static str,
    width: u32,
    height: u32,
    bytes: u64,
}

fn kind(group: &DuplicateGroup) -> &'static str {
    if group.is_exact() { "exact" } else { "near" }
}

/// Pictures of a group with the number of their set, in the order of their sets.
fn members<'a>(
    group: &'a DuplicateGroup,
    pictures: &'a [Picture],
) -> impl Iterator<Item = (usize, &'a Picture)> {
    let numbered = group.sets.iter().enumerate();
    let indices = numbered.flat_map(|(set, members)| members.iter().map(move |at| (set, *at)));
    indices.filter_map(|(set, at)| Some((set, pictures.get(at)?)))
}

impl<'a> GroupRow<'a> {
    fn of(group: &'a DuplicateGroup, pictures: &'a [Picture]) -> Self {
        let first = members(group, pictures).next().map(|(_, picture)| picture);
        let files = members(group, pictures).map(|(set, picture)| FileRow {
            path: &picture.path,
            set,
            distance: distance(first, set, picture),
            format: picture.format.name(),
            width: picture.size.width,
            height: picture.size.height,
            bytes: picture.bytes,
        });
        Self { kind: kind(group), files: files.collect() }
    }
}

fn distance(first: Option<&Picture>, set: usize, picture: &Picture) -> Option<u32> {
    if set == 0 {
        return Some(0);
    }
    first.and_then(|first| first.distance(picture))
}

fn text(style: Style, group: &DuplicateGroup, pictures: &[Picture]) -> String {
    let first = members(group, pictures).next().map(|(_, picture)| picture);
    let count = group.members().len();
    let tone = if group.is_exact() { Tone::Bad } else { Tone::Warn };
    let mut text = format!("{}  {count} files\n", style.paint(tone, kind(group)));
    for (set, picture) in members(group, pictures) {
        let relation = match distance(first, set, picture) {
            Some(_) if set == 0 => "same".to_owned(),
            Some(bits) => format!("{bits} bits"),
            None => "-".to_owned(),
        };
        put(
            &mut text,
            format_args!(
                "  {relation:>7}  {:<4}  {:>11}  {:>8}  {}\n",
                picture.format.name(),
                picture.size.to_string(),
                units::size(picture.bytes),
                clean(&picture.path)
            ),
        );
    }
    text
}
