//! `gatefold duplicates`: files that show the same picture, exactly or nearly.

use std::collections::HashMap;
use std::path::Path;

use gatefold::{
    ByteDigest, Digest, DuplicateGroup, Error, Fingerprint, Format, Report, Size, group_duplicates,
};
use serde::Serialize;

use crate::batch::Run;
use crate::config::{DuplicatesTask, Setting};
use crate::console::{Shape, note};
use crate::inputs::{Files, Input, gather};
use crate::outcome::{Exit, Failure};
use crate::rows::line;
use crate::target::slot;
use crate::text::{Style, Tone, clean, put};
use crate::units;

/// One accepted file.
struct Picture {
    path: String,
    size: Size,
    format: Format,
    bytes: u64,
    fingerprint: Fingerprint,
    digest: ByteDigest,
    file: FileFacts,
}

/// What the paths of a picture say.
#[derive(Default)]
struct FileFacts {
    /// Further paths to the same file.
    other_paths: Vec<String>,
    /// Whether it is a regular file, which stays when the run is over.
    stays: bool,
    /// Whether removing its path removes the file, and the path can be told in JSON.
    removable: bool,
}

impl FileFacts {
    fn of(input: &Input, other_paths: Vec<String>) -> Self {
        let named = matches!(input, Input::File(_) | Input::Found(_));
        let stays = named && input.identity().is_some();
        let removable = stays
            && other_paths.iter().all(|other| slot(Path::new(other)) == slot(input.path()))
            && !input.is_link()
            && input.path().to_str().is_some();
        Self { other_paths, stays, removable }
    }
}

impl Picture {
    fn of(path: String, report: &Report, file: FileFacts) -> Self {
        let digests = report.digests();
        let mut exact = vec![Digest::Bytes(digests.bytes), Digest::Image(digests.image)];
        exact.extend(digests.pixels.map(Digest::Pixels));
        Self {
            path,
            size: report.size(),
            format: report.format(),
            bytes: report.inspection().bytes(),
            fingerprint: Fingerprint { digests: exact, perceptual: digests.perceptual },
            digest: digests.bytes,
            file,
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
    let files = Files::of(gather(task.paths)?);
    let quiet = !setting.console.wants(Shape::Text);
    if !quiet {
        tell_other_paths(&files);
    }
    let Files { inputs, other_paths } = files;
    let mut facts: Vec<FileFacts> = inputs
        .iter()
        .zip(other_paths)
        .map(|(input, others)| FileFacts::of(input, others))
        .collect();
    let mut run = Run::begin(setting, task.shape, inputs.len());
    let options = run.options();
    let mut pictures = Vec::new();
    let mut left_out = Vec::new();
    pipeline.process_batch(inputs.into_iter().map(Input::into_source), &options, |item| {
        run.count(&item.result);
        match item.result {
            Ok(report) => {
                let place = usize::try_from(item.index).ok();
                let file = place.and_then(|place| facts.get_mut(place)).map(std::mem::take);
                pictures.push(Picture::of(item.id, &report, file.unwrap_or_default()));
            }
            Err(Error::Cancelled) => {}
            Err(error) => left_out.push(format!("{}: {}: {error}", item.id, error.code())),
        }
    });
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
    let exact = groups.iter().flat_map(|group| &group.sets).filter(|set| set.len() > 1).count();
    let near = groups.iter().filter(|group| !group.is_exact()).count();
    let files = pictures.len();
    run.remark(&format!("{files} files compared: {exact} groups exact, {near} near"));
    run.end()
}

/// So many files with several paths are told one by one.
const TOLD: usize = 20;

fn tell_other_paths(files: &Files) {
    let several = files.inputs.iter().zip(&files.other_paths);
    let several: Vec<_> = several.filter(|(_, others)| !others.is_empty()).collect();
    for (input, others) in several.iter().take(TOLD) {
        let path = input.path().display();
        note(&format!("{path} is one file, also seen as {}", others.join(", ")));
    }
    if several.len() > TOLD {
        note(&format!("and {} more files are seen under several paths", several.len() - TOLD));
    }
}

/// For each place in the list of pictures whether it is a copy, and of which: the file that stays
/// when copies are removed. Copies have the bytes of that file and no link leads to them; a file with
/// links always stays.
fn copies(group: &DuplicateGroup, pictures: &[Picture]) -> HashMap<usize, usize> {
    let mut with_bytes: HashMap<ByteDigest, Vec<usize>> = HashMap::new();
    for place in group.members() {
        if let Some(picture) = pictures.get(place).filter(|picture| picture.file.stays) {
            with_bytes.entry(picture.digest).or_default().push(place);
        }
    }
    let removable = |place: usize| pictures.get(place).is_some_and(|of| of.file.removable);
    let mut copies = HashMap::new();
    for places in with_bytes.values() {
        let stays = places.iter().find(|place| !removable(**place)).or(places.first());
        let Some(&stays) = stays else { continue };
        let rest = places.iter().filter(|place| **place != stays && removable(**place));
        copies.extend(rest.map(|place| (*place, stays)));
    }
    copies
}

#[derive(Serialize)]
struct GroupRow<'a> {
    kind: &'static str,
    files: Vec<FileRow<'a>>,
}

#[derive(Serialize)]
struct FileRow<'a> {
    path: &'a str,
    /// Further paths to this same file: links, or the path in another spelling.
    other_paths: &'a [String],
    /// The file with the same bytes that stays when this one is removed.
    copy_of: Option<&'a str>,
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

/// A picture of a group.
struct Member<'a> {
    /// Its place in the list of pictures.
    place: usize,
    /// The number of its set.
    set: usize,
    /// Whether its set has an earlier one.
    repeats: bool,
    picture: &'a Picture,
}

/// The pictures of a group, in the order of their sets.
fn members<'a>(
    group: &'a DuplicateGroup,
    pictures: &'a [Picture],
) -> impl Iterator<Item = Member<'a>> {
    group.sets.iter().enumerate().flat_map(move |(set, members)| {
        members.iter().enumerate().filter_map(move |(at, &place)| {
            Some(Member { place, set, repeats: at > 0, picture: pictures.get(place)? })
        })
    })
}

impl<'a> GroupRow<'a> {
    fn of(group: &'a DuplicateGroup, pictures: &'a [Picture]) -> Self {
        let first = members(group, pictures).next().map(|member| member.picture);
        let copies = copies(group, pictures);
        let original = |place| pictures.get(*copies.get(&place)?).map(|of| of.path.as_str());
        let files = members(group, pictures).map(|Member { place, set, picture, .. }| FileRow {
            path: &picture.path,
            other_paths: &picture.file.other_paths,
            copy_of: original(place),
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
    let first = members(group, pictures).next().map(|member| member.picture);
    let count = group.members().len();
    let tone = if group.is_exact() { Tone::Bad } else { Tone::Warn };
    let mut text = format!("{}  {count} files\n", style.paint(tone, kind(group)));
    for Member { set, repeats, picture, .. } in members(group, pictures) {
        let relation = match distance(first, set, picture) {
            Some(_) if set == 0 => "same".to_owned(),
            _ if repeats => "= above".to_owned(),
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
        for other in &picture.file.other_paths {
            put(&mut text, format_args!("{:>41}  {}\n", "the same file", clean(other)));
        }
    }
    text
}
