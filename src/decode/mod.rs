//! The one seam behind which files are decoded or verified.

mod jpeg;

use crate::cancel::Cancellation;
use crate::container::Structure;
use crate::finding::{Finding, FindingKind};
use crate::pixels::Pixels;
use crate::policy::Limits;

/// Why decoding stopped without pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The file is to blame, or a panic was caught (`FindingKind::Internal`).
    Finding(Finding),
    /// The flag was raised.
    Cancelled,
}

/// How far decoding goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As stored: no orientation, no colour management. RGBA8.
    Stored,
    /// As shown: oriented, in sRGB. RGB8 when the file declares no alpha, else RGBA8.
    Shown,
}

/// The first meaningful frame, and what there is to say about it.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) pixels: Pixels,
    /// Warnings, such as a colour profile that could not be used.
    pub(crate) findings: Vec<Finding>,
}

/// Bytes that [`decode`] will allocate at most, beside the file itself.
pub(crate) fn memory_needed(_structure: &Structure, _mode: Mode) -> u64 {
    0
}

/// Decodes the first frame that shows something.
pub(crate) fn decode(
    _bytes: &[u8],
    _structure: &Structure,
    _mode: Mode,
    _limits: &Limits,
    _cancel: &Cancellation,
) -> Result<Decoded, Stop> {
    Err(Stop::Finding(Finding::error(FindingKind::Internal {
        stage: "decode",
    })))
}

/// Reads every coded byte of every frame and says what is missing or damaged; keeps no pixels.
pub(crate) fn verify(
    _bytes: &[u8],
    _structure: &Structure,
    _limits: &Limits,
    _cancel: &Cancellation,
) -> Result<Vec<Finding>, Stop> {
    Ok(Vec::new())
}
