//! stub
use crate::container::Structure;
use crate::pixels::Pixels;
macro_rules! d { ($($n:ident),*) => {$(
/// d
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct $n([u8; 32]);
impl std::fmt::Display for $n { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{:?}", self.0) } }
)*} }
d!(ByteDigest, ImageDigest, PixelDigest);
impl ByteDigest {
    /// of
    pub fn of(_: &[u8]) -> Self {
        Self([0; 32])
    }
}
impl ImageDigest {
    /// of
    pub fn of(_: &Structure, _: &[u8]) -> Self {
        Self([0; 32])
    }
}
impl PixelDigest {
    /// of
    pub fn of(_: &Pixels) -> Self {
        Self([0; 32])
    }
}
/// p
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct PerceptualHash(u64);
impl PerceptualHash {
    /// of
    pub fn of(_: &Pixels) -> Option<Self> {
        None
    }
    /// d
    pub fn distance(self, o: Self) -> u32 {
        (self.0 ^ o.0).count_ones()
    }
}
/// k
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Digest {
    /// b
    Bytes(ByteDigest),
    /// i
    Image(ImageDigest),
    /// p
    Pixels(PixelDigest),
}
