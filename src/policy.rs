//! What a surface accepts: formats, limits and rules.

use std::time::Duration;

use crate::finding::{ColorModel, Severity};
use crate::format::Format;
use crate::geometry::Bounds;

const MIB: u64 = 1024 * 1024;

/// Bounds on what one upload may cost. Every limit is inclusive: a file exactly at it passes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the file. Default 20 MiB.
    pub max_bytes: u64,
    /// The longer side in pixels, stored canvas. Default 16 384.
    pub max_side: u32,
    /// Width × height of the canvas. Default 50 000 000.
    pub max_pixels: u64,
    /// Frames of an animation. Default 1 000.
    pub max_frames: u64,
    /// Frames × canvas, in pixels. Default 250 000 000. Judged for animations only.
    pub max_frame_pixels: u64,
    /// Bytes of metadata and colour profiles, inflated. Default 8 MiB.
    pub max_metadata_bytes: u64,
    /// Chunks, segments or blocks of the container. Default 100 000.
    pub max_parts: u64,
    /// Scans of a JPEG. Default 100.
    pub max_scans: u64,
    /// Bytes of memory that decoding one upload may take, beside the file itself; judged where a
    /// picture is decoded, since walking and checking take little. Default 256 MiB.
    pub max_memory: u64,
    /// The estimated work of verifying and decoding one upload, from its structure alone: see
    /// [`Structure::work`](crate::Structure::work). Default 10 000 000 000.
    pub max_work: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 20 * MIB,
            max_side: 16_384,
            max_pixels: 50_000_000,
            max_frames: 1_000,
            max_frame_pixels: 250_000_000,
            max_metadata_bytes: 8 * MIB,
            max_parts: 100_000,
            max_scans: 100,
            max_memory: 256 * MIB,
            max_work: 10_000_000_000,
        }
    }
}

/// What a policy does about something that it may or may not mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Rule {
    /// Accept and say nothing.
    Allow,
    /// Accept with a finding of severity `warning`.
    #[default]
    Warn,
    /// Reject.
    Reject,
}

impl Rule {
    /// The severity of a finding under this rule, or `None` when nothing is to be said.
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Allow => None,
            Self::Warn => Some(Severity::Warning),
            Self::Reject => Some(Severity::Error),
        }
    }
}

/// What happens to an image that is known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum DuplicateRule {
    /// Nothing is looked up.
    Allow,
    /// Accepted; the report says of what it is a duplicate.
    #[default]
    Report,
    /// Rejected, undecoded.
    Reject,
}

/// Who may follow the links under which the service serves pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum LinkRule {
    /// Whoever has the link, at any size that the policy serves.
    #[default]
    Open,
    /// Whoever has a link with a valid signature, at the size that was signed.
    Signed,
}

/// Which renditions a link may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct RenditionRules {
    /// The longest side that may be asked for. Default 2 048.
    pub max_side: u32,
    /// Whether a rendition may be larger than the picture. Default no.
    pub enlarge: bool,
    /// The ground under pictures with alpha where the output has none, and around padded ones:
    /// red, green, blue. Default white.
    pub background: [u8; 3],
    /// The size served when a link names none; `None` serves the original. Default `None`.
    pub default_size: Option<Bounds>,
    /// The only sizes that may be asked for, beside `default_size`; `None` permits any. Default
    /// `None`.
    pub sizes: Option<Vec<Bounds>>,
    /// How many distinct sizes a service serves of one picture, beside those that `sizes` and
    /// `default_size` name. Each costs a decoding and room on the disk. Default 64.
    pub max_sizes: u32,
}

impl RenditionRules {
    /// Whether `sizes` or `default_size` name this size; a side of 0 is one in proportion.
    pub fn names(&self, width: u32, height: u32) -> bool {
        let named = self.sizes.iter().flatten().chain(&self.default_size);
        named.into_iter().any(|bounds| {
            (bounds.width().unwrap_or(0), bounds.height().unwrap_or(0)) == (width, height)
        })
    }
}

impl Default for RenditionRules {
    fn default() -> Self {
        Self {
            max_side: 2_048,
            enlarge: false,
            background: [255; 3],
            default_size: None,
            sizes: None,
            max_sizes: 64,
        }
    }
}

/// What a surface accepts, and how much it may cost.
///
/// ```
/// use gatefold::{Format, Policy};
/// let policy = Policy::moov().max_bytes(1_000_000);
/// assert!(policy.accepts(Format::WebP) && !policy.accepts(Format::Gif));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[non_exhaustive]
pub struct Policy {
    /// A name for reports and configuration.
    pub name: String,
    /// The formats taken. Default all four.
    pub formats: Vec<Format>,
    /// What one upload may cost.
    pub limits: Limits,
    /// The least length of the shorter side as shown, in pixels. Default 1.
    pub min_side: u32,
    /// Whether width and height must be equal. Default no.
    pub square: bool,
    /// The only colour model taken, when there is one. Default any.
    pub color_model: Option<ColorModel>,
    /// More than one frame. Default `Allow`.
    pub animation: Rule,
    /// EXIF, XMP, comments and other text in the file. Default `Allow`.
    pub metadata: Rule,
    /// A claimed name or media type that differs from the content. Default `Warn`.
    pub spoofed_type: Rule,
    /// Bytes after the end of the picture. Default `Warn`.
    pub trailing_data: Rule,
    /// Scripts and markup in comments and text. Default `Warn`.
    pub embedded_script: Rule,
    /// What is untidy though the whole picture is there. Default `Warn`.
    pub irregular: Rule,
    /// What to do with a known image. Default `Report`.
    pub duplicates: DuplicateRule,
    /// Whether images count as equal when their pixels are, whatever their format: costs a
    /// full-size decode. Default no.
    pub pixel_digest: bool,
    /// Whether the service stores originals as they came, with metadata and trailing bytes, instead
    /// of sanitised. Default no.
    pub keep_metadata: bool,
    /// Which renditions links may ask for.
    pub renditions: RenditionRules,
    /// Whether the service serves pictures to every link or to signed ones alone. Default `Open`.
    pub links: LinkRule,
    /// How long an upload lives that nothing claims; `None` is for ever. Default `None`. In a file:
    /// whole seconds, 0 for ever.
    #[cfg_attr(feature = "serde", serde(with = "ttl"))]
    pub ttl: Option<Duration>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            formats: Format::ALL.to_vec(),
            limits: Limits::default(),
            min_side: 1,
            square: false,
            color_model: None,
            animation: Rule::Allow,
            metadata: Rule::Allow,
            spoofed_type: Rule::Warn,
            trailing_data: Rule::Warn,
            embedded_script: Rule::Warn,
            irregular: Rule::Warn,
            duplicates: DuplicateRule::Report,
            pixel_digest: false,
            keep_metadata: false,
            renditions: RenditionRules::default(),
            links: LinkRule::Open,
            ttl: None,
        }
    }
}

impl Policy {
    /// Names of the presets, as [`Policy::preset`] takes them.
    pub const PRESETS: [&'static str; 7] = [
        "default",
        "strict",
        "audicient",
        "audicient-release",
        "audiodelivery",
        "moov",
        "backoffice",
    ];

    /// The preset of this name, or `None`.
    pub fn preset(name: &str) -> Option<Self> {
        Some(match name {
            "default" => Self::default(),
            "strict" => Self::strict(),
            "audicient" => Self::audicient(),
            "audicient-release" => Self::audicient_release(),
            "audiodelivery" => Self::audiodelivery(),
            "moov" => Self::moov(),
            "backoffice" => Self::backoffice(),
            _ => return None,
        })
    }

    fn named(name: &str, max_bytes: u64) -> Self {
        Self { name: name.to_owned(), ..Self::default() }.max_bytes(max_bytes)
    }

    /// The default limits with every rule at `Reject` that is at `Warn` by default.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            name: "strict".to_owned(),
            spoofed_type: Rule::Reject,
            trailing_data: Rule::Reject,
            embedded_script: Rule::Reject,
            irregular: Rule::Reject,
            ..Self::default()
        }
    }

    /// Cover art of the Audicient API: all four formats, 25 MiB, deleted after 24 hours unless
    /// claimed.
    #[must_use]
    pub fn audicient() -> Self {
        Self {
            duplicates: DuplicateRule::Allow,
            ttl: Some(Duration::from_secs(24 * 60 * 60)),
            ..Self::named("audicient", 25 * MIB)
        }
    }

    /// Release artwork of the Audicient API: square, RGB, a still, at least 3000 × 3000.
    #[must_use]
    pub fn audicient_release() -> Self {
        Self {
            name: "audicient-release".to_owned(),
            min_side: 3_000,
            square: true,
            color_model: Some(ColorModel::Rgb),
            animation: Rule::Reject,
            ..Self::audicient()
        }
    }

    /// Covers of the audiodelivery API: all four formats, 16 MiB.
    #[must_use]
    pub fn audiodelivery() -> Self {
        Self { duplicates: DuplicateRule::Allow, ..Self::named("audiodelivery", 16 * MIB) }
    }

    /// Product images of the Moov API: PNG, JPEG and WebP, 16 MiB, duplicates rejected.
    #[must_use]
    pub fn moov() -> Self {
        let renditions = RenditionRules {
            default_size: Bounds::new(400, 400).ok(),
            ..RenditionRules::default()
        };
        Self {
            formats: vec![Format::Png, Format::Jpeg, Format::WebP],
            duplicates: DuplicateRule::Reject,
            renditions,
            ..Self::named("moov", 16 * MIB)
        }
    }

    /// Editors' assets of the backoffice API: all four formats, 15 MiB.
    #[must_use]
    pub fn backoffice() -> Self {
        Self { duplicates: DuplicateRule::Allow, ..Self::named("backoffice", 15 * MIB) }
    }

    /// Whether this format is taken.
    pub fn accepts(&self, format: Format) -> bool {
        self.formats.contains(&format)
    }

    /// With this cap on the bytes of a file.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.limits.max_bytes = bytes;
        self
    }

    /// With these formats only.
    #[must_use]
    pub fn formats(mut self, formats: impl IntoIterator<Item = Format>) -> Self {
        self.formats = formats.into_iter().collect();
        self
    }

    /// With these limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With this treatment of known images.
    #[must_use]
    pub fn duplicates(mut self, rule: DuplicateRule) -> Self {
        self.duplicates = rule;
        self
    }

    /// With or without comparing pixels for duplicates.
    #[must_use]
    pub fn pixel_digest(mut self, wanted: bool) -> Self {
        self.pixel_digest = wanted;
        self
    }
}

/// A time to live as whole seconds, where 0 is for ever: not every format has a word for nothing.
#[cfg(feature = "serde")]
mod ttl {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(
        ttl: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_u64(ttl.map_or(0, |ttl| ttl.as_secs()))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        let seconds = u64::deserialize(from)?;
        Ok((seconds > 0).then(|| Duration::from_secs(seconds)))
    }
}
