//! JPEG pixels through the `zune-jpeg` crate.
//!
//! It fills what is missing with grey and reports success, so whether the scans are whole is not
//! for this module to say. How components become colours is: the structure knows what the file's
//! markers mean, and where the crate reads them otherwise the components are taken raw.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::cms::{Transform, naive_cmyk};
use super::{
    BAND_ROWS, Job, Mode, Picture, Stop, add_alpha, aside, buffer, drop_alpha, growing_buffer,
    profile,
};
use crate::container::{JpegTransform, Structure};
use crate::finding::ColorModel;
use crate::pixels::Layout;

/// Bytes taken at most: the samples, what the crate keeps of a row of MCUs, and the coefficients
/// of a progressive picture, two bytes each.
pub(super) fn memory_needed(structure: &Structure, mode: Mode) -> u64 {
    let jpeg = &structure.jpeg;
    let channels = if mode == Mode::Shown && jpeg.components != 4 { 3 } else { 4 };
    let samples = structure.stored.pixels().saturating_mul(channels);
    let coefficients = if jpeg.progressive { jpeg.blocks.saturating_mul(128) } else { 0 };
    // Per component: coefficients of up to 32 lines, upsampled ones, and the rows between MCUs.
    let width = u64::from(structure.stored.width).saturating_add(64);
    let lines = width
        .saturating_mul(u64::from(jpeg.components.max(1)))
        .saturating_mul(2 * (32 + 32 * 4 + 24));
    samples
        .saturating_add(coefficients)
        .saturating_add(lines)
        // Copies of EXIF, XMP and profiles, pieced together.
        .saturating_add(aside(structure).saturating_mul(2))
        .saturating_add(1 << 20)
}

pub(super) fn decode(job: &Job<'_>) -> Result<Picture, Stop> {
    let jpeg = &job.structure.jpeg;
    if jpeg.non_interleaved && !jpeg.progressive {
        // The crate decodes these to garbage without noticing.
        return Err(Stop::unsupported("a sequential JPEG whose components come in separate scans"));
    }
    let side = |n: u32| n as usize;
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(side(job.structure.stored.width))
        .set_max_height(side(job.structure.stored.height))
        .jpeg_set_max_scans(usize::try_from(job.limits.max_scans).unwrap_or(usize::MAX))
        // Its SIMD paths round colours otherwise than its scalar ones.
        .set_use_unsafe(false);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(job.bytes), options);
    decoder.decode_headers().map_err(|e| stop(&e))?;
    let stored = (side(job.structure.stored.width), side(job.structure.stored.height));
    if decoder.dimensions() != Some(stored) {
        return Err(Stop::corrupt("the header and the picture differ in size"));
    }
    let components = decoder.info().map_or(0, |info| usize::from(info.components));
    if components != usize::from(jpeg.components) {
        return Err(Stop::corrupt("the header and the picture differ in their components"));
    }
    let taken = taken(decoder.input_colorspace(), components, jpeg.transform)
        .ok_or(Stop::unsupported("a JPEG with this number of components"))?;
    let layout = job.layout();
    let (output, raw) = match taken {
        Taken::Finished if layout == Layout::Rgb8 => (ColorSpace::RGB, 3),
        Taken::Finished => (ColorSpace::RGBA, 4),
        Taken::Raw(space) => (space, space.num_components()),
    };
    drop(decoder);
    job.proceed()?;
    // It settles on a conversion while it reads the headers: once more, with the right one.
    let options = options.jpeg_set_out_colorspace(output);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(job.bytes), options);
    let mut samples = if raw == 3 && layout == Layout::Rgba8 {
        growing_buffer(job.structure.stored)?
    } else {
        buffer(job.structure.stored, raw)?
    };
    decoder.decode_into(&mut samples).map_err(|e| stop(&e))?;
    drop(decoder);
    job.proceed()?;

    let mut findings = Vec::new();
    let model = match components {
        1 => ColorModel::Grey,
        4 => ColorModel::Cmyk,
        _ => ColorModel::Rgb,
    };
    let plan = profile::plan(job, model, false, &mut findings).flatten();
    let band = stored.0.max(1) * raw * BAND_ROWS;
    for rows in samples.chunks_mut(band) {
        job.proceed()?;
        finish(rows, raw, taken, jpeg.transform, plan.as_ref());
    }
    match (raw, layout) {
        (4, Layout::Rgb8) => drop_alpha(&mut samples),
        (3, Layout::Rgba8) => add_alpha(&mut samples),
        _ => {}
    }
    Ok(Picture { layout, samples, findings })
}

/// What the crate is asked for.
#[derive(Clone, Copy)]
enum Taken {
    /// RGB or RGBA.
    Finished,
    /// The components as stored.
    Raw(ColorSpace),
}

/// What to ask for, given what the crate takes the components for.
fn taken(input: Option<ColorSpace>, components: usize, wanted: JpegTransform) -> Option<Taken> {
    // With fewer components than an Adobe marker's transform needs, the crate goes on with these.
    let input = match (input?, components) {
        (ColorSpace::CMYK, 3) => ColorSpace::RGB,
        (ColorSpace::YCCK, 3) => ColorSpace::YCbCr,
        (space, _) => space,
    };
    Some(match (components, input) {
        (1, ColorSpace::Luma) => Taken::Finished,
        (3, ColorSpace::YCbCr) if wanted == JpegTransform::YCbCr => Taken::Finished,
        (3, ColorSpace::YCbCr | ColorSpace::RGB) | (4, ColorSpace::CMYK | ColorSpace::YCCK) => {
            Taken::Raw(input)
        }
        _ => return None,
    })
}

/// Brings a band of samples to its final colours, in place; four samples per pixel become RGBA.
fn finish(
    rows: &mut [u8],
    channels: usize,
    taken: Taken,
    transform: JpegTransform,
    plan: Option<&Transform>,
) {
    if let Taken::Raw(space) = taken {
        if space.num_components() == 4 {
            for pixel in rows.as_chunks_mut::<4>().0 {
                let [a, b, c, k] = *pixel;
                // Adobe's way, which all others follow: inks are stored inverted. The colour
                // transform of YCCK inverts once more (Adobe TN 5116 section 18).
                let [c, m, y] = match transform {
                    JpegTransform::None => [255 - a, 255 - b, 255 - c],
                    JpegTransform::YCbCr | JpegTransform::Ycck => ycc_to_rgb([a, b, c]),
                };
                let inks = [c, m, y, 255 - k];
                let [r, g, b] = plan.map_or_else(|| naive_cmyk(inks), |t| t.cmyk8(inks));
                *pixel = [r, g, b, 255];
            }
            return;
        }
        if transform == JpegTransform::YCbCr {
            for pixel in rows.as_chunks_mut::<3>().0 {
                *pixel = ycc_to_rgb(*pixel);
            }
        }
    }
    if let Some(transform) = plan {
        transform.convert(rows, channels);
    }
}

/// ITU-T T.871 (JFIF) section 7, in 16 fractional bits.
fn ycc_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y) << 16, i32::from(cb) - 128, i32::from(cr) - 128);
    let half = 1 << 15;
    let byte = |v: i32| ((v + half) >> 16).clamp(0, 255) as u8;
    [byte(y + 91_881 * cr), byte(y - 22_554 * cb - 46_802 * cr), byte(y + 116_130 * cb)]
}

fn stop(error: &DecodeErrors) -> Stop {
    match error {
        DecodeErrors::Unsupported(_) => Stop::unsupported("this coding of JPEG"),
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => Stop::truncated("the scans"),
        _ => Stop::corrupt("JPEG data that cannot be decoded"),
    }
}
