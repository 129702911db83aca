//! What the application segments APP0 to APP15 say.

use std::ops::Range;

use super::super::exif::{self, Tiff};
use super::{Frame, JpegTransform, PartKind};
use crate::geometry::Orientation;

const ICC: &[u8] = b"ICC_PROFILE\0";
const MPF: &[u8] = b"MPF\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Bytes of a JFIF segment without a thumbnail (JFIF 1.02).
pub(super) const JFIF_LENGTH: usize = 14;
/// Bytes of Adobe's APP14 segment (Adobe technical note 5116).
pub(super) const ADOBE_LENGTH: usize = 12;

/// One piece of an ICC profile.
#[derive(Debug)]
struct Piece {
    number: u8,
    of: u8,
    span: Range<u64>,
}

const UNKNOWN_TRANSFORM: &str = "the Adobe marker names a colour transform that does not exist";

/// What the application segments seen so far have said.
#[derive(Debug, Default)]
pub(super) struct Apps {
    jfif: bool,
    /// The transform byte of the last Adobe segment.
    adobe: Option<u8>,
    icc: Vec<Piece>,
    /// Where the TIFF block of a multi-picture index starts, and where it ends.
    pictures: Option<Range<usize>>,
    /// The first valid orientation.
    pub(super) orientation: Option<Orientation>,
    /// XMP says that a short film follows the picture.
    pub(super) motion_photo: bool,
}

/// Whether this is a JFIF segment, as libjpeg decides it.
pub(super) fn is_jfif(marker: u8, payload: &[u8]) -> bool {
    marker == 0xe0 && payload.len() >= JFIF_LENGTH && payload.starts_with(b"JFIF\0")
}

/// Whether this is Adobe's segment, as libjpeg decides it.
pub(super) fn is_adobe(marker: u8, payload: &[u8]) -> bool {
    marker == 0xee && payload.len() >= ADOBE_LENGTH && payload.starts_with(b"Adobe")
}

impl Apps {
    /// Takes one `APPn` segment whose payload lies at `at`, and says what it is for.
    pub(super) fn take(&mut self, marker: u8, payload: &[u8], at: usize) -> PartKind {
        if is_jfif(marker, payload) {
            self.jfif = true;
            return PartKind::Neutral;
        }
        if is_adobe(marker, payload) {
            self.adobe = payload.get(11).copied();
            return PartKind::Neutral;
        }
        match marker {
            0xe1 if payload.starts_with(b"Exif\0") && self.orientation.is_none() => {
                // The second NUL is sometimes another byte.
                self.orientation = payload.get(6..).and_then(exif::orientation);
            }
            0xe1 if payload.starts_with(XMP) => {
                let says = |name: &[u8]| memchr::memmem::find(payload, name).is_some();
                self.motion_photo |= says(b"MotionPhoto") || says(b"MicroVideo");
            }
            0xe2 => {
                if let Some([number, of, ..]) = payload.strip_prefix(ICC) {
                    let span = (at + ICC.len() + 2) as u64..(at + payload.len()) as u64;
                    self.icc.push(Piece { number: *number, of: *of, span });
                    return PartKind::Color;
                }
                if payload.starts_with(MPF) && self.pictures.is_none() {
                    self.pictures = Some(at + MPF.len()..at + payload.len());
                }
            }
            _ => {}
        }
        PartKind::Metadata
    }

    /// How the stored components become RGB or CMYK, decided as libjpeg does, and whether inks are
    /// stored inverted, as Adobe's programs write them. To be asked before the first scan.
    pub(super) fn transform(&self, frame: &Frame) -> (JpegTransform, bool) {
        let transform = match (frame.components.len(), self.adobe) {
            (3, _) if self.jfif => JpegTransform::YCbCr,
            (3, Some(0)) => JpegTransform::None,
            (3, None) if frame.components.iter().map(|c| c.id).eq(*b"RGB") => JpegTransform::None,
            (3, _) => JpegTransform::YCbCr,
            (4, Some(kind)) if kind != 0 => JpegTransform::Ycck,
            _ => JpegTransform::None,
        };
        (transform, frame.components.len() == 4 && self.adobe.is_some())
    }

    /// What makes another reader guess the colours otherwise than [`Apps::transform`].
    pub(super) fn doubtful_transform(&self, frame: &Frame) -> Option<&'static str> {
        match (frame.components.len(), self.adobe) {
            (3, Some(0)) if self.jfif => {
                Some("the JFIF and Adobe markers disagree about the colours; JFIF's word holds")
            }
            (3, Some(2..)) if !self.jfif => Some(UNKNOWN_TRANSFORM),
            (4, Some(kind)) if kind != 0 && kind != 2 => Some(UNKNOWN_TRANSFORM),
            _ => None,
        }
    }

    /// The pieces of the ICC profile in their order (ICC.1:2022 annex B.4): numbers 1 to n, each
    /// once, all of the same n.
    pub(super) fn profile(&mut self) -> Result<Vec<Range<u64>>, &'static str> {
        let Some(first) = self.icc.first() else {
            return Ok(Vec::new());
        };
        let count = first.of;
        if self.icc.iter().any(|piece| piece.of != count) {
            return Err("its pieces disagree about their number");
        }
        self.icc.sort_by_key(|piece| piece.number);
        if !self.icc.iter().map(|piece| piece.number).eq(1..=count) {
            return Err("pieces are missing or repeated");
        }
        Ok(self.icc.iter().map(|piece| piece.span.clone()).collect())
    }

    /// Whether the multi-picture index announces what follows the end of the picture: every byte
    /// after `end` lies in a picture of the index or is zero.
    pub(super) fn announces(&self, bytes: &[u8], end: usize) -> bool {
        let Some(block) = self.pictures.clone() else {
            return false;
        };
        let mut pictures = further_pictures(bytes, &block).unwrap_or_default();
        pictures.retain(|span| {
            span.start >= end
                && bytes.get(span.clone()).is_some_and(|b| b.starts_with(&[0xff, 0xd8]))
        });
        pictures.sort_by_key(|span| span.start);
        let is_padding = |span: Range<usize>| {
            span.is_empty() || bytes.get(span).is_some_and(|b| b.iter().all(|byte| *byte == 0))
        };
        let mut covered = end;
        for span in &pictures {
            if !is_padding(covered..span.start) {
                return false;
            }
            covered = covered.max(span.end);
        }
        !pictures.is_empty() && is_padding(covered..bytes.len())
    }
}

/// CIPA DC-007 5.2.3: the spans of all pictures but the first. Offsets count from the start of
/// the TIFF header.
fn further_pictures(bytes: &[u8], block: &Range<usize>) -> Option<Vec<Range<usize>>> {
    const MP_ENTRY: u16 = 0xb002;
    const ENTRY_LENGTH: usize = 16;
    let tiff = Tiff::new(bytes.get(block.clone())?)?;
    let entry = tiff.entries().find(|entry| entry.tag == MP_ENTRY)?;
    let table = usize::try_from(tiff.u32_at(entry.value_at)?).ok()?;
    let claimed = usize::try_from(entry.count).ok()? / ENTRY_LENGTH;
    let pictures = (1..claimed).map_while(|index| {
        let at = index.checked_mul(ENTRY_LENGTH)?.checked_add(table)?;
        let length = usize::try_from(tiff.u32_at(at.checked_add(4)?)?).ok()?;
        let start =
            usize::try_from(tiff.u32_at(at.checked_add(8)?)?).ok()?.checked_add(block.start)?;
        Some(start..start.checked_add(length)?)
    });
    Some(pictures.collect())
}
