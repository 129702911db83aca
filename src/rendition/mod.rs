//! Renditions: the picture at other sizes and in other formats, largest first, each from the
//! nearest larger one.

mod encode;
mod plan;
mod planar;
mod resize;
mod source;
mod spec;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use crate::cancel::Cancellation;
use crate::format::Format;
use crate::geometry::{Fit, Size};
use crate::pixels::Layout;
use crate::policy::RenditionRules;

use encode::Encoding;
use plan::{Crop, Plan};
use resize::Resampler;
pub(crate) use source::Source;
pub use spec::{OutputFormat, ParseRenditionError, RenditionSpec, SpecError, UnknownOutputFormat};

/// How many times larger than a rendition, per side, a finished one must be to serve as its
/// source instead of the picture itself. Measured on photographs: from 1.5 on the detour costs no
/// more than rounding does (53 dB and better against the direct way).
const REUSE_FROM: f64 = 1.5;

/// One output: an encoded picture without metadata, in sRGB, turned the right way up.
#[derive(Clone, PartialEq)]
pub struct Rendition {
    spec: RenditionSpec,
    size: Size,
    format: Format,
    bytes: Vec<u8>,
}

impl Rendition {
    /// What was asked for.
    pub const fn spec(&self) -> &RenditionSpec {
        &self.spec
    }

    /// The size it came out with, in pixels.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// The format it is written in.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The media type of that format.
    pub const fn media_type(&self) -> &'static str {
        self.format.media_type()
    }

    /// The encoded file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The encoded file itself.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl fmt::Debug for Rendition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendition")
            .field("spec", &self.spec)
            .field("size", &self.size)
            .field("format", &self.format)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Rendition {
    /// `size` as `WxH`, `format`, and `bytes`, the length of the file.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut row = serializer.serialize_struct("Rendition", 3)?;
        row.serialize_field("size", &self.size.to_string())?;
        row.serialize_field("format", &self.format)?;
        row.serialize_field("bytes", &self.bytes.len())?;
        row.end()
    }
}

/// What renditions need to know of the upload beside its pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SourceFacts {
    pub(crate) format: Format,
    /// A WebP coded without loss.
    pub(crate) lossless: bool,
    /// The size as shown at full resolution; the pixels may be a smaller decode of it.
    pub(crate) shown: Size,
    /// Where in the pixels it lies, as left, top, width and height; `None` for all of them.
    pub(crate) area: Option<[f64; 4]>,
}

/// Why there are no renditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RenderStop {
    /// The flag was raised.
    Cancelled,
    /// A defect: a plan that the resampler or the encoder refused. Names the stage.
    Failed(&'static str),
}

/// How many times larger than all of these renditions, per side, a picture of `shown` size is;
/// `None` without renditions.
pub(crate) fn reduction_to(
    shown: Size,
    specs: &[RenditionSpec],
    rules: &RenditionRules,
) -> Option<f64> {
    let reductions = specs.iter().map(|spec| {
        let plan = Plan::new(shown, spec, rules, spec.chosen_format().max_side());
        plan.crop.reduction_to(plan.target)
    });
    reductions.min_by(f64::total_cmp)
}

/// Whether every rendition of a JPEG is one of usual quality, and nothing but the picture: such a
/// picture need not be turned into pixels. Others need more than the eight bits that its components
/// have.
pub(crate) fn all_plain_jpeg(specs: &[RenditionSpec]) -> bool {
    specs.iter().all(|spec| {
        matches!(spec.chosen_format(), OutputFormat::Jpeg | OutputFormat::SameAsInput)
            && !encode::full_chroma(spec.chosen_quality())
            && !is_padded(spec)
    })
}

fn is_padded(spec: &RenditionSpec) -> bool {
    spec.chosen_fit() == Fit::Pad && spec.width() != 0 && spec.height() != 0
}

/// Bytes of memory that [`render`] takes at most beside the decoded picture of `source` size, as far
/// as sizes tell; the encoded files, which are smaller, included.
pub(crate) fn memory_needed(
    shown: Size,
    source: Size,
    layout: Layout,
    specs: &[RenditionSpec],
    rules: &RenditionRules,
) -> u64 {
    let channels = layout.channels() as u64;
    // The resampler premultiplies a copy of a transparent picture; a component whose half is rounded
    // up is copied with its edge repeated.
    let copied = if layout == Layout::Rgba8 { 4 } else { 1 } * source.pixels();
    let mut between = 0;
    let mut outputs = 0_u64;
    for spec in specs {
        let plan = Plan::new(shown, spec, rules, spec.chosen_format().max_side());
        // What the resampler keeps between its passes is as wide as the source and as high as the
        // target.
        between = between.max(u64::from(source.width) * u64::from(plan.target.height));
        outputs = outputs
            .saturating_add(plan.target.pixels().saturating_mul(channels))
            .saturating_add(plan.canvas.pixels().saturating_mul(2 * channels));
    }
    outputs.saturating_add(copied).saturating_add(between.saturating_mul(channels))
}

/// One rendition on its way.
pub(crate) struct Job<'a> {
    spec: &'a RenditionSpec,
    plan: Plan,
    encoding: Encoding,
    format: Format,
    /// Laid on an opaque ground as large as the box.
    on_ground: bool,
    ground: [u8; 3],
}

impl<'a> Job<'a> {
    fn new(
        spec: &'a RenditionSpec,
        source: SourceFacts,
        transparent: bool,
        rules: &RenditionRules,
    ) -> Self {
        let on_ground = is_padded(spec);
        let (encoding, format) = choose(spec, source, transparent && !on_ground);
        let holds = match format {
            Format::WebP => OutputFormat::WebP.max_side(),
            _ => OutputFormat::Jpeg.max_side(),
        };
        let plan = Plan::new(source.shown, spec, rules, holds);
        Self { spec, plan, encoding, format, on_ground, ground: spec.ground(rules) }
    }

    fn finish<S: Source>(&self, picture: &S) -> Result<Rendition, RenderStop> {
        let bytes = picture.encode(self)?;
        Ok(Rendition { spec: *self.spec, size: self.plan.canvas, format: self.format, bytes })
    }
}

/// How a rendition is written. `transparent` says whether a pixel of it may be.
fn choose(spec: &RenditionSpec, source: SourceFacts, transparent: bool) -> (Encoding, Format) {
    let quality = spec.chosen_quality();
    let jpeg = (Encoding::Jpeg { quality }, Format::Jpeg);
    let png = (Encoding::Png, Format::Png);
    let lossless = (Encoding::WebPLossless, Format::WebP);

    match (spec.chosen_format(), source.format) {
        (OutputFormat::Jpeg, _) | (OutputFormat::SameAsInput, Format::Jpeg) => jpeg,
        (OutputFormat::Png, _) | (OutputFormat::SameAsInput, Format::Png | Format::Gif) => png,
        (OutputFormat::WebP, _) => lossy_webp_or(quality, lossless),
        (OutputFormat::SameAsInput, Format::WebP) if source.lossless => lossless,
        // An opaque photograph without loss would be 6 to 8 times as large as the upload.
        (OutputFormat::SameAsInput, Format::WebP) => {
            lossy_webp_or(quality, if transparent { lossless } else { jpeg })
        }
    }
}

#[cfg(feature = "libwebp")]
fn lossy_webp_or(quality: u8, _otherwise: (Encoding, Format)) -> (Encoding, Format) {
    (Encoding::WebPLossy { quality }, Format::WebP)
}

#[cfg(not(feature = "libwebp"))]
fn lossy_webp_or(_quality: u8, otherwise: (Encoding, Format)) -> (Encoding, Format) {
    otherwise
}

/// Makes the renditions; they come in the order of `specs`.
///
/// They are worked largest first. While one is encoded on another thread of the current pool, the
/// next is resampled; the bytes do not depend on how many threads there are.
pub(crate) fn render<S: Source>(
    picture: &S,
    source: SourceFacts,
    specs: &[RenditionSpec],
    rules: &RenditionRules,
    cancel: &Cancellation,
) -> Result<Vec<Rendition>, RenderStop> {
    if specs.is_empty() {
        return Ok(Vec::new());
    }
    let transparent = picture.is_transparent();
    let jobs: Vec<Job<'_>> =
        specs.iter().map(|spec| Job::new(spec, source, transparent, rules)).collect();
    let whole = Crop::whole(picture.size());
    let area =
        source.area.map_or(whole, |[left, top, width, height]| Crop { left, top, width, height });
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(jobs[i].plan.target.pixels()), i));

    let resampled: Vec<OnceLock<Cow<'_, S>>> = jobs.iter().map(|_| OnceLock::new()).collect();
    let finished: Vec<OnceLock<Result<Rendition, RenderStop>>> =
        jobs.iter().map(|_| OnceLock::new()).collect();
    rayon::scope(|scope| {
        let mut resampler = Resampler::default();
        for (done, &i) in order.iter().enumerate() {
            if cancel.should_stop() {
                return Err(RenderStop::Cancelled);
            }
            let (job, plan) = (&jobs[i], &jobs[i].plan);
            let (from, crop) =
                nearest(picture, (source.shown, &area), plan, &order[..done], &jobs, &resampled)
                    .ok_or(RenderStop::Failed("plan"))?;
            let output = from
                .resample(&mut resampler, &crop, job, transparent)
                .map_err(|_| RenderStop::Failed("resize"))?;
            let output = resampled[i].get_or_init(|| output);
            let slot = &finished[i];
            scope.spawn(move |_| {
                let rendition = if cancel.should_stop() {
                    Err(RenderStop::Cancelled)
                } else {
                    job.finish(&**output)
                };
                slot.get_or_init(|| rendition);
            });
        }
        Ok(())
    })?;
    finished
        .into_iter()
        .map(|slot| slot.into_inner().unwrap_or(Err(RenderStop::Failed("encode"))))
        .collect()
}

/// The smallest picture that serves as the source of a plan, and the plan's crop in its pixels.
fn nearest<'a, S: Source>(
    whole: &'a S,
    (shown, area): (Size, &Crop),
    plan: &Plan,
    done: &[usize],
    jobs: &[Job<'_>],
    resampled: &'a [OnceLock<Cow<'_, S>>],
) -> Option<(&'a S, Crop)> {
    let made = done.iter().filter_map(|&i| {
        let size = jobs[i].plan.target;
        let crop = plan.crop.within(&jobs[i].plan.crop, size)?;
        let serves =
            crop.as_cut(plan.target).is_some() || crop.reduction_to(plan.target) >= REUSE_FROM;
        let picture: &S = resampled[i].get()?;
        serves.then_some((picture, crop))
    });
    // Largest first: the last one that serves is the smallest.
    made.last().or_else(|| Some((whole, plan.crop.placed_in(area, shown))))
}
