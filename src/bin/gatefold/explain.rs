//! `gatefold explain`: a file's structure, what was found where in it, and why the policy accepts
//! or rejects it.

mod fold;
mod limits;
mod rows;
mod text;

use std::fs::File;
use std::path::Path;

use gatefold::{Error, Pipeline, Upload};

use crate::config::{ExplainTask, Setting};
use crate::console::{Shape, print};
use crate::inputs::{Input, refuse_output};
use crate::outcome::{Exit, Failure};

/// The file of a command that takes one; never the one that standard output goes to.
pub(crate) fn input(path: &Path) -> Result<Input, Failure> {
    let input = if Input::is_stdin(path) { Input::Stdin } else { Input::File(path.to_owned()) };
    refuse_output(std::slice::from_ref(&input))?;
    Ok(input)
}

/// One file for a command that takes one.
pub(crate) fn read(pipeline: &Pipeline, path: &Path) -> Result<Upload<'static>, Error> {
    if Input::is_stdin(path) {
        return pipeline.read(std::io::stdin());
    }
    let upload = pipeline.read(File::open(path)?)?;
    Ok(match path.file_name() {
        Some(name) => upload.claiming_name(name.to_string_lossy()),
        None => upload,
    })
}

pub(crate) fn run(setting: &Setting, task: &ExplainTask) -> Result<Exit, Failure> {
    let pipeline = setting.pipeline(task.policy.clone()).build()?;
    input(&task.path)?;
    let (bytes, result) = match read(&pipeline, &task.path) {
        Ok(upload) => {
            let result = pipeline.check(&upload);
            (upload.into_bytes(), result)
        }
        Err(error) => (Vec::new(), Err(error)),
    };
    let exit = result.as_ref().map_or_else(Exit::of_error, |_| Exit::Accepted);
    if !setting.console.wants(task.shape) {
        return Ok(exit);
    }
    let path = task.path.to_string_lossy();
    let answer = result.as_ref();
    let output = match task.shape {
        Shape::Json => rows::line(&path, answer, &task.policy) + "\n",
        Shape::Text => {
            let style = setting.console.style();
            text::explained(style, &path, &bytes, answer, &task.policy, task.all)
        }
    };
    print(output.as_bytes())?;
    Ok(exit)
}
