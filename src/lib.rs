//! The gate for image uploads.

mod cancel;
mod container;
mod decode;
mod finding;
mod format;
mod geometry;
mod pixels;
mod policy;
mod upload;

pub use cancel::Cancellation;
pub use container::{Part, PartKind, PartName, Structure, Trailing};
pub use finding::{ColorModel, Finding, FindingKind, Severity};
pub use format::{Format, UnknownFormatName};
pub use geometry::{Bounds, Fit, FocalPoint, Orientation, ParseBoundsError, Size};
pub use pixels::{Layout, Pixels, WrongSampleCount};
pub use policy::{DuplicateRule, Limits, Policy, RenditionRules, Rule};
pub use upload::Upload;
