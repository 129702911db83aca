//! A file's ICC profile, put together from its pieces.

use std::borrow::Cow;
use std::io::Read;

use super::cms::{self, Plan, Transform};
use super::{Job, Mode};
use crate::container::{Structure, slice};
use crate::finding::{ColorModel, Finding, FindingKind};
use crate::format::Format;

/// Bytes that the file's profile takes at most on its way to a transform.
pub(super) fn memory_needed(structure: &Structure) -> u64 {
    if structure.icc.is_empty() || structure.format == Format::Gif {
        return 0;
    }
    let stored = structure.icc.iter().map(|s| s.end.saturating_sub(s.start)).sum::<u64>();
    // PNG deflates it; the walk has counted what it inflates to, among other things.
    let inflated =
        if structure.format == Format::Png { structure.metadata_bytes.max(stored) } else { stored };
    cms::memory_needed(inflated)
}

/// The profile's bytes; `None` when the file has none.
fn bytes<'a>(job: &Job<'a>) -> Option<Result<Cow<'a, [u8]>, &'static str>> {
    let structure = job.structure;
    let pieces = structure.icc.as_slice();
    let [first, rest @ ..] = pieces else {
        return None;
    };
    let length = pieces.iter().map(|s| s.end.saturating_sub(s.start)).sum::<u64>();
    if length > cms::MAX_PROFILE as u64 {
        return Some(Err("it is too large"));
    }
    let stored = if rest.is_empty() {
        Cow::Borrowed(slice(job.bytes, first))
    } else {
        Cow::Owned(pieces.iter().flat_map(|s| slice(job.bytes, s)).copied().collect())
    };
    if structure.format != Format::Png {
        return Some(Ok(stored));
    }
    let mut inflated = Vec::new();
    let cap = cms::MAX_PROFILE as u64 + 1;
    // What was inflated before an error is kept: the parser decides whether it suffices.
    let _ = flate2::read::ZlibDecoder::new(&*stored).take(cap).read_to_end(&mut inflated);
    Some(Ok(Cow::Owned(inflated)))
}

/// What to do about the file's colours by its ICC profile. `None` when it has none that is of use;
/// then, if it has one at all, a finding says why.
pub(super) fn plan(
    job: &Job<'_>,
    model: ColorModel,
    sixteen_bits: bool,
    findings: &mut Vec<Finding>,
) -> Option<Plan> {
    if job.mode == Mode::Stored {
        return None;
    }
    let made = bytes(job)?.and_then(|icc| Transform::from_icc(&icc, model, sixteen_bits));
    match made {
        Ok(plan) => Some(plan),
        Err(what) => {
            let offset = job.structure.icc.first().map_or(0, |s| s.start);
            findings.push(Finding::warning(FindingKind::UnusableProfile { what }).at(offset));
            None
        }
    }
}
