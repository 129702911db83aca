//! `gatefold resize`: one smaller version of each picture.

use gatefold::Report;

use crate::batch::Run;
use crate::config::{ResizeTask, Setting};
use crate::inputs::{Input, gather};
use crate::outcome::{Exit, Failure};
use crate::rows::{Judged, RenditionRow, Resized, Row, line};
use crate::store::{Kind, Store};
use crate::target::Protected;
use crate::{process, text};

pub(crate) fn run(setting: &Setting, task: ResizeTask) -> Result<Exit, Failure> {
    let pipeline = setting
        .pipeline(task.policy)
        .rendition(task.spec)
        .image_colors(false)
        .perceptual_hash(false)
        .build()?;
    let inputs = gather(task.paths)?;
    let protected = Protected::of(&inputs, task.policy_file.as_deref());
    let kinds = [Kind::plain(&task.spec)];
    let mut store = Store::open(&task.out, &inputs, &kinds, &protected, None)?;
    let style = setting.console.style();
    let mut run = Run::begin(setting, task.shape, inputs.len());
    run.outlives_rows();
    let options = run.options();
    pipeline.process_batch(inputs.into_iter().map(Input::into_source), &options, |mut item| {
        run.count(&item.result);
        let mut rows = Vec::new();
        let mut lines = String::new();
        if let Ok(report) = &mut item.result {
            for (kind, rendition) in kinds.iter().zip(report.take_renditions()) {
                let written = store.write(&item.id, kind, rendition.format(), rendition.bytes());
                let path = match &written {
                    Ok(path) => Some(path.as_path()),
                    Err(message) => {
                        run.fail(&format!("{}: {message}", item.id));
                        None
                    }
                };
                process::rendition_line(&mut lines, style, &rendition, path);
                rows.push(RenditionRow::of(&rendition, path));
            }
        }
        let inspection = item.result.as_ref().map(Report::inspection);
        run.row(
            || {
                line(&Row {
                    path: &item.id,
                    rest: Resized { judged: Judged::of(inspection), renditions: &rows },
                })
            },
            || text::judged(style, &item.id, inspection) + &lines,
        );
    });
    run.summary();
    run.end()
}
