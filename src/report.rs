//! What a caller gets: an inspection for every file, a report for every accepted one.

use std::fmt;

use crate::color::Palette;
use crate::container::{Structure, sanitized};
use crate::digest::{ByteDigest, ImageDigest, PerceptualHash, PixelDigest};
use crate::duplicates::{Known, Reservation};
use crate::finding::{Finding, Severity};
use crate::format::Format;
use crate::geometry::{Orientation, Size};
use crate::rendition::Rendition;
use crate::upload::Upload;

/// What is known about a file without its pixels, whether it was accepted or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    pub(crate) bytes: u64,
    pub(crate) structure: Option<Structure>,
    pub(crate) findings: Vec<Finding>,
}

impl Inspection {
    pub(crate) fn of_bytes(bytes: u64) -> Self {
        Self { bytes, structure: None, findings: Vec::new() }
    }

    /// True when no finding rejects the file.
    pub fn is_accepted(&self) -> bool {
        self.rejecting().is_none()
    }

    /// The first finding that rejects the file.
    pub fn rejecting(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.severity() == Severity::Error)
    }

    /// Everything there is to say, in the order in which it was noticed.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Bytes of the file; for a stream that was cut off at the cap, the bytes read.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The sniffed format, or `None` when it is none of ours.
    pub fn format(&self) -> Option<Format> {
        self.structure.as_ref().map(Structure::format)
    }

    /// Width and height as shown, or `None` when no header could be read.
    pub fn size(&self) -> Option<Size> {
        self.structure.as_ref().map(Structure::size).filter(|size| !size.is_empty())
    }

    /// How stored rows and columns are turned to show the picture.
    pub fn orientation(&self) -> Orientation {
        self.structure.as_ref().map(Structure::orientation).unwrap_or_default()
    }

    /// Frames in the file: 1 for a still, 0 when nothing could be read.
    pub fn frames(&self) -> u64 {
        self.structure.as_ref().map_or(0, Structure::frames)
    }

    /// Whether the file declares alpha, used or not.
    pub fn has_alpha(&self) -> bool {
        self.structure.as_ref().is_some_and(Structure::has_alpha)
    }

    /// Chunks, segments and blocks, when the format is one of ours.
    pub const fn structure(&self) -> Option<&Structure> {
        self.structure.as_ref()
    }

    /// The same coded image without metadata and trailing bytes, nothing recoded; orientation and
    /// colour profile stay. `None` unless `upload` is the accepted file that was inspected.
    pub fn sanitized(&self, upload: &Upload<'_>) -> Option<Vec<u8>> {
        let structure = self.structure.as_ref()?;
        let same = self.is_accepted() && upload.bytes().len() as u64 == self.bytes;
        same.then(|| sanitized(structure, upload.bytes()))
    }
}

/// Why a file was rejected, with all that is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    inspection: Inspection,
    finding: Finding,
}

impl Rejection {
    /// Takes an inspection that has an error; `None` when it has none.
    pub(crate) fn of(inspection: Inspection) -> Option<Self> {
        let finding = inspection.rejecting()?.clone();
        Some(Self { inspection, finding })
    }

    /// The finding that decided.
    pub const fn finding(&self) -> &Finding {
        &self.finding
    }

    /// The stable code of the finding that decided.
    pub const fn code(&self) -> &'static str {
        self.finding.code()
    }

    /// What is known about the file all the same.
    pub const fn inspection(&self) -> &Inspection {
        &self.inspection
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.finding, f)
    }
}

/// The digests of an accepted file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Digests {
    /// Of the file.
    pub bytes: ByteDigest,
    /// Of all that changes what is shown.
    pub image: ImageDigest,
    /// Of the pixels as shown, where the policy asks for it; `None` for animations.
    pub pixels: Option<PixelDigest>,
    /// For near duplicates; `None` for pictures without detail.
    pub perceptual: Option<PerceptualHash>,
}

/// Everything about an accepted file.
///
/// It holds the [`Reservation`] of its digests: commit it once the file is stored; a report that
/// is dropped releases them.
#[derive(Debug)]
pub struct Report {
    pub(crate) inspection: Inspection,
    pub(crate) structure_format: Format,
    pub(crate) size: Size,
    pub(crate) digests: Digests,
    pub(crate) palette: Option<Palette>,
    pub(crate) renditions: Vec<Rendition>,
    pub(crate) duplicate: Option<Known>,
    pub(crate) reservation: Option<Reservation>,
}

impl Report {
    /// Structure and findings.
    pub const fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// Warnings; an accepted file has no errors.
    pub fn findings(&self) -> &[Finding] {
        self.inspection.findings()
    }

    /// The sniffed format.
    pub const fn format(&self) -> Format {
        self.structure_format
    }

    /// Width and height as shown.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// The digests.
    pub const fn digests(&self) -> &Digests {
        &self.digests
    }

    /// The colours of the picture; `None` when it is wholly transparent.
    pub const fn palette(&self) -> Option<&Palette> {
        self.palette.as_ref()
    }

    /// The picture's main colours by share, largest first; empty when it is wholly transparent.
    pub fn image_colors(&self) -> &[crate::color::ImageColor] {
        self.palette.as_ref().map_or(&[], Palette::image_colors)
    }

    /// The colour for a player's background, with its text colours.
    pub fn player_color(&self) -> Option<&crate::color::PlayerColor> {
        self.palette.as_ref().map(Palette::player_color)
    }

    /// The renditions, in the order in which they were asked for.
    pub fn renditions(&self) -> &[Rendition] {
        &self.renditions
    }

    /// The renditions themselves.
    pub fn take_renditions(&mut self) -> Vec<Rendition> {
        std::mem::take(&mut self.renditions)
    }

    /// The image that was known already, where the policy reports duplicates.
    pub const fn duplicate_of(&self) -> Option<&Known> {
        self.duplicate.as_ref()
    }

    /// The claim on this image's digests: commit it once the file is stored. `None` without an
    /// index, for a duplicate, and when taken before.
    pub fn take_reservation(&mut self) -> Option<Reservation> {
        self.reservation.take()
    }

    /// See [`Inspection::sanitized`].
    pub fn sanitized(&self, upload: &Upload<'_>) -> Option<Vec<u8>> {
        self.inspection.sanitized(upload)
    }
}

#[cfg(feature = "serde")]
mod as_rows {
    use serde::ser::{Serialize, SerializeMap, Serializer};

    use super::{Inspection, Report};

    impl Inspection {
        fn write<M: SerializeMap>(&self, row: &mut M) -> Result<(), M::Error> {
            let rejecting = self.rejecting();
            row.serialize_entry(
                "verdict",
                if rejecting.is_none() { "accepted" } else { "rejected" },
            )?;
            row.serialize_entry("code", &rejecting.map(crate::finding::Finding::code))?;
            row.serialize_entry("message", &rejecting.map(ToString::to_string))?;
            row.serialize_entry("format", &self.format())?;
            row.serialize_entry("width", &self.size().map(|size| size.width))?;
            row.serialize_entry("height", &self.size().map(|size| size.height))?;
            row.serialize_entry("orientation", &self.orientation().exif())?;
            row.serialize_entry("frames", &self.frames())?;
            row.serialize_entry("has_alpha", &self.has_alpha())?;
            row.serialize_entry("bytes", &self.bytes())?;
            row.serialize_entry("findings", self.findings())
        }
    }

    impl Serialize for Inspection {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut row = serializer.serialize_map(None)?;
            self.write(&mut row)?;
            row.end()
        }
    }

    impl Serialize for Report {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut row = serializer.serialize_map(None)?;
            self.inspection.write(&mut row)?;
            row.serialize_entry("digests", &self.digests)?;
            row.serialize_entry("image_colors", self.image_colors())?;
            row.serialize_entry("player_color", &self.player_color())?;
            row.serialize_entry("renditions", &self.renditions)?;
            row.serialize_entry("duplicate_of", &self.duplicate.as_ref().map(|known| &known.id))?;
            row.end()
        }
    }
}
