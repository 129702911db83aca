//! Standard output and standard error: rows, progress, notes.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::When;
use crate::outcome::Failure;
use crate::text::{Style, clean};

/// Below so many files no progress is worth showing.
const MANY: usize = 16;

/// One line on standard error. Nothing is left to do when even that fails.
pub(crate) fn note(message: &str) {
    let _ = writeln!(io::stderr(), "gatefold: {}", clean(message));
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Json,
}

impl Shape {
    pub(crate) const fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

/// What the user wants to see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    quiet: bool,
    style: Style,
}

impl Console {
    pub(crate) fn new(quiet: bool, color: When) -> Self {
        let color = match color {
            When::Always => true,
            When::Never => false,
            // https://no-color.org: any value but the empty one.
            When::Auto => {
                io::stdout().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Self { quiet, style: Style::new(color) }
    }

    pub(crate) const fn style(self) -> Style {
        self.style
    }

    /// Whether rows of this shape are wanted: `--quiet` silences text, JSON was asked for.
    pub(crate) const fn wants(self, shape: Shape) -> bool {
        matches!(shape, Shape::Json) || !self.quiet
    }

    /// A bar on standard error, where somebody can see it and it does not run through the rows.
    pub(crate) fn bar(self, files: usize, shape: Shape) -> ProgressBar {
        let stderr = io::stderr().is_terminal();
        let between_rows = shape == Shape::Json && io::stdout().is_terminal();
        if !stderr || self.quiet || files < MANY || between_rows {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(
            Some(files as u64),
            ProgressDrawTarget::stderr_with_hz(8),
        );
        let style = ProgressStyle::with_template("{bar:32} {pos}/{len} {wide_msg} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = bar.with_style(style);
        bar.enable_steady_tick(Duration::from_millis(500));
        bar
    }
}

/// Standard output. Once its reader is gone, or it fails, nothing more is written.
#[derive(Debug, Default)]
pub(crate) struct Output {
    failed: Option<io::Error>,
}

impl Output {
    /// Writes this text; false when nobody reads any more.
    pub(crate) fn write(&mut self, text: &[u8]) -> bool {
        if self.failed.is_none() {
            let mut stdout = io::stdout().lock();
            let written = stdout.write_all(text).and_then(|()| stdout.flush());
            self.failed = written.err();
        }
        self.failed.is_none()
    }

    /// # Errors
    /// When writing failed. A closed pipe is no failure: its reader had enough.
    pub(crate) fn end(self) -> Result<(), Failure> {
        match self.failed {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::io(format!("standard output cannot be written: {error}")))
            }
            _ => Ok(()),
        }
    }
}

/// All of a text at once.
pub(crate) fn print(text: &[u8]) -> Result<(), Failure> {
    let mut output = Output::default();
    output.write(text);
    output.end()
}
