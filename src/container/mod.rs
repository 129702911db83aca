//! The container walk: chunks, segments and blocks to the real end of the file, no pixel decoded.

mod exif;
mod gif;
pub(crate) mod jpeg;
mod png;
mod record;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
mod trailer;
mod webp;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::finding::{ColorModel, Finding};
use crate::format::Format;
use crate::geometry::{Orientation, Size};
use crate::policy::Limits;

/// What a part of the container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum PartKind {
    /// Sizes, tables, palettes, timing: needed to show the picture, and part of its identity.
    Header,
    /// Coded pixels, part of its identity.
    ImageData,
    /// An ICC profile, gamma, primaries: changes the colours shown, part of its identity.
    Color,
    /// EXIF, XMP, text, thumbnails, comments: cut from a sanitised original.
    Metadata,
    /// Belongs to the format, says nothing about the picture: signatures, physical size, end marks.
    Neutral,
    /// After the end of the picture: cut from a sanitised original.
    Trailing,
}

/// The name of a part: up to twelve ASCII characters, such as `IDAT`, `APP1`, `VP8L` or `frame`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PartName([u8; 12]);

impl PartName {
    /// Takes the first twelve bytes; what is not printable ASCII becomes `?`.
    pub(crate) fn new(text: &[u8]) -> Self {
        let mut name = [0; 12];
        for (to, from) in name.iter_mut().zip(text) {
            *to = if from.is_ascii_graphic() || *from == b' ' { *from } else { b'?' };
        }
        Self(name)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|b| *b == 0).unwrap_or(self.0.len());
        // Printable ASCII by construction.
        self.0.get(..length).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or_default()
    }
}

impl fmt::Debug for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One chunk, segment or block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name in the format's own terms.
    pub name: PartName,
    /// What it is for.
    pub kind: PartKind,
    /// All of it, headers and checksums included, in bytes from the start of the file.
    pub span: Range<u64>,
    /// What it carries, without headers and checksums; inside `span`.
    pub payload: Range<u64>,
    /// How deep it is nested: 0 is the file itself, 1 a chunk inside an `ANMF` frame.
    pub depth: u8,
}

/// What follows the end of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailing {
    /// Where it lies.
    pub span: Range<u64>,
    /// What it looks like, where that is known.
    pub looks_like: Option<&'static str>,
    /// True for what cameras append on purpose and the file announces: the further pictures of a
    /// multi-picture file (CIPA DC-007).
    pub announced: bool,
}

/// How a JPEG's coefficients are coded; decides memory and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct JpegCoding {
    /// Number of components, 1..=4.
    pub components: u8,
    /// Their sampling factors, across and down, 1..=4.
    pub sampling: [(u8, u8); 4],
    /// All 8×8 blocks of all components, padding to whole MCUs included.
    pub blocks: u64,
    /// Coefficients arrive in several passes and must be kept.
    pub progressive: bool,
    /// Scans found.
    pub scans: u64,
    /// Components of a sequential file arrive in separate scans.
    pub non_interleaved: bool,
    /// How the stored components become RGB.
    pub transform: JpegTransform,
    /// The four inks are stored as what they leave over (255 is no ink), as an Adobe marker says.
    pub inverted: bool,
}

/// How the stored components of a JPEG become RGB or CMYK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum JpegTransform {
    /// Stored as they are: grey, RGB, CMYK.
    None,
    /// YCbCr to RGB.
    #[default]
    YCbCr,
    /// YCbCr with a black plane, inverted: YCCK to CMYK.
    Ycck,
}

/// What the walk found: the structure of a file, judged by nobody yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    pub(crate) format: Format,
    /// 0×0 when no usable header was found; then `findings` holds an error.
    pub(crate) stored: Size,
    pub(crate) orientation: Orientation,
    pub(crate) frames: u64,
    /// Pixels of the largest frame of a GIF; they need not lie on its canvas.
    pub(crate) largest_frame: u64,
    /// One pass of the animation; `None` for stills.
    pub(crate) duration: Option<Duration>,
    pub(crate) has_alpha: bool,
    pub(crate) color_model: ColorModel,
    /// Bits of one sample, 1..=16.
    pub(crate) bit_depth: u8,
    /// The coding in the format's own words, such as "progressive DCT".
    pub(crate) coding: &'static str,
    pub(crate) jpeg: JpegCoding,
    /// The rows of a PNG come in seven passes.
    pub(crate) interlaced: bool,
    /// The ICC profile in the order of its pieces, as stored (deflated in PNG); empty when there is
    /// none, or none that is whole.
    pub(crate) icc: Vec<Range<u64>>,
    /// Bytes of metadata and profiles, inflated as far as the limit needed.
    pub(crate) metadata_bytes: u64,
    pub(crate) parts: Vec<Part>,
    /// Where the picture ends.
    pub(crate) end: u64,
    pub(crate) trailing: Option<Trailing>,
    pub(crate) findings: Vec<Finding>,
}

impl Structure {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            stored: Size::new(0, 0),
            orientation: Orientation::Normal,
            frames: 0,
            largest_frame: 0,
            duration: None,
            has_alpha: false,
            color_model: ColorModel::Rgb,
            bit_depth: 8,
            coding: "",
            jpeg: JpegCoding::default(),
            interlaced: false,
            icc: Vec::new(),
            metadata_bytes: 0,
            parts: Vec::new(),
            end: 0,
            trailing: None,
            findings: Vec::new(),
        }
    }

    /// The format.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Width and height as stored, before orientation.
    pub const fn stored_size(&self) -> Size {
        self.stored
    }

    /// Width and height as shown, after orientation.
    pub const fn size(&self) -> Size {
        self.orientation.apply_to(self.stored)
    }

    /// How stored rows and columns are turned to show the picture.
    pub const fn orientation(&self) -> Orientation {
        self.orientation
    }

    /// Frames in the file; 1 for a still.
    pub const fn frames(&self) -> u64 {
        self.frames
    }

    /// How long one pass of the animation plays; `None` for a still.
    pub const fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// Whether the file declares alpha, used or not.
    pub const fn has_alpha(&self) -> bool {
        self.has_alpha
    }

    /// How the colours are written.
    pub const fn color_model(&self) -> ColorModel {
        self.color_model
    }

    /// Bits of one sample, 1..=16.
    pub const fn bit_depth(&self) -> u8 {
        self.bit_depth
    }

    /// The coding in the format's own words, such as "progressive DCT"; empty when unknown.
    pub const fn coding(&self) -> &'static str {
        self.coding
    }

    /// Chunks, segments and blocks in the order of the file.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Where the picture ends, in bytes from the start of the file.
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// What follows the end of the picture.
    pub const fn trailing(&self) -> Option<&Trailing> {
        self.trailing.as_ref()
    }

    /// Bytes of metadata and profiles, inflated as far as the limit needed.
    pub const fn metadata_bytes(&self) -> u64 {
        self.metadata_bytes
    }

    /// Where the pieces of the ICC profile lie, in their order.
    pub fn icc(&self) -> &[Range<u64>] {
        &self.icc
    }

    /// What the walk has to say.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

/// Walks a file of this format to its end. What is wrong is in the structure's findings; the walk
/// itself stops early only where nothing further can be understood or a limit is passed.
pub(crate) fn walk(format: Format, bytes: &[u8], limits: &Limits) -> Structure {
    match format {
        Format::Png => png::walk(bytes, limits),
        Format::Jpeg => jpeg::walk(bytes, limits),
        Format::WebP => webp::walk(bytes, limits),
        Format::Gif => gif::walk(bytes, limits),
    }
}

/// The same coded image without metadata and trailing bytes; orientation and colour profile stay.
pub(crate) fn sanitized(structure: &Structure, bytes: &[u8]) -> Vec<u8> {
    match structure.format {
        Format::Png => png::sanitized(structure, bytes),
        Format::Jpeg => jpeg::sanitized(structure, bytes),
        Format::WebP => webp::sanitized(structure, bytes),
        Format::Gif => gif::sanitized(structure, bytes),
    }
}

/// The bytes of a span, or nothing where the file is shorter.
pub(crate) fn slice<'a>(bytes: &'a [u8], span: &Range<u64>) -> &'a [u8] {
    let index = |v: u64| usize::try_from(v).unwrap_or(usize::MAX);
    bytes.get(index(span.start)..index(span.end)).unwrap_or_default()
}
