//! What makes two uploads the same: three exact digests, and a hash under which similar pictures
//! lie close together.
//!
//! | digest | equal when | costs |
//! |---|---|---|
//! | [`ByteDigest`] | the files are equal | a pass over the file |
//! | [`ImageDigest`] | the files show the same coded picture; other metadata is allowed | a pass over the file |
//! | [`PixelDigest`] | every pixel shown is equal, in whatever format | a full-size decode |
//! | [`PerceptualHash`] | never by itself: a small distance is a hint | a decode at any size |
//!
//! The exact ones are BLAKE3 with 256 bits; whoever wants two pictures to collide cannot.

mod image;
mod perceptual;
mod pixel;

use std::fmt;
use std::str::FromStr;

pub use perceptual::PerceptualHash;

/// The text is no digest of the kind that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: {expected} lower-case hexadecimal digits are needed")]
pub struct ParseDigestError {
    /// How many digits the kind has: 64, or 16 for a perceptual hash.
    pub expected: usize,
}

/// The bytes that exactly `2 * N` lower-case digits write. Upper case is refused so that equal
/// digests are equal as text too.
fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], ParseDigestError> {
    let error = ParseDigestError { expected: 2 * N };
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return Err(error);
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        match (nibble(pair[0]), nibble(pair[1])) {
            (Some(high), Some(low)) => *byte = high << 4 | low,
            _ => return Err(error),
        }
    }
    Ok(bytes)
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Serde as the text that `Display` writes and `FromStr` reads.
macro_rules! serde_as_text {
    ($name:ty) => {
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
use serde_as_text;

macro_rules! exact_digest {
    ($(#[$attribute:meta])* $name:ident, $kind:ident) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The digest with these bytes, as [`as_bytes`](Self::as_bytes) gave them.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes of the digest.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseDigestError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse_hex(text).map(Self)
            }
        }

        impl From<$name> for Digest {
            fn from(digest: $name) -> Self {
                Self::$kind(digest)
            }
        }

        serde_as_text!($name);
    };
}

exact_digest! {
    /// BLAKE3 of a file's bytes.
    ///
    /// ```
    /// use gatefold::ByteDigest;
    /// let digest = ByteDigest::of(b"");
    /// assert!(digest.to_string().starts_with("af1349b9f5f9a1a6"));
    /// assert_eq!(digest.to_string().parse(), Ok(digest));
    /// ```
    ByteDigest, Bytes
}

exact_digest! {
    /// BLAKE3 of everything in a file that changes what is shown: size, orientation, headers, coded
    /// pixels, colour space and, of an animation, its timing. Text, EXIF, thumbnails and trailing
    /// bytes do not enter, so the same picture with another caption has the same digest.
    ImageDigest, Image
}

exact_digest! {
    /// BLAKE3 of the pixels shown, oriented and in sRGB, whatever the format they came in.
    ///
    /// Fully transparent pixels have no colour, and a picture without alpha equals the same picture
    /// with alpha that is opaque everywhere.
    ///
    /// ```
    /// use gatefold::{Layout, PixelDigest, Pixels, Size};
    /// let size = Size::new(1, 1);
    /// let rgb = Pixels::new(size, Layout::Rgb8, vec![1, 2, 3])?;
    /// let rgba = Pixels::new(size, Layout::Rgba8, vec![1, 2, 3, 255])?;
    /// assert_eq!(PixelDigest::of(&rgb), PixelDigest::of(&rgba));
    /// # Ok::<(), gatefold::WrongSampleCount>(())
    /// ```
    PixelDigest, Pixels
}

impl ByteDigest {
    /// The digest of a whole file.
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).into())
    }
}

/// An exact digest of any kind, as a duplicate index keeps it: digests of different kinds are never
/// equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Digest {
    /// Of the file.
    Bytes(ByteDigest),
    /// Of what the file shows, as coded.
    Image(ImageDigest),
    /// Of the decoded pixels.
    Pixels(PixelDigest),
}

impl Digest {
    /// The name of the kind: `bytes`, `image` or `pixels`. Stable, fit for a database column.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Bytes(_) => "bytes",
            Self::Image(_) => "image",
            Self::Pixels(_) => "pixels",
        }
    }

    /// The 32 bytes of the digest, without its kind.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        match self {
            Self::Bytes(digest) => digest.as_bytes(),
            Self::Image(digest) => digest.as_bytes(),
            Self::Pixels(digest) => digest.as_bytes(),
        }
    }
}
