//! GIF, through the `gif` crate.

use std::borrow::Cow;
use std::io::ErrorKind;
use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, MemoryLimit};

use super::{Job, Mode, Picture, Stop, animation, aside, buffer};
use crate::container::{Part, Structure, slice};

/// Bytes taken at most: the canvas in RGBA, a frame's indices, the crate's LZW table and read buffer,
/// and the extensions that it keeps.
pub(super) fn memory_needed(structure: &Structure) -> u64 {
    let canvas = structure.stored.pixels().saturating_mul(4);
    // Blocks that are left out of a copy were found irregular by the walk.
    let copy = if structure.findings.is_empty() { 0 } else { structure.end };
    canvas
        .saturating_add(copy)
        .saturating_add(structure.largest_frame)
        .saturating_add(aside(structure).saturating_mul(2))
        .saturating_add(512 << 10)
}

/// The file as the crate shall see it, without what the walk passed over. A zero between two blocks
/// the crate takes for a block of a kind that it does not know, and what follows for the data of
/// that; a graphic control extension that is not 4 bytes long it refuses.
fn usable<'a>(job: &Job<'a>) -> Cow<'a, [u8]> {
    let is_usable = |part: &Part| match part.name.as_str() {
        "stray" => false,
        "control" => matches!(slice(job.bytes, &part.payload), [4, _, _, _, _, 0]),
        _ => true,
    };
    let parts = &job.structure.parts;
    if parts.iter().all(is_usable) {
        return Cow::Borrowed(job.bytes);
    }
    let mut kept = Vec::with_capacity(job.bytes.len());
    for part in parts.iter().filter(|part| is_usable(part)) {
        kept.extend_from_slice(slice(job.bytes, &part.span));
    }
    Cow::Owned(kept)
}

pub(super) fn decode(job: &Job<'_>) -> Result<Picture, Stop> {
    let bytes = usable(job);
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    // Holds extensions alone: indices go into our line.
    let held = NonZeroU64::new(job.limits.max_metadata_bytes).unwrap_or(NonZeroU64::MIN);
    options.set_memory_limit(MemoryLimit::Bytes(held));
    options.allow_unknown_blocks(true);
    let mut decoder = options.read_info(&*bytes).map_err(|e| stop(&e))?;
    let mut canvas = buffer(job.structure.stored, 4)?;
    let budget = animation::frame_budget(job);
    for frame in 0..budget {
        job.proceed()?;
        match decoder.next_frame_info() {
            Ok(Some(_)) => {}
            // Nothing to be seen in any frame: the empty canvas is the picture. What is wrong behind
            // the first is not this function's to judge.
            _ if frame > 0 => break,
            Ok(None) => return Err(Stop::truncated("no frame")),
            Err(e) => return Err(stop(&e)),
        }
        let visible = draw(job, &mut decoder, &mut canvas)?;
        if visible || job.mode == Mode::Stored {
            break;
        }
    }
    Ok(animation::finish(job, canvas, Vec::new()))
}

/// Draws the current frame; true when any pixel of it can be seen.
fn draw(job: &Job<'_>, decoder: &mut Decoder<&[u8]>, canvas: &mut [u8]) -> Result<bool, Stop> {
    let palette = palette(decoder)?;
    let Some(frame) = decoder.current_frame_info() else {
        return Ok(false);
    };
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let interlaced = frame.interlaced;
    let across = job.structure.stored.width as usize;
    let down = job.structure.stored.height as usize;
    let seen = across.saturating_sub(left).min(width);
    // A frame may stick out of its canvas; the walk has seen how far.
    let needed = width as u64 * height as u64;
    if needed > job.structure.largest_frame {
        return Err(Stop::corrupt("a frame is larger than the walk found it"));
    }
    let mut indices = vec![0; width * height];
    // In the order of the file and at once: asked for single lines, the crate loses the tail of
    // some streams that lack an end code.
    if needed > 0 && !decoder.fill_buffer(&mut indices).map_err(|e| stop(&e))? {
        return Err(Stop::truncated("picture data of a frame"));
    }
    let mut visible = false;
    for (y, line) in rows(height, interlaced).zip(indices.chunks_exact(width.max(1))) {
        let y = top + y;
        if y >= down || seen == 0 {
            continue;
        }
        let start = (y * across + left) * 4;
        let (pixels, _) = canvas[start..start + seen * 4].as_chunks_mut::<4>();
        for (pixel, index) in pixels.iter_mut().zip(line) {
            let color = palette[usize::from(*index)];
            if color[3] != 0 {
                *pixel = color;
                visible = true;
            }
        }
    }
    Ok(visible)
}

/// The frame's colours. Indices past the table are shown as black, the transparent one as nothing
/// (`GIF89a` sections 21 and 23).
fn palette(decoder: &Decoder<&[u8]>) -> Result<[[u8; 4]; 256], Stop> {
    let mut colors = [[0, 0, 0, 255]; 256];
    let table = decoder.palette().map_err(|e| stop(&e))?;
    for (color, rgb) in colors.iter_mut().zip(table.chunks_exact(3)) {
        color[..3].copy_from_slice(rgb);
    }
    if let Some(index) = decoder.current_frame_info().and_then(|f| f.transparent) {
        colors[usize::from(index)] = [0; 4];
    }
    Ok(colors)
}

/// The rows in the order of the file (`GIF89a` appendix E).
fn rows(height: usize, interlaced: bool) -> impl Iterator<Item = usize> {
    const PASSES: [(usize, usize); 4] = [(0, 8), (4, 8), (2, 4), (1, 2)];
    const PLAIN: [(usize, usize); 1] = [(0, 1)];
    let passes: &[(usize, usize)] = if interlaced { &PASSES } else { &PLAIN };
    passes.iter().flat_map(move |(first, step)| (*first..height).step_by(*step))
}

fn stop(error: &DecodingError) -> Stop {
    match error {
        DecodingError::Io(e) if e.kind() == ErrorKind::UnexpectedEof => {
            Stop::truncated("picture data of a frame")
        }
        DecodingError::UnexpectedEof => Stop::truncated("picture data of a frame"),
        _ => Stop::corrupt("GIF data that cannot be decoded"),
    }
}
