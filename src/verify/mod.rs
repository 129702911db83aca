//! Reading every coded byte of every frame, keeping no pixel: is the whole picture there?

mod gif;
mod png;

use crate::cancel::Cancellation;
use crate::container::Structure;
use crate::decode::Stop;
use crate::finding::Finding;
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
        Format::Jpeg => crate::decode::jpeg::verify(bytes, structure, limits, cancel),
        Format::WebP => Ok(Vec::new()),
    }
}
