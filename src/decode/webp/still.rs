//! One lossy picture without alpha, at the scales that are wanted of it.

use super::{Coded, name};
use crate::container::{Part, PartKind, Structure};
#[cfg(not(feature = "libwebp"))]
use crate::decode::buffer;
use crate::decode::reduce::Reduced;
use crate::decode::{Accepts, Job, Read, Scale, Scales, Stop, made, profile};
use crate::finding::{ColorModel, Finding};
use crate::pixels::Layout;
use crate::verify;

/// Whether a file holds nothing but one lossy picture without coded alpha.
pub(in crate::decode) fn is_still(structure: &Structure) -> bool {
    let images = || structure.parts.iter().filter(|part| part.kind == PartKind::ImageData);
    let is_vp8 = |part: &Part| name(part) == "VP8" && part.depth == 0;
    let other = |part: &Part| matches!(name(part), "ANMF" | "ALPH" | "VP8L");
    images().count() == 1 && images().all(is_vp8) && !structure.parts.iter().any(other)
}

/// Bytes that decoding takes at most beside its coded bytes.
pub(super) fn memory_needed(structure: &Structure, scales: Scales, channels: u64) -> u64 {
    let size = structure.stored;
    let pictures = scales.iter().map(|scale| match scale {
        // What libwebp writes is the full picture itself.
        Scale::Full if cfg!(feature = "libwebp") => 0,
        Scale::Full => size.pixels().saturating_mul(channels),
        _ => Reduced::memory_needed(size, scale),
    });
    // Borders, sums and rows on their way.
    let rows = u64::from(size.width).saturating_mul(512);
    let pictures = pictures.fold(rows, u64::saturating_add);
    #[cfg(feature = "libwebp")]
    let beside = size.pixels().saturating_mul(channels);
    // Planes of whole macroblocks.
    #[cfg(not(feature = "libwebp"))]
    let beside = {
        let blocks = u64::from(size.width.div_ceil(16)) * u64::from(size.height.div_ceil(16));
        blocks.saturating_mul(256 * 3 / 2)
    };
    pictures.saturating_add(beside)
}

/// Verifies and decodes at these scales. What verifying found comes first; then, where `accepts`
/// agrees to it, a picture for each scale.
pub(in crate::decode) fn examine(
    job: &Job<'_>,
    scales: Scales,
    accepts: &Accepts<'_>,
) -> Result<Read, Stop> {
    let mut coded = Coded::default();
    job.structure.parts.iter().for_each(|part| coded.take(part, job.bytes));
    let layout = job.layout();
    let (findings, pictures) =
        read(job, coded.lossy.unwrap_or_default(), (scales, layout), accepts)?;
    let Some(mut pictures) = pictures else {
        return Ok((findings, None));
    };
    let mut warnings = Vec::new();
    if let Some(transform) = profile::plan(job, ColorModel::Rgb, false, &mut warnings).flatten() {
        for samples in &mut pictures {
            job.convert(&transform, samples, layout.channels())?;
        }
    }
    let pictures = scales.iter().zip(pictures);
    Ok((findings, Some(made(layout, pictures, warnings))))
}

/// What verifying found, and samples by scale where that was accepted.
type Samples = (Vec<Finding>, Option<Vec<Vec<u8>>>);

/// Decoded as it is verified.
#[cfg(not(feature = "libwebp"))]
fn read(
    job: &Job<'_>,
    picture: &[u8],
    (scales, layout): (Scales, Layout),
    accepts: &Accepts<'_>,
) -> Result<Samples, Stop> {
    let Job { bytes, structure, limits, cancel, .. } = *job;
    // What has another size than was judged is verified alone.
    let fits = super::check_lossy(picture, structure.stored);
    if let Err(stop) = fits {
        let findings = verify::verify(bytes, structure, limits, cancel)?;
        return if accepts(&findings) { Err(stop) } else { Ok((findings, None)) };
    }
    let mut decoder = super::vp8::Decoder::new();
    let findings = verify::read_webp(bytes, structure, (limits, cancel), &mut decoder)?;
    if !accepts(&findings) {
        return Ok((findings, None));
    }
    job.proceed()?;
    let planes = super::planes::Planes::new(decoder, structure.stored);
    if layout == Layout::Rgba8 {
        let mut samples = buffer(structure.stored, layout.channels())?;
        let mut places = samples.chunks_exact_mut(structure.stored.width as usize * 4);
        planes.rows(layout, |row| {
            if let Some(place) = places.next() {
                place.copy_from_slice(row);
            }
        });
        return Ok((findings, Some(vec![samples])));
    }
    let mut pictures = reduced(job, scales.iter())?;
    planes.rows(layout, |row| pictures.iter_mut().for_each(|picture| picture.push(row)));
    let pictures = pictures.into_iter().map(Reduced::into_samples).collect();
    Ok((findings, Some(pictures)))
}

/// Pictures at these scales, without rows yet.
fn reduced(job: &Job<'_>, scales: impl Iterator<Item = Scale>) -> Result<Vec<Reduced>, Stop> {
    scales.map(|scale| Reduced::new(job.structure.stored, scale)).collect()
}

/// Decoded by libwebp, which verifies on the way where it can.
#[cfg(feature = "libwebp")]
fn read(
    job: &Job<'_>,
    picture: &[u8],
    (scales, layout): (Scales, Layout),
    accepts: &Accepts<'_>,
) -> Result<Samples, Stop> {
    use super::libwebp;

    let Job { bytes, structure, limits, cancel, .. } = *job;
    let broken = || Stop::corrupt("WebP data that cannot be decoded");
    let fits = super::check_lossy(picture, structure.stored);
    let mut decoded = None;
    let modes = fits.is_ok().then(|| verify::webp_modes(structure, picture)).flatten();
    let findings = match modes {
        Some(modes) => {
            decoded = libwebp::decode(picture, structure.stored, layout)?;
            match &decoded {
                Some((_, spare)) => modes.with_tokens(*spare),
                // It says too little of what is wrong.
                None => verify::verify(bytes, structure, limits, cancel)?,
            }
        }
        None => verify::verify(bytes, structure, limits, cancel)?,
    };
    if !accepts(&findings) {
        return Ok((findings, None));
    }
    job.proceed()?;
    fits?;
    let decoded = match decoded {
        Some(decoded) => Some(decoded),
        None => libwebp::decode(picture, structure.stored, layout)?,
    };
    let (samples, _) = decoded.ok_or_else(broken)?;
    let smaller = scales.iter().filter(|scale| *scale != Scale::Full);
    let mut smaller = reduced(job, smaller)?;
    if !smaller.is_empty() {
        for row in samples.chunks_exact(structure.stored.width as usize * layout.channels()) {
            for picture in &mut smaller {
                picture.push(row);
            }
        }
    }
    let (mut full, mut smaller) = (Some(samples), smaller.into_iter());
    let pictures = scales.iter().filter_map(|scale| match scale {
        Scale::Full => full.take(),
        _ => smaller.next().map(Reduced::into_samples),
    });
    Ok((findings, Some(pictures.collect())))
}
