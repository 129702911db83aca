//! WebP: each VP8, VP8L and ALPH chunk is read to its last pixel.

use super::{Fault, vp8, vp8l};
use crate::cancel::Cancellation;
use crate::container::{Part, PartKind, Structure, slice};
use crate::decode::Stop;
use crate::finding::{Finding, FindingKind};
use crate::geometry::Size;
use crate::policy::Limits;

/// Unread bytes that pass without a word: writers end within two. More come with bytes put behind
/// the data, or with bytes that are missing from the middle, after which fewer are used up.
pub(crate) const SLACK: usize = 2;

pub(super) fn verify(
    bytes: &[u8],
    structure: &Structure,
    limits: &Limits,
    cancel: &Cancellation,
) -> Result<Vec<Finding>, Stop> {
    read(bytes, structure, (limits, cancel), &mut ())
}

/// The same, with a sink for what is read of lossy pictures: the one of a file that has one.
pub(crate) fn read(
    bytes: &[u8],
    structure: &Structure,
    (limits, cancel): (&Limits, &Cancellation),
    sink: &mut impl vp8::Sink,
) -> Result<Vec<Finding>, Stop> {
    let mut findings = Vec::new();
    let tables = crate::decode::webp::tables(structure, limits);
    let mut frame = structure.stored_size();
    for part in structure.parts() {
        let data = slice(bytes, &part.payload);
        let read = match part.name.as_str() {
            "ANMF" => {
                frame = frame_size(data).unwrap_or(frame);
                continue;
            }
            _ if part.kind != PartKind::ImageData => continue,
            "VP8 " => vp8::verify(data, cancel, sink),
            "VP8L" => lossless(data, tables, cancel),
            "ALPH" => alpha(data, frame, tables, cancel),
            _ => continue,
        };
        match read {
            Ok(unread) => findings.extend((unread > SLACK).then(|| left_over(part))),
            Err(fault) => findings.push(fault.finding(limits)?.at(part.span.start)),
        }
    }
    Ok(findings)
}

fn left_over(part: &Part) -> Finding {
    let what = "coded data are left over behind the last row";
    Finding::warning(FindingKind::Irregular { what }).at(part.payload.start)
}

/// The first partition of the one lossy picture of a file is sound; what its only other partition
/// holds is yet to be read.
#[cfg(feature = "libwebp")]
pub(crate) struct Modes {
    spare: bool,
    left_over: Finding,
}

#[cfg(feature = "libwebp")]
impl Modes {
    /// What [`verify`] finds where the coefficients turned out whole; `spare` when more than
    /// [`SLACK`] bytes of them are left.
    pub(crate) fn with_tokens(self, spare: bool) -> Vec<Finding> {
        Some(self.left_over).filter(|_| self.spare || spare).into_iter().collect()
    }
}

/// Reads that first partition alone. `None` where a whole [`verify`] must say what is to be said:
/// because something is wrong, or coefficients come in several partitions.
#[cfg(feature = "libwebp")]
pub(crate) fn modes(structure: &Structure, picture: &[u8]) -> Option<Modes> {
    let unread = vp8::modes(picture)?;
    let part = structure.parts().iter().find(|part| part.name.as_str() == "VP8 ")?;
    Some(Modes { spare: unread > SLACK, left_over: left_over(part) })
}

fn frame_size(header: &[u8]) -> Option<Size> {
    let side = |at: usize| match header.get(at..at + 3) {
        Some([a, b, c]) => Some(u32::from_le_bytes([*a, *b, *c, 0]) + 1),
        _ => None,
    };
    Some(Size::new(side(6)?, side(9)?))
}

fn lossless(data: &[u8], tables: u64, cancel: &Cancellation) -> Result<usize, Fault> {
    let Some((head, stream)) = data.split_at_checked(5) else {
        return Err(Fault::Truncated("a lossless image ends inside its header"));
    };
    let bits = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
    let size = Size::new((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1);
    vp8l::verify(stream, size, tables, cancel)
}

/// Alpha is a plane of bytes, or the green of a lossless image without a header (RFC 9649
/// §2.7.1.2).
fn alpha(data: &[u8], size: Size, tables: u64, cancel: &Cancellation) -> Result<usize, Fault> {
    let Some((info, stream)) = data.split_first() else {
        return Err(Fault::Truncated("an ALPH chunk is empty"));
    };
    if info & 3 == 1 {
        return vp8l::verify(stream, size, tables, cancel);
    }
    let present = stream.len() as u64;
    match present.checked_sub(size.pixels()) {
        Some(unread) => Ok(usize::try_from(unread).unwrap_or(usize::MAX)),
        None => Err(Fault::Truncated("the alpha of an image ends before its last row")),
    }
}
