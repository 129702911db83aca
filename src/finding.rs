//! What is to be said about a file: typed, with the place and the numbers.

use std::fmt;

use crate::format::Format;
use crate::geometry::Size;

/// Whether a finding refuses the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Severity {
    /// Worth knowing; the file is accepted.
    Warning,
    /// The file is rejected.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// How a file's colours are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum ColorModel {
    /// Grey, with or without alpha.
    Grey,
    /// Red, green and blue, also as YCbCr or a palette of RGB colours.
    Rgb,
    /// Four inks, also as YCCK.
    Cmyk,
}

impl fmt::Display for ColorModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grey => "grey",
            Self::Rgb => "RGB",
            Self::Cmyk => "CMYK",
        })
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// No bytes at all.
    Empty,
    /// The signature is none of the four formats'.
    UnknownFormat {
        /// What the bytes look like instead, where that is known (a media type).
        looks_like: Option<&'static str>,
    },
    /// A format of ours that the policy does not take.
    FormatNotAccepted {
        /// The sniffed format.
        actual: Format,
    },
    /// The client's name or media type says something else than the bytes.
    SpoofedType {
        /// What the client said.
        claimed: String,
        /// What the bytes are.
        actual: Format,
    },
    /// The file is larger than the cap.
    TooManyBytes {
        /// Bytes seen; for a stream, one more than `max`.
        actual: u64,
        /// The cap.
        max: u64,
    },
    /// Width × height passes the limit.
    TooManyPixels {
        /// Width × height.
        actual: u64,
        /// The limit.
        max: u64,
    },
    /// A side is longer than allowed.
    SideTooLong {
        /// The longer side in pixels.
        actual: u32,
        /// The limit.
        max: u32,
    },
    /// A side is shorter than asked for.
    SideTooShort {
        /// The shorter side in pixels.
        actual: u32,
        /// The least that is accepted.
        min: u32,
    },
    /// Width and height differ where a square is asked for.
    NotSquare {
        /// The size as shown.
        actual: Size,
    },
    /// More frames than allowed.
    TooManyFrames {
        /// Frames in the file.
        actual: u64,
        /// The limit.
        max: u64,
    },
    /// Frames × canvas passes the limit.
    TooManyFramePixels {
        /// Frames × width × height.
        actual: u64,
        /// The limit.
        max: u64,
    },
    /// More than one frame where a still is asked for.
    AnimationNotAccepted {
        /// Frames in the file.
        frames: u64,
    },
    /// Metadata where the policy wants none.
    MetadataNotAccepted {
        /// Bytes of metadata.
        bytes: u64,
    },
    /// Text, profiles and the like grow past the limit when inflated.
    TooMuchMetadata {
        /// Bytes, inflated as far as was looked.
        actual: u64,
        /// The limit.
        max: u64,
    },
    /// More chunks, segments or blocks than allowed.
    TooManyParts {
        /// The limit that was passed.
        max: u64,
    },
    /// More scans in a JPEG than allowed.
    TooManyScans {
        /// The limit that was passed.
        max: u64,
    },
    /// Decoding would need more memory than one upload may have.
    TooMuchMemory {
        /// Bytes needed.
        needed: u64,
        /// The budget.
        max: u64,
    },
    /// Verifying and decoding would be more work than one upload may cause.
    TooMuchWork {
        /// The estimate, in the unit of [`Limits::max_work`](crate::Limits::max_work).
        estimated: u64,
        /// The limit.
        max: u64,
    },
    /// Not the colour model that the policy asks for.
    WrongColorModel {
        /// The file's.
        actual: ColorModel,
        /// The one asked for.
        wanted: ColorModel,
    },
    /// Part of the picture is not there.
    Truncated {
        /// What ends too early.
        what: &'static str,
    },
    /// A rule of the format is broken.
    Corrupt {
        /// Which one.
        what: &'static str,
    },
    /// Untidy, yet the picture is whole.
    Irregular {
        /// What is untidy.
        what: &'static str,
    },
    /// Pixels of a GIF whose colour its palette does not have: programs show what they like.
    OutsidePalette {
        /// The first frame that has such pixels, counted from 1.
        frame: u64,
        /// The first such colour in that frame.
        index: u8,
        /// Colours in the palette, 0..=256.
        colors: u16,
    },
    /// Bytes after the end of the picture.
    TrailingData {
        /// How many.
        bytes: u64,
        /// What they look like, where that is known.
        looks_like: Option<&'static str>,
    },
    /// Text or metadata that holds a script or markup.
    EmbeddedScript {
        /// What it looks like.
        looks_like: &'static str,
    },
    /// A legitimate coding that gatefold does not read.
    Unsupported {
        /// Which one.
        what: &'static str,
    },
    /// The colour profile cannot be used and was ignored.
    UnusableProfile {
        /// Why.
        what: &'static str,
    },
    /// Known already.
    Duplicate {
        /// The identifier under which the earlier one is kept.
        of: String,
    },
    /// A defect of gatefold's own or of a library under it: a caught panic.
    Internal {
        /// The stage in which it happened.
        stage: &'static str,
    },
}

impl FindingKind {
    /// The stable code that scripts and clients depend on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::FormatNotAccepted { .. } => "format_not_accepted",
            Self::SpoofedType { .. } => "spoofed_type",
            Self::TooManyBytes { .. } => "too_many_bytes",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::SideTooLong { .. } => "side_too_long",
            Self::SideTooShort { .. } => "side_too_short",
            Self::NotSquare { .. } => "not_square",
            Self::TooManyFrames { .. } => "too_many_frames",
            Self::TooManyFramePixels { .. } => "too_many_frame_pixels",
            Self::AnimationNotAccepted { .. } => "animation_not_accepted",
            Self::MetadataNotAccepted { .. } => "metadata_not_accepted",
            Self::TooMuchMetadata { .. } => "too_much_metadata",
            Self::TooManyParts { .. } => "too_many_parts",
            Self::TooManyScans { .. } => "too_many_scans",
            Self::TooMuchMemory { .. } => "too_much_memory",
            Self::TooMuchWork { .. } => "too_much_work",
            Self::WrongColorModel { .. } => "wrong_color_model",
            Self::Truncated { .. } => "truncated",
            Self::Corrupt { .. } => "corrupt",
            Self::Irregular { .. } => "irregular",
            Self::OutsidePalette { .. } => "outside_palette",
            Self::TrailingData { .. } => "trailing_data",
            Self::EmbeddedScript { .. } => "embedded_script",
            Self::Unsupported { .. } => "unsupported",
            Self::UnusableProfile { .. } => "unusable_profile",
            Self::Duplicate { .. } => "duplicate",
            Self::Internal { .. } => "internal",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::UnknownFormat { looks_like: Some(kind) } => {
                write!(f, "not a PNG, JPEG, WebP or GIF; it looks like {kind}")
            }
            Self::UnknownFormat { looks_like: None } => f.write_str("not a PNG, JPEG, WebP or GIF"),
            Self::FormatNotAccepted { actual } => {
                write!(f, "{actual} images are not accepted here")
            }
            Self::SpoofedType { claimed, actual } => {
                write!(f, "called {claimed}, but the content is {actual}")
            }
            Self::TooManyBytes { actual, max } => {
                write!(f, "the file has {actual} bytes or more; the limit is {max}")
            }
            Self::TooManyPixels { actual, max } => {
                write!(f, "the picture has {actual} pixels; the limit is {max}")
            }
            Self::SideTooLong { actual, max } => {
                write!(f, "the longer side has {actual} pixels; the limit is {max}")
            }
            Self::SideTooShort { actual, min } => {
                write!(f, "the shorter side has {actual} pixels; at least {min} are needed")
            }
            Self::NotSquare { actual } => write!(f, "the picture is {actual}; it must be square"),
            Self::TooManyFrames { actual, max } => {
                write!(f, "the animation has {actual} frames; the limit is {max}")
            }
            Self::TooManyFramePixels { actual, max } => {
                write!(f, "frames times canvas make {actual} pixels; the limit is {max}")
            }
            Self::AnimationNotAccepted { frames } => {
                write!(f, "the picture has {frames} frames; only stills are accepted")
            }
            Self::MetadataNotAccepted { bytes } => {
                write!(f, "the file carries {bytes} bytes of metadata; none is accepted")
            }
            Self::TooMuchMetadata { actual, max } => {
                write!(f, "metadata grows to {actual} bytes or more; the limit is {max}")
            }
            Self::TooManyParts { max } => {
                write!(f, "the file has more than {max} chunks, segments or blocks")
            }
            Self::TooManyScans { max } => write!(f, "the file has more than {max} scans"),
            Self::TooMuchMemory { needed, max } => {
                write!(f, "decoding needs {needed} bytes of memory; the limit is {max}")
            }
            Self::TooMuchWork { estimated, max } => {
                write!(f, "decoding is estimated at {estimated} units of work; the limit is {max}")
            }
            Self::WrongColorModel { actual, wanted } => {
                write!(f, "the colours are {actual}; {wanted} is needed")
            }
            Self::Truncated { what } => write!(f, "cut short: {what}"),
            Self::Corrupt { what } => write!(f, "damaged: {what}"),
            Self::Irregular { what } => write!(f, "irregular: {what}"),
            Self::OutsidePalette { frame, index, colors } => {
                write!(f, "frame {frame} uses colour {index} of a palette of {colors}, from 0 on")
            }
            Self::TrailingData { bytes, looks_like: Some(kind) } => {
                write!(f, "{bytes} bytes follow the picture; they look like {kind}")
            }
            Self::TrailingData { bytes, looks_like: None } => {
                write!(f, "{bytes} bytes follow the picture")
            }
            Self::EmbeddedScript { looks_like } => {
                write!(f, "text inside the file looks like {looks_like}")
            }
            Self::Unsupported { what } => write!(f, "not supported: {what}"),
            Self::UnusableProfile { what } => write!(f, "the colour profile is ignored: {what}"),
            Self::Duplicate { of } => write!(f, "the same image is known as {of}"),
            Self::Internal { stage } => {
                write!(
                    f,
                    "an internal error stopped the stage \"{stage}\"; the file was not judged"
                )
            }
        }
    }
}

/// One thing found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    kind: FindingKind,
    severity: Severity,
    offset: Option<u64>,
}

impl Finding {
    /// A finding that rejects the file.
    pub fn error(kind: FindingKind) -> Self {
        Self { kind, severity: Severity::Error, offset: None }
    }

    /// A finding that does not reject the file.
    pub fn warning(kind: FindingKind) -> Self {
        Self { kind, severity: Severity::Warning, offset: None }
    }

    /// The same finding, at a byte offset from the start of the file.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// The same finding with another severity: policies decide what rejects.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// What was found.
    pub const fn kind(&self) -> &FindingKind {
        &self.kind
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Whether it rejects the file.
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// True when it rejects the file.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Where in the file, in bytes from its start, when it has a place.
    pub const fn offset(&self) -> Option<u64> {
        self.offset
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut row = serializer.serialize_struct("Finding", 4)?;
        row.serialize_field("code", self.code())?;
        row.serialize_field("severity", &self.severity)?;
        row.serialize_field("message", &self.to_string())?;
        row.serialize_field("offset", &self.offset)?;
        row.end()
    }
}
