//! One run over many files: rows out, progress, and the exit status.

use gatefold::{BatchOptions, Cancellation, Error};
use indicatif::ProgressBar;

use crate::config::Setting;
use crate::console::{Output, Shape, note};
use crate::outcome::{Exit, Failure};
use crate::text::put;

pub(crate) struct Run {
    shape: Shape,
    wanted: bool,
    options: BatchOptions,
    /// Raised when nobody reads the rows any more, unless they are not all that is wanted.
    stop: Option<Cancellation>,
    output: Output,
    bar: ProgressBar,
    exit: Exit,
    files: usize,
    accepted: u64,
    rejected: u64,
    failed: u64,
}

impl Run {
    pub(crate) fn begin(setting: &Setting, shape: Shape, files: usize) -> Self {
        let stop = Cancellation::new();
        if files == 0 {
            note("there are no files in what was given");
        }
        Self {
            shape,
            wanted: setting.console.wants(shape),
            options: setting.batch_options().cancelled_by(&stop),
            stop: Some(stop),
            output: Output::default(),
            bar: setting.console.bar(files, shape),
            exit: Exit::Accepted,
            files,
            accepted: 0,
            rejected: 0,
            failed: 0,
        }
    }

    /// Goes on when nobody reads the rows: files are written too.
    pub(crate) fn outlives_rows(&mut self) {
        self.stop = None;
    }

    pub(crate) fn options(&self) -> BatchOptions {
        self.options.clone()
    }

    /// Counts one file's result.
    pub(crate) fn count<T>(&mut self, result: &Result<T, Error>) {
        self.bar.inc(1);
        match result {
            Ok(_) => self.accepted += 1,
            Err(error) => {
                let exit = Exit::of_error(error);
                match exit {
                    Exit::Rejected => self.rejected += 1,
                    Exit::Failed => self.failed += 1,
                    Exit::Accepted | Exit::Usage => {}
                }
                self.exit.and(exit);
            }
        }
    }

    /// Something beside the files themselves went wrong, such as writing an output.
    pub(crate) fn fail(&mut self, message: &str) {
        self.bar.suspend(|| note(message));
        self.exit.and(Exit::Failed);
    }

    /// Writes a row in JSON or in text, whichever is asked for.
    pub(crate) fn row(&mut self, json: impl FnOnce() -> String, text: impl FnOnce() -> String) {
        if !self.wanted {
            return;
        }
        let mut row = match self.shape {
            Shape::Json => json(),
            Shape::Text => text(),
        };
        if !row.ends_with('\n') {
            row.push('\n');
        }
        let Self { bar, output, .. } = self;
        // Nobody waits for the rest once the reader is gone.
        let read = bar.suspend(|| output.write(row.as_bytes()));
        if let (false, Some(stop)) = (read, &self.stop) {
            stop.cancel();
        }
    }

    /// A text that is written under the rows, where rows are text.
    pub(crate) fn remark(&mut self, text: &str) {
        if self.shape == Shape::Text {
            self.row(String::new, || text.to_owned());
        }
    }

    /// How many files were judged, in words.
    pub(crate) fn summary(&mut self) {
        if self.files < 2 {
            return;
        }
        let mut text = format!("{} accepted, {} rejected", self.accepted, self.rejected);
        if self.failed > 0 {
            put(&mut text, format_args!(", {} not judged", self.failed));
        }
        self.remark(&text);
    }

    pub(crate) fn end(self) -> Result<Exit, Failure> {
        self.bar.finish_and_clear();
        self.output.end()?;
        Ok(self.exit)
    }
}
