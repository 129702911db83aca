//! Sizes, orientations and how a picture is fitted into a box.

use std::fmt;
use std::str::FromStr;

/// A width and a height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// A size of `width` × `height` pixels; zero is allowed here and refused where it matters.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// Width × height; cannot overflow.
    pub const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The longer of the two sides.
    pub const fn long_side(self) -> u32 {
        if self.width > self.height { self.width } else { self.height }
    }

    /// The shorter of the two sides.
    pub const fn short_side(self) -> u32 {
        if self.width < self.height { self.width } else { self.height }
    }

    /// True when either side is zero.
    pub const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The same size with the sides exchanged.
    #[must_use]
    pub const fn transposed(self) -> Self {
        Self::new(self.height, self.width)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// How the stored rows and columns are turned to show the picture: the EXIF `Orientation` values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Orientation {
    /// 1: as stored.
    #[default]
    Normal = 1,
    /// 2: mirrored left to right.
    FlipHorizontal = 2,
    /// 3: turned by 180°.
    Rotate180 = 3,
    /// 4: mirrored top to bottom.
    FlipVertical = 4,
    /// 5: mirrored left to right, then turned 270° clockwise (transposed).
    Transpose = 5,
    /// 6: turned 90° clockwise.
    Rotate90 = 6,
    /// 7: mirrored left to right, then turned 90° clockwise (transversed).
    Transverse = 7,
    /// 8: turned 270° clockwise.
    Rotate270 = 8,
}

impl Orientation {
    /// The orientation with this EXIF value, or `None` outside 1..=8.
    pub const fn from_exif(value: u16) -> Option<Self> {
        Some(match value {
            1 => Self::Normal,
            2 => Self::FlipHorizontal,
            3 => Self::Rotate180,
            4 => Self::FlipVertical,
            5 => Self::Transpose,
            6 => Self::Rotate90,
            7 => Self::Transverse,
            8 => Self::Rotate270,
            _ => return None,
        })
    }

    /// The EXIF value, 1..=8.
    pub const fn exif(self) -> u8 {
        self as u8
    }

    /// True when width and height change places.
    pub const fn swaps_sides(self) -> bool {
        self.exif() >= 5
    }

    /// The size as shown of a picture of the `stored` size.
    #[must_use]
    pub const fn apply_to(self, stored: Size) -> Size {
        if self.swaps_sides() { stored.transposed() } else { stored }
    }
}

/// A box as the `size=WxH` link parameter writes it: one side may be 0, which means
/// "in proportion".
///
/// ```
/// use gatefold::Bounds;
/// let bounds: Bounds = "400x300".parse()?;
/// assert_eq!((bounds.width(), bounds.height()), (Some(400), Some(300)));
/// let by_height: Bounds = "0x300".parse()?;
/// assert_eq!(by_height.width(), None);
/// assert!("0x0".parse::<Bounds>().is_err());
/// # Ok::<(), gatefold::ParseBoundsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    width: u32,
    height: u32,
}

impl Bounds {
    /// The longest side that a box may ask for: 65 535, the most any of the formats can hold (JPEG).
    pub const MAX_SIDE: u32 = 65_535;

    /// A box of `width` × `height`; one of them may be 0 for "in proportion".
    ///
    /// # Errors
    /// [`ParseBoundsError`] when both are 0 or one is above [`Bounds::MAX_SIDE`].
    pub fn new(width: u32, height: u32) -> Result<Self, ParseBoundsError> {
        if width == 0 && height == 0 {
            return Err(ParseBoundsError::BothZero);
        }
        let longest = width.max(height);
        if longest > Self::MAX_SIDE {
            return Err(ParseBoundsError::TooLarge { actual: u64::from(longest) });
        }
        Ok(Self { width, height })
    }

    /// The width, or `None` when it follows from the height.
    pub const fn width(self) -> Option<u32> {
        if self.width == 0 { None } else { Some(self.width) }
    }

    /// The height, or `None` when it follows from the width.
    pub const fn height(self) -> Option<u32> {
        if self.height == 0 { None } else { Some(self.height) }
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// Why a `WxH` text is no box.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseBoundsError {
    /// Not two whole numbers with an `x` between them.
    #[error("\"{0}\" is no size; write WIDTHxHEIGHT in pixels, such as 400x300, or 0 for one side")]
    Malformed(String),
    /// Both sides are 0, which asks for nothing.
    #[error("a size of 0x0 asks for nothing; give at least one side")]
    BothZero,
    /// A side is longer than [`Bounds::MAX_SIDE`].
    #[error("a side of {actual} pixels is longer than {}", Bounds::MAX_SIDE)]
    TooLarge {
        /// The side that was asked for.
        actual: u64,
    },
}

impl FromStr for Bounds {
    type Err = ParseBoundsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The text comes from a link: quote no more of it than a person needs.
        let malformed = || ParseBoundsError::Malformed(text.chars().take(32).collect());
        let side = |digits: &str| -> Result<u32, ParseBoundsError> {
            if digits.is_empty() || digits.len() > 10 || !digits.bytes().all(|b| b.is_ascii_digit())
            {
                return Err(malformed());
            }
            let value: u64 = digits.parse().map_err(|_| malformed())?;
            u32::try_from(value).map_err(|_| ParseBoundsError::TooLarge { actual: value })
        };
        let (width, height) = text.split_once('x').ok_or_else(malformed)?;
        Self::new(side(width)?, side(height)?)
    }
}

/// A point of a picture in fractions of its shown size: (0, 0) is the top left corner, (1, 1) the
/// bottom right one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FocalPoint {
    x: f32,
    y: f32,
}

impl FocalPoint {
    /// The middle of the picture.
    pub const CENTRE: Self = Self { x: 0.5, y: 0.5 };

    /// The point at these fractions; they are clamped to 0..=1, and what is no number means 0.5.
    pub fn new(x: f32, y: f32) -> Self {
        let inside = |v: f32| if v.is_nan() { 0.5 } else { v.clamp(0.0, 1.0) };
        Self { x: inside(x), y: inside(y) }
    }

    /// Fraction of the width, 0..=1.
    pub const fn x(self) -> f32 {
        self.x
    }

    /// Fraction of the height, 0..=1.
    pub const fn y(self) -> f32 {
        self.y
    }
}

/// How a picture is brought into a box.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Fit {
    /// Fill the box and cut what is outside, keeping the focal point as near the middle as it goes.
    Cover(FocalPoint),
    /// The largest size of the same proportions that lies inside the box.
    #[default]
    Contain,
    /// As `Contain`, then centred on a ground that fills the box.
    Pad,
    /// Exactly the box, proportions ignored.
    Exact,
}

impl Fit {
    /// The lower-case name: `cover`, `contain`, `pad` or `exact`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cover(_) => "cover",
            Self::Contain => "contain",
            Self::Pad => "pad",
            Self::Exact => "exact",
        }
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// By name; `cover` keeps the middle.
impl FromStr for Fit {
    type Err = UnknownFitName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "cover" => Ok(Self::Cover(FocalPoint::CENTRE)),
            "contain" => Ok(Self::Contain),
            "pad" => Ok(Self::Pad),
            "exact" => Ok(Self::Exact),
            _ => Err(UnknownFitName(text.chars().take(32).collect())),
        }
    }
}

/// The text named no way of fitting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no way of fitting; use cover, contain, pad or exact")]
pub struct UnknownFitName(pub String);

#[cfg(feature = "serde")]
mod as_text {
    use super::Bounds;

    impl serde::Serialize for Bounds {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    impl<'de> serde::Deserialize<'de> for Bounds {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        }
    }
}
