//! WebP: one lossy picture without alpha, the usual case, by ourselves (`still`, `vp8`) or by
//! libwebp; all else through the `image-webp` crate.
//!
//! That crate keeps no limits and believes what a file says of itself; so it is never shown the
//! file. Each frame's coded picture is wrapped anew, the smallest file that holds it, with the size
//! that the walk judged; and its own header must say that size before anything is allocated.

#[cfg(feature = "libwebp")]
mod libwebp;
#[cfg(not(feature = "libwebp"))]
mod planes;
mod still;
#[cfg(not(feature = "libwebp"))]
mod vp8;
mod watched;

use std::io::ErrorKind;

use image_webp::{DecodingError, WebPDecoder};

use super::animation::{self, Frame};
use super::{
    Job, Mode, Picture, Scale, Scales, Stop, add_alpha, buffer, drop_alpha, growing_buffer, profile,
};
use crate::container::{Part, Structure, slice};
use crate::finding::ColorModel;
use crate::geometry::Size;
use crate::pixels::Layout;
use crate::policy::Limits;
pub(super) use still::{examine, is_still};
use watched::Watched;

/// Bytes taken at most. Beside the canvas: a frame's coded bytes, wrapped anew and
/// then copied by the crate; then either planes of 16×16 macroblocks (1.5 bytes per
/// pixel) and, with coded alpha, its RGBA and its plane; or the lossless decoder's own, which
/// works in the RGBA buffer it is given and keeps sub-images of a pixel for 4×4 at most. Prefix
/// tables of a lossless picture come on top: checking refuses those that do not fit ([`tables`]).
pub(super) fn memory_needed(structure: &Structure, mode: Mode, scales: Scales) -> u64 {
    let padded = |side: u32| u64::from(side).div_ceil(16) * 16;
    let (width, height) = (padded(structure.stored.width), padded(structure.stored.height));
    let pixels = width.saturating_mul(height);
    let names = || structure.parts.iter().map(name);
    let lossy = names().any(|n| n == "VP8");
    let lossless = names().any(|n| n == "VP8L");
    let alpha = names().any(|n| n == "ALPH");
    let unknown = !lossy && !lossless;
    let halves = |halves: u64| pixels.saturating_mul(halves) / 2;
    // In half bytes per pixel: what lies beside the picture itself.
    let beside = if alpha || unknown {
        halves(3 + 8 + 2)
    } else if lossy {
        halves(3)
    } else {
        0
    };
    // Predictors, colour transforms and the entropy image, this one also as numbers of two bytes.
    let blocks = u64::from(structure.stored.width.div_ceil(4))
        .saturating_mul(u64::from(structure.stored.height.div_ceil(4)));
    let sub_images = if lossless || alpha || unknown { blocks.saturating_mul(14) } else { 0 };
    let channels = if mode == Mode::Shown && !structure.has_alpha && !lossless { 3 } else { 4 };
    let animated = structure.frames > 1 || names().any(|n| n == "ANMF");
    let canvas = if animated { 8 } else { channels };
    let coded: u64 = structure
        .parts
        .iter()
        .filter(|p| matches!(name(p), "VP8" | "VP8L" | "ALPH"))
        .map(|p| p.span.end.saturating_sub(p.span.start))
        .fold(0, u64::saturating_add);
    if is_still(structure) {
        // libwebp copies them into a buffer that grows; we read them where they are.
        let copies = if cfg!(feature = "libwebp") { 3 } else { 0 };
        let coded = coded.saturating_mul(copies).saturating_add(2 << 20);
        return still::memory_needed(structure, scales, channels).saturating_add(coded);
    }
    pixels
        .saturating_mul(canvas)
        .saturating_add(beside.saturating_add(sub_images))
        .saturating_add(coded.saturating_mul(2))
        // Entropy tables and borders of a lossy picture.
        .saturating_add(2 << 20)
}

/// The part of an upload's memory that prefix tables may take: a vector that grows holds up to
/// three times its length for a moment.
const TABLES_SHARE: u64 = 8;

/// Bytes that the prefix tables of a lossless picture may take: what decoding leaves of the limit.
pub(crate) fn tables(structure: &Structure, limits: &Limits) -> u64 {
    let share = limits.max_memory / TABLES_SHARE;
    let needed = super::memory_needed(structure, Mode::Shown, Scales::FULL);
    // A picture that is too large to be decoded may still be checked.
    limits.max_memory.checked_sub(needed).map_or(share, |left| left.min(share))
}

fn name(part: &Part) -> &str {
    part.name.as_str().trim_end()
}

/// The coded picture of one frame.
#[derive(Clone, Copy, Default)]
struct Coded<'a> {
    lossy: Option<&'a [u8]>,
    lossless: Option<&'a [u8]>,
    alpha: Option<&'a [u8]>,
}

impl<'a> Coded<'a> {
    fn take(&mut self, part: &Part, bytes: &'a [u8]) {
        let payload = slice(bytes, &part.payload);
        // The first of each counts, and a frame has one picture (RFC 9649 section 2.7).
        let complete = self.lossy.is_some() || self.lossless.is_some();
        match name(part) {
            "VP8" if !complete => self.lossy = Some(payload),
            "VP8L" if !complete => self.lossless = Some(payload),
            "ALPH" if !complete && self.alpha.is_none() => self.alpha = Some(payload),
            _ => {}
        }
    }
}

pub(super) fn decode(job: &Job<'_>) -> Result<Picture, Stop> {
    let parts = &job.structure.parts;
    let mut findings = Vec::new();
    let plan = profile::plan(job, ColorModel::Rgb, false, &mut findings).flatten();
    let animated = parts.iter().any(|p| name(p) == "ANMF");
    let mut picture = if animated {
        let frame = first_visible(job)?;
        frame.on_canvas(job, findings)?
    } else {
        let mut coded = Coded::default();
        parts.iter().filter(|p| p.depth == 0).for_each(|p| coded.take(p, job.bytes));
        let (layout, samples) = decode_frame(job, &coded, job.structure.stored, job.layout())?;
        Picture { layout, scale: Scale::Full, samples, findings }
    };
    if let Some(transform) = plan {
        job.convert(&transform, &mut picture.samples, picture.layout.channels())?;
    }
    Ok(picture)
}

fn first_visible(job: &Job<'_>) -> Result<Frame, Stop> {
    let parts = &job.structure.parts;
    let starts = parts.iter().enumerate().filter(|(_, p)| name(p) == "ANMF" && p.depth == 0);
    let budget = usize::try_from(animation::frame_budget(job)).unwrap_or(usize::MAX);
    let mut empty = None;
    for (index, part) in starts.take(budget) {
        job.proceed()?;
        let mut coded = Coded::default();
        let inside = parts[index + 1..].iter().take_while(|p| p.depth > 0);
        inside.for_each(|p| coded.take(p, job.bytes));
        match read_frame(job, part, &coded) {
            Ok(frame) if frame.is_visible() || job.mode == Mode::Stored => return Ok(frame),
            Ok(_) => {
                empty = Some(Frame {
                    left: 0,
                    top: 0,
                    size: job.structure.stored,
                    samples: Vec::new(),
                });
            }
            // What is wrong behind the first frame is not this function's to judge.
            Err(Stop::Finding(_)) if empty.is_some() => break,
            Err(stop) => return Err(stop),
        }
    }
    let frame = empty.ok_or(Stop::truncated("no frame"))?;
    Ok(Frame { samples: buffer(frame.size, 4)?, ..frame })
}

/// RFC 9649 section 2.7.1.1: where and how large, then the coded picture.
fn read_frame(job: &Job<'_>, part: &Part, coded: &Coded<'_>) -> Result<Frame, Stop> {
    let header = slice(job.bytes, &part.payload);
    let Some(header) = header.first_chunk::<16>() else {
        return Err(Stop::truncated("an ANMF chunk"));
    };
    let three = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], 0]);
    let (left, top) = (three(0) * 2, three(3) * 2);
    let size = Size::new(three(6) + 1, three(9) + 1);
    let canvas = job.structure.stored;
    if left + size.width > canvas.width || top + size.height > canvas.height {
        return Err(Stop::corrupt("a frame lies outside its canvas"));
    }
    let (_, samples) = decode_frame(job, coded, size, Layout::Rgba8)?;
    Ok(Frame { left, top, size, samples })
}

/// Decodes one coded picture of exactly this size to this layout.
fn decode_frame(
    job: &Job<'_>,
    coded: &Coded<'_>,
    size: Size,
    layout: Layout,
) -> Result<(Layout, Vec<u8>), Stop> {
    let (file, channels) = wrap(coded, size, layout)?;
    let mut decoder = WebPDecoder::new(Watched::new(&file, job.cancel)).map_err(|e| stop(&e))?;
    let expected = size.pixels().saturating_mul(channels as u64);
    let given = decoder.output_buffer_size().map(|n| n as u64);
    if decoder.dimensions() != (size.width, size.height) || given != Some(expected) {
        return Err(Stop::corrupt("the header and the picture differ in size"));
    }
    let mut samples = if channels == 3 && layout == Layout::Rgba8 {
        growing_buffer(size)?
    } else {
        buffer(size, channels)?
    };
    let read = decoder.read_image(&mut samples);
    job.proceed()?;
    read.map_err(|e| stop(&e))?;
    if channels == 3 && layout == Layout::Rgba8 {
        add_alpha(&mut samples);
    } else if channels == 4 && layout == Layout::Rgb8 {
        drop_alpha(&mut samples);
    } else if channels == 4 && coded.alpha.is_none() && !declares_alpha(coded) {
        // A lossless picture that says it has no alpha: what the bits hold is not shown.
        samples.chunks_exact_mut(4).for_each(|p| p[3] = 255);
    }
    Ok((layout, samples))
}

/// Bit 28 of a lossless header (RFC 9649 section 3.4).
fn declares_alpha(coded: &Coded<'_>) -> bool {
    coded.lossless.and_then(|b| b.get(4)).is_some_and(|b| b & 0x10 != 0)
}

/// In the first byte of a `VP8X` chunk (RFC 9649 section 2.7).
const ALPHA_FLAG: u8 = 0x10;

/// The smallest WebP file around a coded picture, and how many samples a pixel of it will have.
fn wrap(coded: &Coded<'_>, size: Size, layout: Layout) -> Result<(Vec<u8>, usize), Stop> {
    let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
    let chunk = |file: &mut Vec<u8>, name: &[u8; 4], payload: &[u8]| -> Result<(), Stop> {
        let length =
            u32::try_from(payload.len()).map_err(|_| Stop::corrupt("a chunk is too large"))?;
        file.extend_from_slice(name);
        file.extend_from_slice(&length.to_le_bytes());
        file.extend_from_slice(payload);
        if length % 2 == 1 {
            file.push(0);
        }
        Ok(())
    };
    // Always the extended form: in the simple one the crate misreads a side of 16 384.
    let mut header = [0; 10];
    header[4..7].copy_from_slice(&(size.width - 1).to_le_bytes()[..3]);
    header[7..10].copy_from_slice(&(size.height - 1).to_le_bytes()[..3]);
    let mut extended = |file: &mut Vec<u8>, alpha: bool| -> Result<(), Stop> {
        header[0] = if alpha { ALPHA_FLAG } else { 0 };
        chunk(file, b"VP8X", &header)
    };
    let channels = if let Some(picture) = coded.lossless {
        // RFC 9649 section 3.4: a signature byte, then 14 bits each of width - 1 and height - 1.
        let bits = picture.get(1..5).and_then(|b| b.first_chunk()).map(|b| u32::from_le_bytes(*b));
        let bits = bits.ok_or(Stop::truncated("a VP8L chunk"))?;
        check(size, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)?;
        file.reserve_exact(picture.len() + 64);
        // With alpha the crate decodes into our buffer; without, it would allocate another of four
        // bytes per pixel.
        extended(&mut file, true)?;
        chunk(&mut file, b"VP8L", picture)?;
        4
    } else if let Some(picture) = coded.lossy {
        check_lossy(picture, size)?;
        let alpha = coded.alpha.filter(|_| layout == Layout::Rgba8);
        file.reserve_exact(picture.len() + alpha.map_or(0, <[u8]>::len) + 64);
        extended(&mut file, alpha.is_some())?;
        if let Some(alpha) = alpha {
            chunk(&mut file, b"ALPH", alpha)?;
        }
        chunk(&mut file, b"VP8 ", picture)?;
        if alpha.is_some() { 4 } else { 3 }
    } else {
        return Err(Stop::truncated("no picture data"));
    };
    let riff = u32::try_from(file.len() - 8).map_err(|_| Stop::corrupt("a chunk is too large"))?;
    file[4..8].copy_from_slice(&riff.to_le_bytes());
    Ok((file, channels))
}

/// RFC 6386 section 9.1: after the tag and the start code, 14 bits each and a scale.
fn check_lossy(picture: &[u8], judged: Size) -> Result<(), Stop> {
    let side = |at: usize| {
        let pair = picture.get(at..at + 2).and_then(|b| b.first_chunk());
        pair.map(|b| u32::from(u16::from_le_bytes(*b) & 0x3FFF))
    };
    let (Some(width), Some(height)) = (side(6), side(8)) else {
        return Err(Stop::truncated("a VP8 chunk"));
    };
    check(judged, width, height)
}

/// What a coded picture says of its size must be what was judged.
fn check(judged: Size, width: u32, height: u32) -> Result<(), Stop> {
    if Size::new(width, height) == judged {
        return Ok(());
    }
    Err(Stop::corrupt("the header and the picture differ in size"))
}

fn stop(error: &DecodingError) -> Stop {
    match error {
        DecodingError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => {
            Stop::truncated("picture data")
        }
        DecodingError::NotEnoughInitData => Stop::truncated("picture data"),
        _ => Stop::corrupt("WebP data that cannot be decoded"),
    }
}
