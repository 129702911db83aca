//! The gate for image uploads: untrusted bytes go in; out come a verdict, digests, colours and
//! resized renditions.
//!
//! A [`Policy`] says what is accepted, a [`Pipeline`] does the work on an [`Upload`], at one of three
//! depths:
//! - [`Pipeline::inspect`] walks the file's structure to its real end; no pixel is decoded.
//! - [`Pipeline::check`] also reads every coded byte, so that what is cut short is noticed.
//! - [`Pipeline::process`] does everything and returns a [`Report`].
//!
//! A file that is refused is an [`Error::Rejected`] with everything that is known about it.
//!
//! ```
//! use gatefold::{Pipeline, Policy, RenditionSpec, Upload};
//!
//! let pipeline = Pipeline::builder(Policy::audiodelivery())
//!     .rendition(RenditionSpec::cover(320, 320))
//!     .build()?;
//! # let bytes = std::fs::read("testdata/covers/teal-record.jpg")?;
//! let report = pipeline.process(&Upload::new(&bytes).claiming_name("cover.jpg"))?;
//! assert_eq!(report.size().to_string(), "600x600");
//! assert_eq!(report.renditions()[0].size().to_string(), "320x320");
//! assert!(report.player_color().is_some_and(|player| player.contrast() >= 4.5));
//! # Ok::<(), gatefold::Error>(())
//! ```
//!
//! The core is synchronous and spawns nothing of its own but work on rayon's pool (or one that you
//! give it): call it from `spawn_blocking` or any thread.

mod batch;
mod cancel;
mod color;
mod container;
mod decode;
mod digest;
mod duplicates;
mod error;
mod finding;
mod format;
mod geometry;
#[cfg(feature = "http")]
pub mod http;
mod inflate;
mod judge;
mod pipeline;
mod pixels;
mod planes;
mod policy;
mod rendition;
mod report;
mod scales;
#[cfg(feature = "service")]
pub mod service;
mod trace;
mod upload;
mod verify;
mod work;

pub use batch::{BatchItem, BatchOptions, BatchSummary, Source};
pub use cancel::Cancellation;
pub use color::{
    Clustering, Hsl, ImageColor, Oklch, Palette, PaletteBuilder, PlayerColor, Rgb, contrast,
};
pub use container::{Part, PartKind, PartName, Structure, Trailing};
pub use digest::{ByteDigest, Digest, ImageDigest, ParseDigestError, PerceptualHash, PixelDigest};
pub use duplicates::{
    DuplicateGroup, DuplicateIndex, Fingerprint, HammingIndex, Hold, IndexError, Known,
    MemoryIndex, Near, Reservation, Reserve, group_duplicates,
};
pub use error::Error;
pub use finding::{ColorModel, Finding, FindingKind, Severity};
pub use format::{Format, UnknownFormatName};
pub use geometry::{Bounds, Fit, FocalPoint, Orientation, ParseBoundsError, Size, UnknownFitName};
pub use pipeline::{Pipeline, PipelineBuilder};
pub use pixels::{Layout, Pixels, WrongSampleCount};
pub use policy::{DuplicateRule, Limits, LinkRule, Policy, RenditionRules, Rule};
pub use rendition::{
    OutputFormat, ParseRenditionError, Rendition, RenditionSpec, SpecError, UnknownOutputFormat,
};
pub use report::{Digests, Inspection, Rejection, Report};
pub use upload::Upload;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Single stages, for benchmarks and fuzzing; no promise of stability.
#[cfg(feature = "_bench")]
#[doc(hidden)]
pub mod stages {
    use crate::container::Structure;
    use crate::decode::{self, Mode};
    use crate::finding::Finding;
    use crate::{
        Cancellation, Format, Limits, Pixels, Rendition, RenditionRules, RenditionSpec, rendition,
    };

    /// The walk alone.
    pub fn walk(format: Format, bytes: &[u8], limits: &Limits) -> Structure {
        crate::container::walk(format, bytes, limits)
    }

    /// Reading every coded byte.
    pub fn verify(bytes: &[u8], structure: &Structure) -> Vec<Finding> {
        decode::verify(bytes, structure, &Limits::default(), &Cancellation::new())
            .unwrap_or_default()
    }

    /// Decoding as shown.
    pub fn decode(bytes: &[u8], structure: &Structure) -> Option<Pixels> {
        let (limits, cancel) = (Limits::default(), Cancellation::new());
        decode::decode(bytes, structure, Mode::Shown, &limits, &cancel)
            .and_then(decode::Decoded::into_pixels)
            .ok()
    }

    /// Renditions of a picture that came as a JPEG.
    pub fn render(pixels: &Pixels, specs: &[RenditionSpec]) -> Vec<Rendition> {
        let source = rendition::SourceFacts {
            format: Format::Jpeg,
            lossless: false,
            shown: pixels.size(),
            area: None,
        };
        let rules = RenditionRules::default();
        rendition::render(pixels, source, specs, &rules, &Cancellation::new()).unwrap_or_default()
    }
}
