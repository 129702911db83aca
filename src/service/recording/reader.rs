//! Reads stored bytes in windows, within limits of steps, bytes and time.
//!
//! Parsers of audio formats follow what a file says of itself. Every read and seek of theirs comes
//! through here and is counted, so that a hostile file costs what the limits say and no more.

use std::io::{self, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use crate::Cancellation;

/// Bytes fetched at once, and held.
const WINDOW: u64 = 64 * 1024;
/// Windows held at once.
const WINDOWS: usize = 8;
/// Steps between two looks at the clock.
const STEPS_PER_LOOK: u64 = 1024;

/// What reading one recording may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Reads and seeks.
    pub(crate) steps: u64,
    /// Bytes fetched from the store.
    pub(crate) bytes: u64,
    /// Time, waiting for the store included.
    pub(crate) time: Duration,
}

/// Where the bytes come from.
pub(crate) trait Source: Send {
    /// How many there are.
    fn length(&self) -> u64;

    /// The bytes from `start` to `end`, which lie within.
    fn fetch(&mut self, start: u64, end: u64) -> io::Result<bytes::Bytes>;
}

impl Source for Vec<u8> {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn fetch(&mut self, start: u64, end: u64) -> io::Result<bytes::Bytes> {
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let part = range.and_then(|(start, end)| self.get(start..end));
        part.map(bytes::Bytes::copy_from_slice).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// Why reading ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("reading it took more than {0} steps, which is the limit")]
    Steps(u64),
    #[error("reading it took more than {0} bytes, which is the limit")]
    Bytes(u64),
    #[error("reading it took more than {} s, which is the limit", .0.as_secs_f64())]
    Time(Duration),
    #[error("reading it was cancelled")]
    Cancelled,
    #[error("the stored bytes could not be read")]
    Storage,
}

struct Window {
    start: u64,
    bytes: bytes::Bytes,
}

/// A recording's bytes as `Read + Seek`; fails past the limits.
pub(crate) struct Reader<S> {
    source: S,
    limits: Limits,
    cancellation: Cancellation,
    started: Instant,
    /// Where the part that is shown begins and ends.
    base: u64,
    end: u64,
    position: u64,
    steps: u64,
    fetched: u64,
    stopped: Option<Stopped>,
    /// The last used comes first.
    windows: Vec<Window>,
}

impl<S: Source> Reader<S> {
    pub(crate) fn new(source: S, limits: Limits, cancellation: Cancellation) -> Self {
        Self {
            end: source.length(),
            source,
            limits,
            cancellation,
            started: Instant::now(),
            base: 0,
            position: 0,
            steps: 0,
            fetched: 0,
            stopped: None,
            windows: Vec::with_capacity(WINDOWS),
        }
    }

    /// How many bytes are shown.
    pub(crate) fn length(&self) -> u64 {
        self.end.saturating_sub(self.base)
    }

    /// Shows the bytes from here on alone, as if they were the whole file, and goes there.
    pub(crate) fn begin_at(&mut self, offset: u64) {
        self.base = self.base.saturating_add(offset).min(self.end);
        self.position = self.base;
    }

    /// Shows no more than this many bytes.
    pub(crate) fn end_at(&mut self, length: u64) {
        self.end = self.base.saturating_add(length).min(self.end);
    }

    /// Bytes in memory, read within what is left of the same limits.
    pub(crate) fn over(&self, bytes: Vec<u8>) -> Reader<Vec<u8>> {
        let mut inner = Reader::new(bytes, self.limits, self.cancellation.clone());
        (inner.started, inner.steps) = (self.started, self.steps);
        inner
    }

    /// Why reading ended early, if it did.
    pub(crate) fn stopped(&self) -> Option<Stopped> {
        self.stopped
    }

    /// Goes to `offset` and fills `buffer`; false when there are fewer bytes than that.
    pub(crate) fn fill(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<bool> {
        self.seek(SeekFrom::Start(offset))?;
        match self.read_exact(buffer) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The `length` bytes from `offset` on; `None` when there are fewer, or `length` is more than
    /// `max`.
    pub(crate) fn part(
        &mut self,
        offset: u64,
        length: u64,
        max: u64,
    ) -> io::Result<Option<Vec<u8>>> {
        let within = offset.checked_add(length).is_some_and(|end| end <= self.length());
        let Some(length) = usize::try_from(length).ok().filter(|_| within && length <= max) else {
            return Ok(None);
        };
        let mut bytes = vec![0; length];
        Ok(self.fill(offset, &mut bytes)?.then_some(bytes))
    }

    fn stop(&mut self, why: Stopped) -> io::Error {
        let why = *self.stopped.get_or_insert(why);
        io::Error::other(why)
    }

    fn step(&mut self) -> io::Result<()> {
        if let Some(stopped) = self.stopped {
            return Err(self.stop(stopped));
        }
        self.steps += 1;
        if self.steps > self.limits.steps {
            return Err(self.stop(Stopped::Steps(self.limits.steps)));
        }
        if self.steps.is_multiple_of(STEPS_PER_LOOK) { self.look() } else { Ok(()) }
    }

    fn look(&mut self) -> io::Result<()> {
        if self.cancellation.is_cancelled() {
            return Err(self.stop(Stopped::Cancelled));
        }
        if self.started.elapsed() > self.limits.time {
            return Err(self.stop(Stopped::Time(self.limits.time)));
        }
        Ok(())
    }

    /// The window that holds this position, which is within the source; it becomes the first.
    fn window(&mut self, position: u64) -> io::Result<()> {
        let held = |window: &Window| {
            position.checked_sub(window.start).is_some_and(|at| at < window.bytes.len() as u64)
        };
        match self.windows.iter().position(held) {
            Some(0) => Ok(()),
            Some(found) => {
                if let Some(recent) = self.windows.get_mut(..=found) {
                    recent.rotate_right(1);
                }
                Ok(())
            }
            None => {
                let start = position - position % WINDOW;
                let end = start.saturating_add(WINDOW).min(self.source.length());
                let bytes = self.fetch(start, end)?;
                self.windows.truncate(WINDOWS - 1);
                self.windows.insert(0, Window { start, bytes });
                Ok(())
            }
        }
    }

    fn fetch(&mut self, start: u64, end: u64) -> io::Result<bytes::Bytes> {
        self.look()?;
        self.fetched = self.fetched.saturating_add(end.saturating_sub(start));
        if self.fetched > self.limits.bytes {
            return Err(self.stop(Stopped::Bytes(self.limits.bytes)));
        }
        match self.source.fetch(start, end) {
            Ok(bytes) if bytes.len() as u64 == end.saturating_sub(start) => Ok(bytes),
            Ok(_) => Err(self.stop(Stopped::Storage)),
            Err(error) => {
                tracing::error!(%error, "the bytes of a recording could not be read");
                Err(self.stop(Stopped::Storage))
            }
        }
    }
}

impl<S: Source> Read for Reader<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.step()?;
        if self.position >= self.end || buffer.is_empty() {
            return Ok(0);
        }
        self.window(self.position)?;
        let Some(window) = self.windows.first() else { return Ok(0) };
        let at = usize::try_from(self.position.saturating_sub(window.start)).unwrap_or(usize::MAX);
        let there = window.bytes.get(at..).unwrap_or_default();
        let shown = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let count = there.len().min(buffer.len()).min(shown);
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), there.get(..count)) {
            to.copy_from_slice(from);
        }
        self.position = self.position.saturating_add(count as u64);
        Ok(count)
    }
}

impl<S: Source> Seek for Reader<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.step()?;
        let position = match to {
            SeekFrom::Start(offset) => self.base.checked_add(offset),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        match position.filter(|&position| position >= self.base) {
            Some(position) => {
                self.position = position;
                Ok(position.saturating_sub(self.base))
            }
            None => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}
