//! The one seam behind which files are decoded or verified.
//!
//! Decoders of other projects are called from here alone, inside [`guarded`], with what they may
//! allocate judged beforehand by [`memory_needed`].

mod animation;
mod cms;
pub(crate) mod gif;
mod orient;
mod png;
mod profile;
mod reduce;
mod scale;
pub(crate) mod webp;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) mod jpeg;

use crate::cancel::Cancellation;
use crate::container::{PartKind, Structure};
use crate::finding::{Finding, FindingKind};
use crate::format::Format;
use crate::geometry::Size;
use crate::pixels::{Layout, Pixels};
use crate::planes::{Plane, Planes};
use crate::policy::Limits;

use cms::Transform;
pub(crate) use orient::apply as turn;
pub(crate) use scale::{Scale, Scales};

/// Why decoding stopped without pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The file is to blame, or a panic was caught (`FindingKind::Internal`).
    Finding(Finding),
    /// The flag was raised.
    Cancelled,
}

impl Stop {
    fn truncated(what: &'static str) -> Self {
        Self::Finding(Finding::error(FindingKind::Truncated { what }))
    }

    fn corrupt(what: &'static str) -> Self {
        Self::Finding(Finding::error(FindingKind::Corrupt { what }))
    }
}

/// How far decoding goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As stored: no orientation, no colour management. RGBA8.
    Stored,
    /// As shown: oriented, in sRGB. RGB8 when the file declares no alpha, else RGBA8.
    ///
    /// An animation whose first frame leaves part of its canvas free is RGBA8 in any case.
    Shown,
}

/// The first meaningful frame, and what there is to say about it.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// At the main scale.
    pub(crate) raster: Raster,
    /// At the canonical scale, where it is another one.
    pub(crate) canonical: Option<Pixels>,
    /// Warnings, such as a colour profile that could not be used.
    pub(crate) findings: Vec<Finding>,
}

/// A decoded picture: pixels, or components where [`Scales::planar`] allows them.
#[derive(Debug)]
pub(crate) enum Raster {
    Pixels(Pixels),
    Planes(Planes),
}

impl Raster {
    pub(crate) const fn pixels(&self) -> Option<&Pixels> {
        match self {
            Self::Pixels(pixels) => Some(pixels),
            Self::Planes(_) => None,
        }
    }
}

impl Decoded {
    /// The pixels of a decode that does not allow planes.
    pub(crate) fn into_pixels(self) -> Result<Pixels, Stop> {
        match self.raster {
            Raster::Pixels(pixels) => Ok(pixels),
            Raster::Planes(_) => Err(internal()),
        }
    }
}

fn internal() -> Stop {
    Stop::Finding(Finding::error(FindingKind::Internal { stage: "decode" }))
}

/// Reads a file once, at these scales; a picture for each of them where what was found is accepted.
type Examine = for<'a> fn(&Job<'a>, Scales, &Accepts<'_>) -> Result<Read, Stop>;

/// Whether the findings leave a file acceptable.
type Accepts<'a> = dyn Fn(&[Finding]) -> bool + 'a;

/// What verifying found, and what was made where that was accepted.
type Read = (Vec<Finding>, Option<Vec<Made>>);

/// Whether a file can be decoded at reduced scales.
pub(crate) fn reduces(structure: &Structure) -> bool {
    match structure.format {
        Format::Jpeg => true,
        // What is transparent is left to the resampler, which weighs colours by their alpha.
        Format::Png => png::is_still(structure) && !structure.has_alpha,
        Format::WebP => webp::is_still(structure) && !structure.has_alpha,
        Format::Gif => false,
    }
}

/// What reading a whole file gives.
#[derive(Debug)]
pub(crate) struct Examined {
    /// As [`verify`] gives them.
    pub(crate) findings: Vec<Finding>,
    /// `None` where these were not accepted.
    pub(crate) decoded: Option<Decoded>,
}

/// What every decoder is told.
#[derive(Clone, Copy)]
struct Job<'a> {
    bytes: &'a [u8],
    structure: &'a Structure,
    mode: Mode,
    limits: &'a Limits,
    cancel: &'a Cancellation,
}

impl Job<'_> {
    /// To be asked between bands of rows, frames and scans.
    fn proceed(&self) -> Result<(), Stop> {
        if self.cancel.should_stop() { Err(Stop::Cancelled) } else { Ok(()) }
    }

    /// Converts colours in place, in bands.
    fn convert(&self, by: &Transform, samples: &mut [u8], channels: usize) -> Result<(), Stop> {
        for band in samples.chunks_mut(channels * BAND_PIXELS) {
            self.proceed()?;
            by.convert(band, channels);
        }
        Ok(())
    }

    /// The layout to deliver where nothing transparent is in the way.
    fn layout(&self) -> Layout {
        match self.mode {
            Mode::Shown if !self.structure.has_alpha => Layout::Rgb8,
            _ => Layout::Rgba8,
        }
    }
}

/// Rows between two looks at the cancellation flag.
const BAND_ROWS: usize = 64;
/// The same in pixels.
const BAND_PIXELS: usize = 1 << 18;

/// A decoded picture, its colours final, not oriented yet.
struct Picture {
    layout: Layout,
    scale: Scale,
    samples: Vec<u8>,
    findings: Vec<Finding>,
}

/// What a decoder made at one scale.
enum Made {
    Picture(Picture),
    Planes(Scale, Vec<Plane>),
}

/// Pictures of one layout; what there is to say goes with the first.
fn made(
    layout: Layout,
    pictures: impl IntoIterator<Item = (Scale, Vec<u8>)>,
    mut findings: Vec<Finding>,
) -> Vec<Made> {
    let picture = |(scale, samples)| {
        let findings = std::mem::take(&mut findings);
        Made::Picture(Picture { layout, scale, samples, findings })
    };
    pictures.into_iter().map(picture).collect()
}

/// Bytes that [`decode`] will allocate at most, beside the file itself.
///
/// An upper bound by the decoders' own allocations, as their sources show them: the delivered
/// picture, planes, coefficients, canvases, profile tables and turning included. It presumes that
/// [`verify`] found nothing missing: coded data that announce more than there is are not counted.
pub(crate) fn memory_needed(structure: &Structure, mode: Mode, scales: Scales) -> u64 {
    let decoding = match structure.format {
        Format::Png => png::memory_needed(structure, mode, scales),
        Format::Jpeg => jpeg::memory_needed(structure, mode, scales),
        Format::WebP => webp::memory_needed(structure, mode, scales),
        Format::Gif => gif::memory_needed(structure),
    };
    // Decoders give back what they used before the pictures are turned.
    let turning = scales.iter().map(|scale| {
        let size = scale.of(structure.stored);
        let turning = orient::memory_needed(size, 4, structure.orientation);
        turning.saturating_add(size.pixels().saturating_mul(4))
    });
    let (turning, color) = match mode {
        Mode::Stored => (0, 0),
        Mode::Shown => (turning.fold(0, u64::saturating_add), profile::memory_needed(structure)),
    };
    // Small tables and structures that do not grow with the picture.
    decoding.max(turning).saturating_add(color).saturating_add(1 << 20)
}

/// Bytes of the parts that hold no coded pixels: what a decoder may copy of them.
fn aside(structure: &Structure) -> u64 {
    let parts = structure
        .parts
        .iter()
        .filter(|p| matches!(p.kind, PartKind::Metadata | PartKind::Color | PartKind::Neutral));
    parts.map(|p| p.span.end.saturating_sub(p.span.start)).fold(0, u64::saturating_add)
}

/// Runs a stage that calls other projects' code: a panic in it becomes a finding.
///
/// This is the only place that catches panics. Whatever `work` had in its hands is dropped, so
/// nothing half-changed is seen afterwards.
pub(crate) fn guarded<T>(
    stage: &'static str,
    work: impl FnOnce() -> Result<T, Stop>,
) -> Result<T, Stop> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Stop::Finding(Finding::error(FindingKind::Internal { stage }))))
}

/// Reads every coded byte as [`verify`] does, and decodes the first frame that shows something where
/// `accepts` agrees to what was found.
///
/// The data of a JPEG and of a still PNG or WebP give pictures at the scales asked for, and are read
/// once for both as far as decoders allow, where the file [`reduces`]; all else takes [`Scales::FULL`] alone.
///
/// # Errors
/// [`Stop`] with what is wrong in the file, or when the flag is raised.
pub(crate) fn examine(
    bytes: &[u8],
    structure: &Structure,
    (mode, scales): (Mode, Scales),
    limits: &Limits,
    cancel: &Cancellation,
    accepts: &dyn Fn(&[Finding]) -> bool,
) -> Result<Examined, Stop> {
    let job = Job { bytes, structure, mode, limits, cancel };
    job.proceed()?;
    let at_once = match structure.format {
        Format::Jpeg => Some(jpeg::examine as Examine),
        Format::Png if png::is_still(structure) => Some(png::examine as Examine),
        Format::WebP if webp::is_still(structure) => Some(webp::examine as Examine),
        _ => None,
    };
    if let Some(examine) = at_once.filter(|_| !structure.stored.is_empty()) {
        return guarded("decode", || {
            let (findings, pictures) = examine(&job, scales, accepts)?;
            let decoded = pictures.map(|pictures| finished(&job, pictures)).transpose()?;
            Ok(Examined { findings, decoded })
        });
    }
    let findings = verify(bytes, structure, limits, cancel)?;
    let decoded = accepts(&findings).then(|| decode(bytes, structure, mode, limits, cancel));
    Ok(Examined { decoded: decoded.transpose()?, findings })
}

/// Decodes the first frame that shows something, at full size, whatever [`verify`] would find.
///
/// # Errors
/// As [`examine`].
pub(crate) fn decode(
    bytes: &[u8],
    structure: &Structure,
    mode: Mode,
    limits: &Limits,
    cancel: &Cancellation,
) -> Result<Decoded, Stop> {
    let job = Job { bytes, structure, mode, limits, cancel };
    job.proceed()?;
    if structure.stored.is_empty() {
        return Err(Stop::corrupt("no usable header"));
    }
    guarded("decode", || {
        let picture = match structure.format {
            Format::Png => png::decode(&job)?,
            Format::WebP => webp::decode(&job)?,
            Format::Gif => gif::decode(&job)?,
            Format::Jpeg => {
                let fault = std::cell::Cell::new(None);
                let (_, pictures) = jpeg::examine(&job, Scales::FULL, &|findings| {
                    fault.set(findings.iter().find(|finding| finding.is_error()).cloned());
                    !findings.iter().any(Finding::is_error)
                })?;
                return match pictures {
                    Some(pictures) => finished(&job, pictures),
                    None => Err(fault.take().map_or(Stop::corrupt("no picture"), Stop::Finding)),
                };
            }
        };
        finished(&job, vec![Made::Picture(picture)])
    })
}

/// Turns pictures the right way up, the main one first.
fn finished(job: &Job<'_>, made: Vec<Made>) -> Result<Decoded, Stop> {
    job.proceed()?;
    let Structure { stored, orientation, .. } = *job.structure;
    let mut findings = Vec::new();
    let mut turned = made.into_iter().map(|made| {
        let mut picture = match made {
            Made::Picture(picture) => picture,
            Made::Planes(scale, components) => {
                let stored = scale.of(stored);
                return Ok(Raster::Planes(Planes { stored, orientation, components }));
            }
        };
        findings.append(&mut picture.findings);
        let mut size = picture.scale.of(stored);
        if job.mode == Mode::Shown {
            orient::apply(&mut picture.samples, size, picture.layout.channels(), orientation);
            size = orientation.apply_to(size);
        }
        let pixels = Pixels::new(size, picture.layout, picture.samples);
        pixels.map(Raster::Pixels).map_err(|_| internal())
    });
    let raster = turned.next().ok_or_else(internal)??;
    let canonical = turned.next().transpose()?.and_then(|raster| match raster {
        Raster::Pixels(pixels) => Some(pixels),
        Raster::Planes(_) => None,
    });
    drop(turned);
    Ok(Decoded { raster, canonical, findings })
}

/// Bytes that [`verify`] allocates at most, beside the file itself.
pub(crate) fn verify_memory_needed(structure: &Structure) -> u64 {
    // Windows, tables and rows of the other formats.
    jpeg::verify_memory(structure).saturating_add(4 << 20)
}

/// Reads every coded byte of every frame and says what is missing or damaged; keeps no pixels.
pub(crate) fn verify(
    bytes: &[u8],
    structure: &Structure,
    limits: &Limits,
    cancel: &Cancellation,
) -> Result<Vec<Finding>, Stop> {
    if cancel.should_stop() {
        return Err(Stop::Cancelled);
    }
    guarded("verify", || crate::verify::verify(bytes, structure, limits, cancel))
}

/// A zeroed buffer of `size` pixels, or a finding when the machine cannot hold it.
fn buffer(size: Size, channels: usize) -> Result<Vec<u8>, Stop> {
    let needed = size.pixels().saturating_mul(channels as u64);
    let length = usize::try_from(needed).ok().filter(|n| isize::try_from(*n).is_ok());
    length.map(|n| vec![0; n]).ok_or_else(|| too_large(needed))
}

/// More than the machine can hold.
fn too_large(needed: u64) -> Stop {
    let max = isize::MAX as u64;
    Stop::Finding(Finding::error(FindingKind::TooMuchMemory { needed, max }))
}

/// A zeroed RGB buffer with room for [`add_alpha`].
fn growing_buffer(size: Size) -> Result<Vec<u8>, Stop> {
    let mut samples = buffer(size, 4)?;
    samples.truncate(samples.len() / 4 * 3);
    Ok(samples)
}

/// RGB to opaque RGBA, in place where the buffer has the room.
fn add_alpha(samples: &mut Vec<u8>) {
    let pixels = samples.len() / 3;
    samples.resize(pixels.saturating_mul(4), 255);
    for pixel in (0..pixels).rev() {
        samples.copy_within(pixel * 3..pixel * 3 + 3, pixel * 4);
        samples[pixel * 4 + 3] = 255;
    }
}

/// Drops the fourth sample of every pixel, in place.
fn drop_alpha(samples: &mut Vec<u8>) {
    let pixels = samples.len() / 4;
    for pixel in 1..pixels {
        samples.copy_within(pixel * 4..pixel * 4 + 3, pixel * 3);
    }
    samples.truncate(pixels * 3);
}

#[cfg(test)]
mod still_tests;
#[cfg(test)]
mod tests;
