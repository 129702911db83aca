//! Reading every coded byte of every frame, keeping no pixel: is the whole picture there?

mod gif;
mod png;
#[cfg(test)]
mod tests;
#[cfg_attr(feature = "libwebp", allow(unused_imports, reason = "libwebp makes the pixels"))]
pub(crate) mod vp8;
mod vp8l;
mod webp;

pub(crate) use png::{RawRows, read as png_rows};
#[cfg(not(feature = "libwebp"))]
pub(crate) use webp::read as read_webp;
#[cfg(feature = "libwebp")]
pub(crate) use webp::{SLACK as WEBP_SLACK, modes as webp_modes};

use crate::cancel::Cancellation;
use crate::container::Structure;
use crate::decode::Stop;
use crate::finding::{Finding, FindingKind};
use crate::format::Format;
use crate::policy::Limits;

/// Reads all coded data and says what is missing, damaged or too much.
///
/// Sizes, frames and their product were judged before; a structure with errors is not verified,
/// since its verdict stands.
pub(crate) fn verify(
    bytes: &[u8],
    structure: &Structure,
    limits: &Limits,
    cancel: &Cancellation,
) -> Result<Vec<Finding>, Stop> {
    match structure.format() {
        Format::Png => png::verify(bytes, structure, cancel),
        Format::Gif => gif::verify(bytes, structure, cancel),
        Format::WebP => webp::verify(bytes, structure, limits, cancel),
        Format::Jpeg => crate::decode::jpeg::verify(bytes, structure, limits, cancel),
    }
}

/// Why a bitstream cannot be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Truncated(&'static str),
    Corrupt(&'static str),
    Unsupported(&'static str),
    /// Bytes that reading on would need.
    Memory(u64),
    Cancelled,
}

impl Fault {
    fn finding(self, limits: &Limits) -> Result<Finding, Stop> {
        Ok(Finding::error(match self {
            Self::Truncated(what) => FindingKind::Truncated { what },
            Self::Corrupt(what) => FindingKind::Corrupt { what },
            Self::Unsupported(what) => FindingKind::Unsupported { what },
            Self::Memory(needed) => FindingKind::TooMuchMemory { needed, max: limits.max_memory },
            Self::Cancelled => return Err(Stop::Cancelled),
        }))
    }
}
