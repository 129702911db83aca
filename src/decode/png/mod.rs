//! PNG and APNG, through the `png` crate, row by row: 16-bit samples are brought to 8 bits, and
//! colours to sRGB, before a row is kept, so no picture is ever held at its full depth.

mod color;
mod rows;
mod still;
mod unfilter;

use std::borrow::Cow;
use std::io::{Cursor, ErrorKind};

use png::{Decoder, DecodingError, Limits, Reader};

use super::animation::{self, Frame};
use super::{BAND_ROWS, Job, Mode, Picture, Scale, Scales, Stop, aside, buffer};
use crate::container::{Part, PartKind, Structure, slice};
use crate::finding::Finding;
use crate::geometry::Size;
use crate::pixels::Layout;
use rows::Unpack;
pub(super) use still::{examine, is_still};

/// Bytes of a row with 8 bytes per pixel, the most there is.
fn widest_row(structure: &Structure) -> u64 {
    u64::from(structure.stored.width).saturating_mul(8).saturating_add(1)
}

/// Bytes taken at most: the delivered picture, a frame that does not cover its canvas, and the
/// crate's buffers: it gathers up to four rows or 128 KiB before it moves them to the front, with
/// the growth of a vector on top, and one row of output; ours is another.
pub(super) fn memory_needed(structure: &Structure, mode: Mode, scales: Scales) -> u64 {
    let channels = if mode == Mode::Shown && !structure.has_alpha { 3 } else { 4 };
    let picture = if is_still(structure) {
        still::memory_needed(structure, scales, channels)
    } else {
        structure.stored.pixels().saturating_mul(channels)
    };
    let frame = match mode {
        Mode::Shown if structure.frames > 1 => structure.stored.pixels().saturating_mul(4),
        _ => 0,
    };
    let animated = if frame > 0 { frame.saturating_mul(2) } else { picture };
    let copy = if structure.parts.iter().any(strays(structure)) { structure.end } else { 0 };
    animated
        .saturating_add(copy)
        .saturating_add(widest_row(structure).saturating_mul(14))
        // It keeps EXIF, after a copy whose buffer grew by doubling.
        .saturating_add(aside(structure).saturating_mul(3))
        .saturating_add(1 << 20)
}

/// Which parts say something of an animation that the walk did not take: all of them where none was
/// declared before the picture, and those whose checksum is wrong, which it calls metadata.
fn strays(structure: &Structure) -> impl Fn(&Part) -> bool + use<> {
    let taken = |part: &Part| part.kind != PartKind::Metadata;
    let mut head = structure.parts.iter().take_while(|part| part.name.as_str() != "IDAT");
    let declared = head.any(|part| part.name.as_str() == "acTL" && taken(part));
    move |part| matches!(part.name.as_str(), "acTL" | "fcTL" | "fdAT") && !(declared && taken(part))
}

/// The file as the crate shall see it. Without an acTL chunk an fcTL means nothing (PNG 3rd edition
/// section 11.3.6.1), but the crate takes it for the size of the picture.
fn without_strays<'a>(job: &Job<'a>) -> Cow<'a, [u8]> {
    let stray = strays(job.structure);
    if !job.structure.parts.iter().any(&stray) {
        return Cow::Borrowed(job.bytes);
    }
    let kept = job.structure.parts.iter().filter(|part| !stray(part));
    Cow::Owned(kept.flat_map(|part| slice(job.bytes, &part.span)).copied().collect())
}

type Rows<'a> = Reader<Cursor<&'a [u8]>>;

/// What the crate is told before it reads the chunks in front of the picture.
fn open(job: &Job<'_>, decoder: &mut Decoder<Cursor<&[u8]>>) {
    // Text and profiles are not the crate's to inflate.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let rows = widest_row(job.structure).saturating_mul(4).saturating_add(64 << 20);
    decoder.set_limits(Limits { bytes: usize::try_from(rows).unwrap_or(usize::MAX) });
}

pub(super) fn decode(job: &Job<'_>) -> Result<Picture, Stop> {
    let bytes = without_strays(job);
    let mut decoder = Decoder::new(Cursor::new(&*bytes));
    open(job, &mut decoder);
    let mut reader = decoder.read_info().map_err(|e| stop(&e))?;
    let info = reader.info();
    if Size::new(info.width, info.height) != job.structure.stored {
        return Err(Stop::corrupt("the header and the picture differ in size"));
    }
    let mut findings = Vec::new();
    let transform = color::plan(job, info, &mut findings);
    let unpack = Unpack::new(info, transform).ok_or(Stop::corrupt("a palette is missing"))?;
    if job.mode == Mode::Shown && job.structure.frames > 1 && info.animation_control.is_some() {
        return first_visible(job, &mut reader, &unpack, findings);
    }
    let layout = job.layout();
    let whole = info.frame_control.is_none_or(|f| (f.width, f.height) == (info.width, info.height));
    if !whole {
        return read_frame(job, &mut reader, &unpack)?.on_canvas(job, findings);
    }
    let mut samples = buffer(job.structure.stored, layout.channels())?;
    read_rows(job, &mut reader, &unpack, job.structure.stored, layout, &mut samples)?;
    Ok(Picture { layout, scale: Scale::Full, samples, findings })
}

/// The first frame of an animation that shows something. A default image that is not one of the
/// frames is passed over (PNG 3rd edition section 4.9).
fn first_visible(
    job: &Job<'_>,
    reader: &mut Rows<'_>,
    unpack: &Unpack,
    findings: Vec<Finding>,
) -> Result<Picture, Stop> {
    let mut first = None;
    if reader.info().frame_control.is_none() {
        let default = read_frame(job, reader, unpack)?;
        if reader.next_frame_info().is_err() {
            return default.on_canvas(job, findings);
        }
    }
    for _ in 0..animation::frame_budget(job) {
        let frame = match read_frame(job, reader, unpack) {
            Ok(frame) => frame,
            // What is wrong behind the first frame is not this function's to judge.
            Err(stop @ Stop::Finding(_)) if first.is_none() => return Err(stop),
            Err(Stop::Finding(_)) => break,
            Err(Stop::Cancelled) => return Err(Stop::Cancelled),
        };
        if frame.is_visible() {
            return frame.on_canvas(job, findings);
        }
        if first.is_none() {
            first = Some(Frame { samples: Vec::new(), ..frame });
        }
        if reader.next_frame_info().is_err() {
            break;
        }
    }
    // Nothing to be seen anywhere.
    Ok(animation::finish(job, buffer(job.structure.stored, 4)?, findings))
}

/// The frame that the reader stands at, in RGBA.
fn read_frame(job: &Job<'_>, reader: &mut Rows<'_>, unpack: &Unpack) -> Result<Frame, Stop> {
    let info = reader.info();
    let canvas = Size::new(info.width, info.height);
    let (left, top, size) = info
        .frame_control
        .map_or((0, 0, canvas), |f| (f.x_offset, f.y_offset, Size::new(f.width, f.height)));
    let inside = |at: u32, side: u32, whole: u32| at.checked_add(side).is_some_and(|e| e <= whole);
    if size.is_empty()
        || !inside(left, size.width, canvas.width)
        || !inside(top, size.height, canvas.height)
    {
        return Err(Stop::corrupt("a frame lies outside its canvas"));
    }
    let mut samples = buffer(size, 4)?;
    read_rows(job, reader, unpack, size, Layout::Rgba8, &mut samples)?;
    Ok(Frame { left, top, size, samples })
}

/// Fills `samples` with all rows of the current frame.
fn read_rows(
    job: &Job<'_>,
    reader: &mut Rows<'_>,
    unpack: &Unpack,
    size: Size,
    layout: Layout,
    samples: &mut [u8],
) -> Result<(), Stop> {
    /// Adam7 (PNG 3rd edition section 8.2): first column and row, then their steps.
    const ADAM7: [[u32; 4]; 7] = [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
    ];
    const PLAIN: [[u32; 4]; 1] = [[0, 0, 1, 1]];
    let passes: &[[u32; 4]] = if reader.info().interlaced { &ADAM7 } else { &PLAIN };
    let length = reader.output_line_size(reader.info().width).unwrap_or_default();
    let mut raw = vec![0; length];
    let stride = size.width as usize * layout.channels();
    let mut count = 0;
    for [left, top, across, down] in passes {
        let width = size.width.saturating_sub(*left).div_ceil(*across);
        if width == 0 {
            continue;
        }
        for y in (*top..size.height).step_by(*down as usize) {
            if count % BAND_ROWS == 0 {
                job.proceed()?;
            }
            count += 1;
            if reader.read_row(&mut raw).map_err(|e| stop(&e))?.is_none() {
                return Err(Stop::truncated("rows of the picture"));
            }
            let row = &mut samples[y as usize * stride..][..stride];
            unpack.row(&raw, width as usize, row, *left as usize, *across as usize, layout);
        }
    }
    Ok(())
}

fn stop(error: &DecodingError) -> Stop {
    match error {
        DecodingError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => {
            Stop::truncated("rows of the picture")
        }
        DecodingError::LimitsExceeded => Stop::corrupt("a chunk is too large"),
        _ => Stop::corrupt("PNG data that cannot be decoded"),
    }
}
