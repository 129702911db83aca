//! `gatefold colors`: the colours of each picture.

use gatefold::Report;

use crate::batch::Run;
use crate::config::{CheckTask, Setting};
use crate::inputs::{Input, gather};
use crate::outcome::{Exit, Failure};
use crate::rows::{Colors, Row, line};
use crate::text;

pub(crate) fn run(setting: &Setting, task: CheckTask) -> Result<Exit, Failure> {
    let pipeline = setting.pipeline(task.policy).perceptual_hash(false).build()?;
    let inputs = gather(task.paths)?;
    let style = setting.console.style();
    let mut run = Run::begin(setting, task.shape, inputs.len());
    let options = run.options();
    pipeline.process_batch(inputs.into_iter().map(Input::into_source), &options, |item| {
        run.count(&item.result);
        run.row(
            || line(&Row { path: &item.id, rest: Colors::of(&item.result) }),
            || {
                let inspection = item.result.as_ref().map(Report::inspection);
                let mut row = text::judged(style, &item.id, inspection);
                if let Ok(report) = &item.result {
                    let colors = report.image_colors();
                    row.push_str(&text::colors(style, colors, report.player_color()));
                }
                row
            },
        );
    });
    run.summary();
    run.end()
}
