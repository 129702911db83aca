//! What a rendition is asked to be.

use std::fmt;
use std::str::FromStr;

use crate::format::Format;
use crate::geometry::{Bounds, Fit, FocalPoint, ParseBoundsError};
use crate::policy::RenditionRules;

/// The format a rendition is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OutputFormat {
    /// The format of the upload, where that serves a still picture: GIF becomes PNG. Lossy WebP
    /// stays lossy with the feature `libwebp`; without it an opaque one becomes JPEG, and one that
    /// is transparent somewhere lossless WebP.
    #[default]
    SameAsInput,
    /// Baseline JPEG, 4:2:0 below quality 90 and 4:4:4 from there on. Transparent pictures are laid
    /// on the background.
    Jpeg,
    /// PNG, 8 bits per sample: grey, RGB or RGBA as the pixels need.
    Png,
    /// WebP: lossy with the feature `libwebp`, lossless without it.
    WebP,
}

impl OutputFormat {
    /// The lower-case name: `same`, `jpeg`, `png` or `webp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SameAsInput => "same",
            Self::Jpeg => Format::Jpeg.name(),
            Self::Png => Format::Png.name(),
            Self::WebP => Format::WebP.name(),
        }
    }

    /// The longest side in pixels that the format can hold. [`OutputFormat::SameAsInput`] gives the
    /// most of what it may turn into; where that holds less, a rendition is made smaller in
    /// proportion.
    ///
    /// Sources: ITU-T T.81 B.2.2 (16 bits), PNG 3rd edition 11.2.1 (31 bits, more than
    /// [`Bounds::MAX_SIDE`]), RFC 9649 3.4 (14 bits).
    pub const fn max_side(self) -> u32 {
        match self {
            Self::Jpeg | Self::Png | Self::SameAsInput => Bounds::MAX_SIDE,
            Self::WebP => 16_383,
        }
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for OutputFormat {
    type Err = UnknownOutputFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "same" => Ok(Self::SameAsInput),
            "jpeg" | "jpg" => Ok(Self::Jpeg),
            "png" => Ok(Self::Png),
            "webp" => Ok(Self::WebP),
            _ => Err(UnknownOutputFormat(text.chars().take(32).collect())),
        }
    }
}

/// The text named no format that renditions are written in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no output format; use same, jpeg, png or webp")]
pub struct UnknownOutputFormat(pub String);

/// One output that is asked for: a box, and how the picture is brought into it and written.
///
/// Both sides of the box given means exactly that box, cut around the middle, unless another
/// [`Fit`] is chosen; a side of 0 follows from the other in proportion. A box that is larger than
/// the picture is never filled by enlarging unless the policy allows it: [`Fit::Cover`] and
/// [`Fit::Exact`] then serve the largest box of the requested proportions that fits inside the
/// picture, [`Fit::Contain`] the picture's own size, [`Fit::Pad`] the picture as it is on a larger
/// ground.
///
/// ```
/// use gatefold::{Fit, OutputFormat, RenditionSpec};
/// let cover = RenditionSpec::cover(1200, 1200).format(OutputFormat::Jpeg).quality(80);
/// assert_eq!((cover.width(), cover.height()), (1200, 1200));
/// assert_eq!(cover, "1200x1200:jpeg:q80".parse()?);
///
/// let by_width: RenditionSpec = "640x0".parse()?;
/// assert_eq!(by_width, RenditionSpec::cover(640, 0));
/// assert!("640".parse::<RenditionSpec>().is_err());
/// # Ok::<(), gatefold::ParseRenditionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct RenditionSpec {
    width: u32,
    height: u32,
    fit: Fit,
    format: OutputFormat,
    quality: u8,
    enlarge: Option<bool>,
    background: Option<[u8; 3]>,
}

impl RenditionSpec {
    /// The quality of JPEG and lossy WebP when none is chosen: 82.
    pub const DEFAULT_QUALITY: u8 = 82;

    /// The box as a link asks for it: filled and cut around the middle when both sides are given,
    /// else in proportion.
    pub fn new(bounds: Bounds) -> Self {
        Self::cover(bounds.width().unwrap_or(0), bounds.height().unwrap_or(0))
    }

    const fn sized(width: u32, height: u32, fit: Fit) -> Self {
        Self {
            width,
            height,
            fit,
            format: OutputFormat::SameAsInput,
            quality: Self::DEFAULT_QUALITY,
            enlarge: None,
            background: None,
        }
    }

    /// Exactly this box in pixels, filled by the picture and cut around the middle.
    pub const fn cover(width: u32, height: u32) -> Self {
        Self::sized(width, height, Fit::Cover(FocalPoint::CENTRE))
    }

    /// The largest size of the picture's own proportions inside this box.
    pub const fn contain(width: u32, height: u32) -> Self {
        Self::sized(width, height, Fit::Contain)
    }

    /// As [`RenditionSpec::contain`], centred on a ground that fills the box.
    pub const fn pad(width: u32, height: u32) -> Self {
        Self::sized(width, height, Fit::Pad)
    }

    /// Exactly this box, the proportions ignored.
    pub const fn exact(width: u32, height: u32) -> Self {
        Self::sized(width, height, Fit::Exact)
    }

    /// With this way of fitting.
    pub const fn fit(mut self, fit: Fit) -> Self {
        self.fit = fit;
        self
    }

    /// With this format.
    pub const fn format(mut self, format: OutputFormat) -> Self {
        self.format = format;
        self
    }

    /// With this quality, 1..=100, of JPEG and lossy WebP. Default 82.
    pub const fn quality(mut self, quality: u8) -> Self {
        self.quality = quality;
        self
    }

    /// Whether the rendition may be larger than the picture. Default: as the policy says.
    pub const fn enlarge(mut self, enlarge: bool) -> Self {
        self.enlarge = Some(enlarge);
        self
    }

    /// With this ground (red, green, blue) under transparent pictures where the format has no
    /// alpha, and around padded ones. Default: the policy's.
    pub const fn background(mut self, rgb: [u8; 3]) -> Self {
        self.background = Some(rgb);
        self
    }

    /// The width asked for in pixels; 0 means in proportion to the height.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// The height asked for in pixels; 0 means in proportion to the width.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// How the picture is brought into the box.
    pub const fn chosen_fit(&self) -> Fit {
        self.fit
    }

    /// The format asked for.
    pub const fn chosen_format(&self) -> OutputFormat {
        self.format
    }

    /// The quality asked for.
    pub const fn chosen_quality(&self) -> u8 {
        self.quality
    }

    /// Whether this rendition may be larger than the picture under these rules.
    pub fn may_enlarge(&self, rules: &RenditionRules) -> bool {
        rules.enlarge && self.enlarge.unwrap_or(true)
    }

    /// The ground under these rules.
    pub fn ground(&self, rules: &RenditionRules) -> [u8; 3] {
        self.background.unwrap_or(rules.background)
    }

    /// Whether the rules permit this rendition.
    ///
    /// # Errors
    /// [`SpecError`] says which field is at fault.
    ///
    /// ```
    /// use gatefold::{RenditionRules, RenditionSpec, SpecError};
    /// let rules = RenditionRules::default();
    /// assert!(RenditionSpec::cover(2048, 0).check(&rules).is_ok());
    /// assert_eq!(
    ///     RenditionSpec::cover(2049, 0).check(&rules),
    ///     Err(SpecError::SideTooLong { actual: 2049, max: 2048 })
    /// );
    /// ```
    pub fn check(&self, rules: &RenditionRules) -> Result<(), SpecError> {
        if self.width == 0 && self.height == 0 {
            return Err(SpecError::BothZero);
        }
        let longest = self.width.max(self.height);
        let max = rules.max_side.min(self.format.max_side());
        if longest > max {
            return Err(SpecError::SideTooLong { actual: longest, max });
        }
        if rules.sizes.is_some() && !rules.names(self.width, self.height) {
            return Err(SpecError::SizeNotServed {
                actual: (self.width, self.height),
                sizes: rules.sizes.iter().flatten().chain(&rules.default_size).copied().collect(),
            });
        }
        if !(1..=100).contains(&self.quality) {
            return Err(SpecError::Quality { actual: self.quality });
        }
        if self.enlarge == Some(true) && !rules.enlarge {
            return Err(SpecError::EnlargingForbidden);
        }
        Ok(())
    }
}

impl From<Bounds> for RenditionSpec {
    fn from(bounds: Bounds) -> Self {
        Self::new(bounds)
    }
}

/// The box, then what differs from the defaults: `400x300:contain:webp:q80`. A focal point,
/// enlarging and the background have no text.
impl fmt::Display for RenditionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)?;
        if !matches!(self.fit, Fit::Cover(_)) {
            write!(f, ":{}", self.fit.name())?;
        }
        if self.format != OutputFormat::SameAsInput {
            write!(f, ":{}", self.format)?;
        }
        if self.quality != Self::DEFAULT_QUALITY {
            write!(f, ":q{}", self.quality)?;
        }
        Ok(())
    }
}

/// A box, then any of a fit, a format and `q` with a quality, each after a colon.
impl FromStr for RenditionSpec {
    type Err = ParseRenditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(':');
        let mut spec = Self::new(parts.next().unwrap_or_default().parse()?);
        for part in parts {
            let quality = part
                .strip_prefix('q')
                .and_then(|digits| digits.parse().ok())
                .filter(|quality| (1..=100).contains(quality));
            if let Some(quality) = quality {
                spec.quality = quality;
            } else if let Ok(fit) = part.parse::<Fit>() {
                spec.fit = fit;
            } else if let Ok(format) = part.parse() {
                spec.format = format;
            } else {
                return Err(ParseRenditionError::Part(part.chars().take(32).collect()));
            }
        }
        Ok(spec)
    }
}

/// Why a text is no [`RenditionSpec`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseRenditionError {
    /// The box is at fault.
    #[error(transparent)]
    Bounds(#[from] ParseBoundsError),
    /// A part after the box is no fit, format or quality.
    #[error(
        "\"{0}\" is no fit (cover, contain, pad, exact), format (same, jpeg, png, webp) or quality (q1 to q100)"
    )]
    Part(String),
}

/// Why the rules do not permit a rendition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// Both sides are 0, which asks for nothing.
    #[error("a rendition of 0x0 asks for nothing; give at least one side")]
    BothZero,
    /// A side is longer than the rules or the format permit.
    #[error("a rendition with a side of {actual} pixels is longer than the {max} permitted")]
    SideTooLong {
        /// The longer side asked for.
        actual: u32,
        /// The longest one permitted.
        max: u32,
    },
    /// The rules name the sizes that are served, and this is none of them.
    #[error(
        "a rendition of {}x{} is not served; ask for {}", .actual.0, .actual.1, listed(.sizes)
    )]
    SizeNotServed {
        /// The width and height asked for.
        actual: (u32, u32),
        /// The sizes that are served.
        sizes: Vec<Bounds>,
    },
    /// The quality is outside 1..=100.
    #[error("a quality of {actual} is outside 1 to 100")]
    Quality {
        /// The quality asked for.
        actual: u8,
    },
    /// Enlarging is asked for, and the rules forbid it.
    #[error("enlarging is asked for, but the policy does not allow it")]
    EnlargingForbidden,
}

/// The first sizes of a list, in words.
fn listed(sizes: &[Bounds]) -> String {
    const SHOWN: usize = 16;
    let mut text: Vec<String> = sizes.iter().take(SHOWN).map(Bounds::to_string).collect();
    match sizes.len().checked_sub(SHOWN) {
        Some(more @ 1..) => text.push(format!("{more} more")),
        _ if text.is_empty() => text.push("the original".to_owned()),
        _ => {}
    }
    text.join(", ")
}
