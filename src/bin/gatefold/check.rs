//! `gatefold check`: validate only.

use crate::batch::Run;
use crate::config::{CheckTask, Setting};
use crate::inputs::{Input, gather};
use crate::outcome::{Exit, Failure};
use crate::rows::{Judged, Row, line};
use crate::text;

pub(crate) fn run(setting: &Setting, task: CheckTask) -> Result<Exit, Failure> {
    let pipeline = setting.pipeline(task.policy).build()?;
    let inputs = gather(task.paths)?;
    let style = setting.console.style();
    let mut run = Run::begin(setting, task.shape, inputs.len());
    let options = run.options();
    pipeline.check_batch(inputs.into_iter().map(Input::into_source), &options, |item| {
        run.count(&item.result);
        let result = item.result.as_ref();
        run.row(
            || line(&Row { path: &item.id, rest: Judged::of(result) }),
            || text::judged(style, &item.id, result),
        );
    });
    run.summary();
    run.end()
}
