//! `gatefold process`: everything, and the report page.

use std::path::Path;
use std::sync::Arc;

use gatefold::{DuplicateIndex, Error, MemoryIndex, Rendition, Report};

use crate::batch::Run;
use crate::config::{ProcessTask, Setting};
use crate::identity::Identity;
use crate::inputs::{Files, Input, gather, leave_out};
use crate::outcome::{Exit, Failure};
use crate::report::{Page, is_page};
use crate::rows::{Processed, RenditionRow, Row, duplicate_of, line};
use crate::store::{Kind, Store};
use crate::target::{Protected, Target, sniff};
use crate::text::{self, Style, Tone, clean};
use crate::units;

/// Bits of 64 in which pictures may differ that are called alike.
const ALIKE: u32 = 10;
/// So many are named.
const NAMED: usize = 3;

pub(crate) fn run(setting: &Setting, task: ProcessTask) -> Result<Exit, Failure> {
    let index = Arc::new(MemoryIndex::new());
    let mut builder = setting
        .pipeline(task.policy.clone())
        .duplicates(Arc::clone(&index) as Arc<dyn DuplicateIndex>);
    for spec in &task.specs {
        builder = builder.rendition(*spec);
    }
    if task.report.is_some() {
        for spec in Page::renditions() {
            builder = builder.rendition(spec);
        }
    }
    let pipeline = builder.build()?;
    let mut inputs = gather(task.paths)?;
    if let Some(page) = task.report.as_deref().filter(|path| is_page(path))
        && let Some(earlier) = Identity::of_file(page)
    {
        leave_out(&mut inputs, &earlier, "the report of an earlier run, which is written anew");
    }
    let Files { inputs, other_paths } = Files::of(inputs);
    let protected = Protected::of(&inputs, task.policy_file.as_deref());
    let report = match &task.report {
        Some(path) => Some(report_at(path, task.overwrite, &protected)?),
        None => None,
    };
    let kinds: Vec<Kind> = task.specs.iter().map(Kind::sized).collect();
    let mut store = match &task.out {
        Some(out) => Some(Store::open(out, &inputs, &kinds, &protected, report.as_ref())?),
        None => None,
    };
    let mut page = match report {
        Some(target) => Some(Page::begin(target, &task.policy)?),
        None => None,
    };
    let style = setting.console.style();
    let mut run = Run::begin(setting, task.shape, inputs.len());
    if store.is_some() || page.is_some() {
        run.outlives_rows();
    }
    let options = run.options();
    pipeline.process_batch(inputs.into_iter().map(Input::into_source), &options, |mut item| {
        if matches!(item.result, Err(Error::Cancelled)) {
            return;
        }
        run.count(&item.result);
        let mut renditions = Vec::new();
        let mut near = Vec::new();
        if let Ok(report) = &mut item.result {
            near = alike(&index, report);
            keep(report, &item.id, &mut run);
            renditions = report.take_renditions();
        }
        // What lies behind those of the user was asked for by the page.
        let own = renditions.split_off(task.specs.len().min(renditions.len()));
        let mut rows = Vec::new();
        let mut lines = String::new();
        for (kind, rendition) in kinds.iter().zip(&renditions) {
            let written = store
                .as_mut()
                .map(|store| store.write(&item.id, kind, rendition.format(), rendition.bytes()));
            let path = match written.transpose() {
                Ok(path) => path,
                Err(message) => {
                    run.fail(&format!("{}: {message}", item.id));
                    None
                }
            };
            rendition_line(&mut lines, style, rendition, path.as_deref());
            rows.push(RenditionRow::of(rendition, path.as_deref()));
        }
        if let Some(page) = &mut page {
            page.add(&item.id, &item.result, &own, &renditions, &near);
        }
        let place = usize::try_from(item.index).ok();
        let others = place.and_then(|place| other_paths.get(place)).map_or(&[][..], Vec::as_slice);
        run.row(
            || line(&Row { path: &item.id, rest: Processed::of(&item.result, others, &rows) }),
            || row(style, &item.id, others, &item.result, &near) + &lines,
        );
    });
    run.summary();
    if let Some(page) = page {
        match page.end() {
            Ok(path) => run.remark(&format!("report: {}", clean(&path.to_string_lossy()))),
            Err(message) => run.fail(&message),
        }
    }
    run.end()
}

/// The file of the page: an earlier page may be replaced. No picture may, whatever is said: a shell
/// that expands `--report *.jpg` gives the first of them here.
fn report_at(path: &Path, overwrite: bool, protected: &Protected) -> Result<Target, Failure> {
    let what = "--report";
    protected.refuse(what, path)?;
    if let Some(format) = sniff(path) {
        return Err(Failure::usage(format!(
            "{what} {} would replace a picture ({format}); write --report page.html {}",
            path.display(),
            path.display()
        )));
    }
    Target::at(what, path, overwrite, protected, is_page)
}

/// Earlier pictures that look like this one and are not the same.
fn alike(index: &MemoryIndex, report: &Report) -> Vec<(String, u32)> {
    let Some(hash) = report.digests().perceptual else {
        return Vec::new();
    };
    let same = report.duplicate_of().map(|known| known.id.as_str());
    index
        .near("", hash, ALIKE)
        .unwrap_or_default()
        .into_iter()
        .filter(|near| Some(near.id.as_str()) != same)
        .map(|near| (near.id, near.distance))
        .take(NAMED)
        .collect()
}

/// Makes the picture the one that later duplicates are told of.
fn keep(report: &mut Report, id: &str, run: &mut Run) {
    let committed = report.take_reservation().map_or(Ok(()), |reservation| reservation.commit(id));
    if let Err(error) = committed {
        run.fail(&format!("{id}: {error}"));
    }
}

fn row(
    style: Style,
    path: &str,
    others: &[String],
    result: &Result<Report, Error>,
    near: &[(String, u32)],
) -> String {
    let mut row = text::judged(style, path, result.as_ref().map(Report::inspection));
    for other in others {
        text::line(&mut row, &format!("the same file as {}", clean(other)));
    }
    let Ok(report) = result else { return row };
    if let Some(original) = duplicate_of(result) {
        let label = style.paint(Tone::Warn, "duplicate");
        text::line(&mut row, &format!("{label} of {}", clean(original)));
    }
    for (path, bits) in near {
        text::line(&mut row, &format!("alike    {} ({bits} bits of 64)", clean(path)));
    }
    let digests = report.digests();
    let mut image = digests.image.to_string();
    image.truncate(16);
    let perceptual = digests.perceptual.map_or_else(|| "-".to_owned(), |hash| hash.to_string());
    text::line(&mut row, &format!("image    {image}\u{2026}  perceptual {perceptual}"));
    row.push_str(&text::colors(style, report.image_colors(), report.player_color()));
    row
}

pub(crate) fn rendition_line(
    lines: &mut String,
    style: Style,
    rendition: &Rendition,
    path: Option<&Path>,
) {
    let size = rendition.size().to_string();
    let bytes = units::size(rendition.bytes().len() as u64);
    let format = rendition.format().name();
    let path = path.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
    let text = format!(
        "{} {format:<4} {size:>11}  {bytes:>8}  {}",
        style.paint(Tone::Dim, "\u{2192}"),
        clean(&path)
    );
    text::line(lines, text.trim_end());
}
