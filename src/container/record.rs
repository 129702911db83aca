//! Writing down what a walk finds, under caps: a hostile file must not make the record large.

use std::ops::Range;

use super::{Part, PartKind, PartName, Structure, Trailing, trailer};
use crate::finding::{Finding, FindingKind};
use crate::format::Format;
use crate::policy::Limits;

/// Findings kept of one walk; whoever breaks more rules is described well enough by the first ones.
const MAX_FINDINGS: usize = 100;

/// The walk ends here; why is among the findings.
#[derive(Debug)]
pub(super) struct Halt;

/// Whether the walk goes on.
pub(super) type Step = Result<(), Halt>;

/// The structure under construction.
pub(super) struct Record<'a> {
    pub(super) structure: Structure,
    pub(super) bytes: &'a [u8],
    limits: &'a Limits,
    metadata_full: bool,
}

impl<'a> Record<'a> {
    pub(super) fn new(format: Format, bytes: &'a [u8], limits: &'a Limits) -> Self {
        Self { structure: Structure::new(format), bytes, limits, metadata_full: false }
    }

    pub(super) const fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// Something untidy that does not refuse the file.
    pub(super) fn irregular(&mut self, at: usize, what: &'static str) {
        self.warn(at, FindingKind::Irregular { what });
    }

    pub(super) fn warn(&mut self, at: usize, kind: FindingKind) {
        self.note(Finding::warning(kind).at(at as u64));
    }

    pub(super) fn error(&mut self, at: usize, kind: FindingKind) {
        // Errors get through a record full of warnings: the verdict hangs on them.
        if self.structure.findings.len() >= MAX_FINDINGS && !self.failed() {
            self.structure.findings.pop();
        }
        self.note(Finding::error(kind).at(at as u64));
    }

    fn note(&mut self, finding: Finding) {
        if self.structure.findings.len() < MAX_FINDINGS {
            self.structure.findings.push(finding);
        }
    }

    /// A broken rule; the walk may go on.
    pub(super) fn corrupt(&mut self, at: usize, what: &'static str) {
        self.error(at, FindingKind::Corrupt { what });
    }

    /// A broken rule behind which nothing can be understood.
    pub(super) fn fatal(&mut self, at: usize, what: &'static str) -> Halt {
        self.corrupt(at, what);
        Halt
    }

    /// Part of the picture is not there.
    pub(super) fn truncated(&mut self, at: usize, what: &'static str) {
        self.error(at, FindingKind::Truncated { what });
    }

    /// Whether an error was recorded.
    pub(super) fn failed(&self) -> bool {
        self.structure.findings.iter().any(Finding::is_error)
    }

    /// Writes a part down, or stops the walk when there are too many.
    pub(super) fn part(
        &mut self,
        name: &[u8],
        kind: PartKind,
        span: Range<usize>,
        payload: Range<usize>,
        depth: u8,
    ) -> Step {
        let max = self.limits.max_parts;
        if self.structure.parts.len() as u64 >= max {
            self.error(span.start, FindingKind::TooManyParts { max });
            return Err(Halt);
        }
        self.structure.parts.push(Part {
            name: PartName::new(name),
            kind,
            span: wide(&span),
            payload: wide(&payload),
            depth,
        });
        Ok(())
    }

    /// Metadata bytes still allowed.
    pub(super) const fn metadata_left(&self) -> u64 {
        self.limits.max_metadata_bytes.saturating_sub(self.structure.metadata_bytes)
    }

    /// Counts metadata; the limit is reported once.
    pub(super) fn metadata(&mut self, at: usize, bytes: u64) {
        let total = self.structure.metadata_bytes.saturating_add(bytes);
        self.structure.metadata_bytes = total;
        let max = self.limits.max_metadata_bytes;
        if total > max && !self.metadata_full {
            self.metadata_full = true;
            self.error(at, FindingKind::TooMuchMetadata { actual: total, max });
        }
    }

    /// Looks for scripts and markup in text that the file carries, unless there is so much of it
    /// that the file is refused anyway.
    pub(super) fn text(&mut self, at: usize, text: &[u8]) {
        if !self.metadata_full
            && let Some(looks_like) = trailer::script_in(text)
        {
            self.warn(at, FindingKind::EmbeddedScript { looks_like });
        }
    }

    /// Sets the end of the picture; what follows it becomes the trailing part.
    pub(super) fn ends_at(&mut self, end: usize) {
        self.structure.end = end as u64;
        let Some(tail) = self.bytes.get(end..).filter(|tail| !tail.is_empty()) else {
            return;
        };
        let looks_like = trailer::looks_like(tail);
        let span = end..self.bytes.len();
        let bytes = tail.len() as u64;
        self.warn(end, FindingKind::TrailingData { bytes, looks_like });
        self.structure.trailing =
            Some(Trailing { span: wide(&span), looks_like, announced: false });
        // One part too many would only repeat what the finding says.
        let _ = self.part(b"trailing", PartKind::Trailing, span.clone(), span, 0);
    }
}

/// A span in the width that structures use.
pub(super) fn wide(span: &Range<usize>) -> Range<u64> {
    span.start as u64..span.end as u64
}
