//! The gate for image uploads.

mod cancel;
mod container;
mod digest;
mod duplicates;
mod finding;
mod format;
mod geometry;
mod pixels;
mod policy;
mod upload;

pub use cancel::Cancellation;
pub use container::{Part, PartKind, PartName, Structure, Trailing};
pub use digest::{ByteDigest, Digest, ImageDigest, ParseDigestError, PerceptualHash, PixelDigest};
pub use duplicates::{
    DuplicateGroup, DuplicateIndex, Fingerprint, HammingIndex, Hold, IndexError, Known, MemoryIndex, Near,
    Reservation, Reserve, group_duplicates,
};
pub use finding::{ColorModel, Finding, FindingKind, Severity};
pub use format::{Format, UnknownFormatName};
pub use geometry::{Bounds, Fit, FocalPoint, Orientation, ParseBoundsError, Size};
pub use pixels::{Layout, Pixels, WrongSampleCount};
pub use policy::{DuplicateRule, Limits, Policy, RenditionRules, Rule};
pub use upload::Upload;
