//! One way through the house: cap, sniff, walk, judge, hash, reserve, verify, decode once, and then
//! everything that wants pixels.

mod builder;
mod claim;

use std::io::Read;
use std::sync::Arc;

pub use self::builder::PipelineBuilder;
use self::builder::Settings;
pub(crate) use self::claim::{Claim, rejected_as};
use crate::color::Palette;
use crate::container::{self, Structure};
use crate::decode::{self, Decoded, Mode, Raster, Scale, Scales, Stop};
use crate::digest::{ByteDigest, Digest, ImageDigest, PerceptualHash, PixelDigest};
use crate::error::Error;
use crate::finding::{Finding, FindingKind};
use crate::format::Format;
use crate::judge::{judge, judge_memory, settle};
use crate::pixels::{Layout, Pixels};
use crate::policy::{DuplicateRule, Policy};
use crate::rendition::{self, RenderStop, Rendition, SourceFacts, render};
use crate::report::{Digests, Inspection, Report};
use crate::scales::{self, Wanted};
use crate::upload::{ReadFailure, Upload, read_capped};

/// What is done with every upload of a kind. Cheap to clone, shared by threads.
///
/// ```
/// use gatefold::{Pipeline, Policy, Upload};
/// let pipeline = Pipeline::builder(Policy::moov()).build()?;
/// let refused = pipeline.process(&Upload::new(&b"<svg/>"[..])).unwrap_err();
/// assert_eq!(refused.code(), "unknown_format");
/// # Ok::<(), gatefold::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pipeline {
    settings: Arc<Settings>,
}

/// An upload that passed the gate: walked and judged, not yet decoded.
pub(crate) struct Admitted {
    pub(crate) inspection: Inspection,
    pub(crate) structure: Structure,
}

/// A report whose duplicate decision is still open.
pub(crate) struct Draft {
    pub(crate) inspection: Inspection,
    format: Format,
    digests: Digests,
    palette: Option<Palette>,
    renditions: Vec<Rendition>,
}

impl Pipeline {
    /// Starts a pipeline under this policy.
    pub fn builder(policy: Policy) -> PipelineBuilder {
        PipelineBuilder::new(policy)
    }

    /// The policy that judges.
    pub fn policy(&self) -> &Policy {
        &self.settings.policy
    }

    /// Bytes that the rest of the way may take for an admitted upload, beside the file: the decoded
    /// picture and what is made of it.
    pub(crate) fn memory_needed(&self, admitted: &Admitted) -> u64 {
        let structure = &admitted.structure;
        let scales = self.scales(structure);
        let layout = if structure.has_alpha() { Layout::Rgba8 } else { Layout::Rgb8 };
        let source = structure.orientation().apply_to(scales.main.of(structure.stored_size()));
        let rules = &self.policy().renditions;
        decode::memory_needed(structure, Mode::Shown, scales).saturating_add(
            rendition::memory_needed(structure.size(), source, layout, &self.settings.specs, rules),
        )
    }

    /// The scales at which [`Pipeline::process`] decodes this file.
    fn scales(&self, structure: &Structure) -> Scales {
        let Settings { specs, policy, .. } = &*self.settings;
        let wanted = Wanted {
            described: self.settings.image_colors || self.settings.perceptual_hash,
            exact: wants_pixel_digest(policy, structure),
            plain_jpeg: rendition::all_plain_jpeg(specs),
            reduction: rendition::reduction_to(structure.size(), specs, &policy.renditions),
        };
        scales::choose(structure, wanted)
    }

    pub(crate) fn pool(&self) -> Option<&rayon::ThreadPool> {
        self.settings.pool.as_deref()
    }

    fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.settings.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// An upload from a stream. At most one byte past the policy's cap is read.
    ///
    /// # Errors
    /// [`Error::Rejected`] with `too_many_bytes` past the cap, [`Error::Io`] when reading fails.
    ///
    /// ```
    /// use gatefold::{Pipeline, Policy};
    /// let pipeline = Pipeline::builder(Policy::default().max_bytes(3)).build()?;
    /// assert_eq!(pipeline.read(&b"abc"[..])?.bytes(), b"abc");
    /// assert_eq!(pipeline.read(std::io::repeat(0)).unwrap_err().code(), "too_many_bytes");
    /// # Ok::<(), gatefold::Error>(())
    /// ```
    pub fn read(&self, reader: impl Read) -> Result<Upload<'static>, Error> {
        match read_capped(reader, self.policy().limits.max_bytes) {
            Ok(bytes) => Ok(Upload::new(bytes)),
            Err(ReadFailure::TooLong { actual, finding }) => {
                Err(Error::rejecting(Inspection::of_bytes(actual), finding))
            }
            Err(ReadFailure::Io(error)) => Err(Error::Io(error)),
        }
    }

    /// Walks the container and judges it; decodes nothing.
    ///
    /// # Errors
    /// [`Error::Rejected`] with every finding when the policy refuses the file.
    pub fn inspect(&self, upload: &Upload<'_>) -> Result<Inspection, Error> {
        self.admit(upload).map(|admitted| admitted.inspection)
    }

    /// As [`Pipeline::inspect`], and reads every coded byte; keeps no pixels.
    ///
    /// # Errors
    /// [`Error::Rejected`] with every finding when the policy refuses the file,
    /// [`Error::Cancelled`] when the upload's flag is raised.
    pub fn check(&self, upload: &Upload<'_>) -> Result<Inspection, Error> {
        let admitted = self.admit(upload)?;
        self.verify(upload, admitted).map(|verified| verified.inspection)
    }

    /// The whole way: verdict, digests, duplicates, colours and renditions.
    ///
    /// A large JPEG, or opaque still PNG or lossy WebP, is decoded at a reduced scale where that
    /// suffices. Its colours and its perceptual hash are those of the picture at a scale that follows
    /// from its size alone, whatever renditions are asked for; of all its pixels they may differ by a
    /// shade or a bit.
    ///
    /// # Errors
    /// [`Error::Rejected`] with every finding when the policy refuses the file,
    /// [`Error::Cancelled`] when the upload's flag is raised, [`Error::Index`] when the duplicate
    /// index fails.
    pub fn process(&self, upload: &Upload<'_>) -> Result<Report, Error> {
        let admitted = self.admit_for(upload, Mode::Shown)?;
        let exact = exact_digests(upload, &admitted.structure);
        let mut claim = self.reserve(upload, exact, None)?;
        if let Claim::Known(known) = &claim
            && self.policy().duplicates == DuplicateRule::Reject
        {
            return Err(rejected_as(admitted.inspection, known));
        }
        let draft = self.draft(upload, admitted, exact)?;
        if let (Claim::New(reservation), Some(pixels)) = (&mut claim, draft.digests.pixels)
            && let Some(known) = reservation.extend(&[Digest::Pixels(pixels)])?
        {
            claim = Claim::Known(known);
        }
        self.finish(draft, claim)
    }

    /// The first frame that shows something, oriented, in sRGB.
    ///
    /// # Errors
    /// As [`Pipeline::check`].
    pub fn decode(&self, upload: &Upload<'_>) -> Result<Pixels, Error> {
        self.decode_as(upload, Mode::Shown)
    }

    /// The first frame as it is stored, in RGBA: no orientation, no colour management. For comparing
    /// decoders.
    ///
    /// # Errors
    /// As [`Pipeline::check`].
    pub fn decode_stored(&self, upload: &Upload<'_>) -> Result<Pixels, Error> {
        self.decode_as(upload, Mode::Stored)
    }

    fn decode_as(&self, upload: &Upload<'_>, mode: Mode) -> Result<Pixels, Error> {
        let mut admitted = self.admit_at(upload, mode, |_| Scales::FULL)?;
        self.run(|| self.examine(upload, &mut admitted, mode, Scales::FULL))
            .and_then(|decoded| decoded.into_pixels().map_err(Some))
            .map_err(|stop| refused(admitted.inspection, stop, upload))
    }

    /// As [`Pipeline::admit`], for an upload that is going to be processed.
    pub(crate) fn admit_for(&self, upload: &Upload<'_>, mode: Mode) -> Result<Admitted, Error> {
        self.admit_at(upload, mode, |structure| self.scales(structure))
    }

    fn admit_at(
        &self,
        upload: &Upload<'_>,
        mode: Mode,
        scales: impl FnOnce(&Structure) -> Scales,
    ) -> Result<Admitted, Error> {
        let admitted = self.admit(upload)?;
        let structure = &admitted.structure;
        match judge_memory(self.policy(), structure, mode, scales(structure)) {
            Some(finding) => Err(Error::rejecting(admitted.inspection, finding)),
            None => Ok(admitted),
        }
    }

    /// Reads every coded byte and decodes; what is found goes to the inspection. `None` is the error
    /// where the policy refuses that.
    fn examine(
        &self,
        upload: &Upload<'_>,
        admitted: &mut Admitted,
        mode: Mode,
        scales: Scales,
    ) -> Result<Decoded, Option<Stop>> {
        crate::trace::stage!("decode");
        let policy = self.policy();
        let Admitted { inspection, structure } = admitted;
        let accepts = |findings: &[Finding]| {
            findings.iter().filter_map(|finding| settle(policy, finding)).all(|f| !f.is_error())
        };
        let (limits, cancel) = (&policy.limits, upload.cancellation());
        let examined =
            decode::examine(upload.bytes(), structure, (mode, scales), limits, cancel, &accepts)?;
        let mut note = |findings: &[Finding]| {
            let settled = findings.iter().filter_map(|finding| settle(policy, finding));
            inspection.findings.extend(settled);
        };
        note(&examined.findings);
        let decoded = examined.decoded.ok_or(None)?;
        note(&decoded.findings);
        if inspection.is_accepted() { Ok(decoded) } else { Err(None) }
    }

    /// Cap, sniff, walk, judge.
    pub(crate) fn admit(&self, upload: &Upload<'_>) -> Result<Admitted, Error> {
        let policy = self.policy();
        // The time of this thread counts from here on.
        upload.cancellation().should_stop();
        let bytes = upload.bytes();
        let actual = bytes.len() as u64;
        let mut inspection = Inspection::of_bytes(actual);
        if bytes.is_empty() {
            return Err(Error::rejecting(inspection, Finding::error(FindingKind::Empty)));
        }
        if actual > policy.limits.max_bytes {
            let max = policy.limits.max_bytes;
            let finding = Finding::error(FindingKind::TooManyBytes { actual, max });
            return Err(Error::rejecting(inspection, finding));
        }
        let Some(format) = Format::sniff(bytes) else {
            let looks_like = infer::get(bytes).map(|kind| kind.mime_type());
            let finding = Finding::error(FindingKind::UnknownFormat { looks_like });
            return Err(Error::rejecting(inspection, finding));
        };
        if !policy.accepts(format) {
            let finding = Finding::error(FindingKind::FormatNotAccepted { actual: format });
            inspection.findings.push(finding);
        }
        let structure = {
            crate::trace::stage!("walk");
            let walked =
                decode::guarded("walk", || Ok(container::walk(format, bytes, &policy.limits)));
            match walked {
                Ok(structure) => structure,
                Err(stop) => return Err(stopped(inspection, stop, upload)),
            }
        };
        inspection.findings.extend(judge(policy, upload, &structure));
        if inspection.is_accepted() && structure.size().is_empty() {
            // A walk that found no header says so; this is the net under it.
            let what = "no usable header";
            inspection.findings.push(Finding::error(FindingKind::Corrupt { what }));
        }
        inspection.structure = Some(structure.clone());
        if inspection.is_accepted() {
            Ok(Admitted { inspection, structure })
        } else {
            Err(Error::of_inspection(inspection))
        }
    }

    pub(crate) fn verify(
        &self,
        upload: &Upload<'_>,
        mut admitted: Admitted,
    ) -> Result<Admitted, Error> {
        crate::trace::stage!("verify");
        let policy = self.policy();
        let verified = self.run(|| {
            let Admitted { structure, .. } = &admitted;
            decode::verify(upload.bytes(), structure, &policy.limits, upload.cancellation())
        });
        let findings = match verified {
            Ok(findings) => findings,
            Err(stop) => return Err(stopped(admitted.inspection, stop, upload)),
        };
        let known = &mut admitted.inspection.findings;
        known.extend(findings.iter().filter_map(|finding| settle(policy, finding)));
        if admitted.inspection.is_accepted() {
            Ok(admitted)
        } else {
            Err(Error::of_inspection(admitted.inspection))
        }
    }

    /// Everything between the duplicate decision on the coded image and the one on its pixels.
    pub(crate) fn draft(
        &self,
        upload: &Upload<'_>,
        admitted: Admitted,
        (bytes, image): (ByteDigest, ImageDigest),
    ) -> Result<Draft, Error> {
        let mut admitted = admitted;
        let policy = self.policy();
        let cancellation = upload.cancellation();
        let settings = &*self.settings;
        let scales = self.scales(&admitted.structure);
        let worked = self.run(|| {
            let decoded = self.examine(upload, &mut admitted, Mode::Shown, scales)?;
            let structure = &admitted.structure;
            decode::guarded("process", || {
                let Decoded { raster, canonical, .. } = &decoded;
                let canonical = canonical.as_ref().or(raster.pixels());
                let (described, renditions) = rayon::join(
                    || {
                        crate::trace::stage!("describe");
                        let wanted = wants_pixel_digest(policy, structure);
                        let all = raster.pixels().filter(|_| wanted);
                        let pixel_digest = all.map(PixelDigest::of);
                        let colored = canonical.filter(|_| settings.image_colors);
                        let palette = colored.and_then(Palette::of);
                        let hashed = canonical.filter(|_| settings.perceptual_hash);
                        let hash = hashed.and_then(PerceptualHash::of);
                        (palette, hash, pixel_digest)
                    },
                    || {
                        crate::trace::stage!("render");
                        let source = source_facts(structure, scales.main);
                        let (specs, rules) = (&settings.specs, &policy.renditions);
                        match raster {
                            Raster::Pixels(pixels) => {
                                render(pixels, source, specs, rules, cancellation)
                            }
                            Raster::Planes(planes) => {
                                render(planes, source, specs, rules, cancellation)
                            }
                        }
                    },
                );
                Ok((described, renditions.map_err(render_stopped)?))
            })
            .map_err(Some)
        });
        let Admitted { inspection, structure } = admitted;
        let ((palette, perceptual, pixels), renditions) = match worked {
            Ok(worked) => worked,
            Err(stop) => return Err(refused(inspection, stop, upload)),
        };
        let digests = Digests { bytes, image, pixels, perceptual };
        Ok(Draft { inspection, format: structure.format(), digests, palette, renditions })
    }
}

impl Draft {
    pub(crate) fn exact(&self) -> (ByteDigest, ImageDigest) {
        (self.digests.bytes, self.digests.image)
    }

    pub(crate) fn pixels(&self) -> Option<PixelDigest> {
        self.digests.pixels
    }
}

/// The digests that need no decoding.
pub(crate) fn exact_digests(
    upload: &Upload<'_>,
    structure: &Structure,
) -> (ByteDigest, ImageDigest) {
    crate::trace::stage!("digest");
    (ByteDigest::of(upload.bytes()), ImageDigest::of(structure, upload.bytes()))
}

pub(crate) fn stopped(inspection: Inspection, stop: Stop, upload: &Upload<'_>) -> Error {
    match stop {
        Stop::Finding(finding) => Error::rejecting(inspection, finding),
        Stop::Cancelled => upload.cancellation().error(),
    }
}

/// For what the policy refused, with the findings that say why, or for what stopped the work.
fn refused(inspection: Inspection, stop: Option<Stop>, upload: &Upload<'_>) -> Error {
    match stop {
        Some(stop) => stopped(inspection, stop, upload),
        None => Error::of_inspection(inspection),
    }
}

/// Whether the policy wants the digest of the pixels, and there is one: one frame does not stand for
/// an animation.
fn wants_pixel_digest(policy: &Policy, structure: &Structure) -> bool {
    policy.pixel_digest && structure.frames() == 1
}

fn source_facts(structure: &Structure, scale: Scale) -> SourceFacts {
    SourceFacts {
        format: structure.format(),
        lossless: structure.parts().iter().any(|part| part.name.as_str() == "VP8L"),
        shown: structure.size(),
        area: Some(scale.area(structure.stored_size(), structure.orientation())),
    }
}

fn render_stopped(stop: RenderStop) -> Stop {
    match stop {
        RenderStop::Cancelled => Stop::Cancelled,
        RenderStop::Failed(stage) => Stop::Finding(Finding::error(FindingKind::Internal { stage })),
    }
}
