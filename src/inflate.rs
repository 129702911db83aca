//! Inflating a zlib stream (RFC 1950) piece by piece through one small window, keeping nothing.

use std::ops::ControlFlow;

use fdeflate::{DecompressionError, Decompressor};

/// A back-reference reaches this far (RFC 1951 section 2).
const LOOKBACK: usize = 32 * 1024;
/// Room for new bytes beside the lookback; larger gains nothing and leaves the cache.
const FRESH: usize = 64 * 1024;

/// Why a stream cannot be inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The input ended before the stream did.
    Short,
    /// All data came out, and their Adler-32 is another.
    Checksum,
    /// A rule of the format is broken.
    Corrupt,
}

/// A stream being inflated.
pub(crate) struct Inflater {
    state: Decompressor,
    window: Vec<u8>,
    filled: usize,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Self { state: Decompressor::new(), window: vec![0; LOOKBACK + FRESH], filled: 0 }
    }

    /// Ready for another stream, in the same memory.
    pub(crate) fn restart(&mut self) {
        self.state = Decompressor::new();
        self.filled = 0;
    }

    /// Whether the end of the stream was reached, its checksum included.
    pub(crate) fn is_done(&self) -> bool {
        self.state.is_done()
    }

    /// Inflates a piece and hands the bytes to `sink` until it breaks; says how many bytes of
    /// `input` were used. `last` says that no more input will come.
    pub(crate) fn feed(
        &mut self,
        input: &[u8],
        last: bool,
        mut sink: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(usize, ControlFlow<()>), Broken> {
        let mut used = 0;
        loop {
            if self.filled == self.window.len() {
                self.window.copy_within(self.filled - LOOKBACK.., 0);
                self.filled = LOOKBACK;
            }
            let rest = input.get(used..).unwrap_or_default();
            let (read, written) = match self.state.read(rest, &mut self.window, self.filled, last) {
                Ok(step) => step,
                Err(DecompressionError::InsufficientInput) => return Err(Broken::Short),
                Err(DecompressionError::WrongChecksum) => return Err(Broken::Checksum),
                Err(_) => return Err(Broken::Corrupt),
            };
            let start = self.filled;
            self.filled += written;
            used += read;
            let fresh = self.window.get(start..self.filled).unwrap_or_default();
            if !fresh.is_empty() && sink(fresh).is_break() {
                return Ok((used, ControlFlow::Break(())));
            }
            if self.state.is_done() || (self.filled < self.window.len() && used == input.len()) {
                return Ok((used, ControlFlow::Continue(())));
            }
            if read == 0 && written == 0 && self.filled < self.window.len() {
                // No progress with room and input left would loop for ever.
                return Err(Broken::Corrupt);
            }
        }
    }
}
