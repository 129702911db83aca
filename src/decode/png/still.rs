//! A still picture in rows from top to bottom, which is verified and decoded in one go: what
//! verification inflates is unfiltered at once.

use png::{BitDepth, ColorType, Decoder, Info};

use super::rows::Unpack;
use super::unfilter::Unfilter;
use super::{color, open, stop, widest_row};
use crate::container::Structure;
use crate::decode::cms::Plan;
use crate::decode::reduce::Reduced;
use crate::decode::{Accepts, Job, Read, Scale, Scales, Stop, buffer, made};
use crate::finding::Finding;
use crate::pixels::Layout;
use crate::verify::{self, RawRows};

/// Whether a file holds nothing but one picture in plain rows.
pub(in crate::decode) fn is_still(structure: &Structure) -> bool {
    let animation =
        structure.parts.iter().any(|part| matches!(part.name.as_str(), "acTL" | "fcTL" | "fdAT"));
    !animation && !structure.interlaced
}

/// Bytes that the rows on their way and pictures at these scales take at most.
pub(super) fn memory_needed(structure: &Structure, scales: Scales, channels: u64) -> u64 {
    let pictures = scales.iter().map(|scale| match (scale, channels) {
        (Scale::Full, 4) => structure.stored.pixels().saturating_mul(4),
        _ => Reduced::memory_needed(structure.stored, scale),
    });
    // Two raw rows and an unpacked one; the window of inflating comes under what is constant.
    pictures.fold(widest_row(structure).saturating_mul(3), u64::saturating_add)
}

/// Verifies, and decodes at these scales in the same go. What verifying found comes first; then,
/// where `accepts` agrees to it, a picture for each scale.
pub(in crate::decode) fn examine(
    job: &Job<'_>,
    scales: Scales,
    accepts: &Accepts<'_>,
) -> Result<Read, Stop> {
    let mut warnings = Vec::new();
    // Whatever stops this is told after what verification finds, and only if that is no error.
    let mut rows = Still::new(job, scales, &mut warnings);
    let taker = rows.as_mut().ok().map(|rows| -> &mut dyn RawRows { rows });
    let findings = verify::png_rows(job.bytes, job.structure, job.cancel, taker)?;
    if !accepts(&findings) {
        return Ok((findings, None));
    }
    let pictures = rows?.finish(job)?;
    Ok((findings, Some(made(job.layout(), pictures, warnings))))
}

/// Rows on their way from the inflater to the pictures.
struct Still {
    unpack: Unpack,
    /// What becomes of the colours of finished pictures.
    late: Plan,
    layout: Layout,
    width: usize,
    height: usize,
    unfilter: Unfilter,
    /// The row as far as it has come, its filter in front.
    current: Vec<u8>,
    /// The one before it, or zeros.
    above: Vec<u8>,
    done: usize,
    output: Output,
}

enum Output {
    /// Opaque, at one or two scales, through a row of RGB.
    Reduced {
        row: Vec<u8>,
        pictures: Vec<Reduced>,
    },
    Rgba(Vec<u8>),
}

impl Still {
    fn new(job: &Job<'_>, scales: Scales, warnings: &mut Vec<Finding>) -> Result<Self, Stop> {
        let mut decoder = Decoder::new(std::io::Cursor::new(job.bytes));
        open(job, &mut decoder);
        let reader = decoder.read_info().map_err(|e| stop(&e))?;
        let info: &Info<'_> = reader.info();
        let size = job.structure.stored;
        if (info.width, info.height) != (size.width, size.height) {
            return Err(Stop::corrupt("the header and the picture differ in size"));
        }
        let transform = color::plan(job, info, warnings);
        let layout = job.layout();
        // What comes as RGB is converted once it is reduced.
        let rgb = info.color_type == ColorType::Rgb && info.bit_depth == BitDepth::Eight;
        let (early, late) =
            if rgb && layout == Layout::Rgb8 { (None, transform) } else { (transform, None) };
        let unpack = Unpack::new(info, early).ok_or(Stop::corrupt("a palette is missing"))?;
        let width = size.width as usize;
        let output = match layout {
            Layout::Rgb8 => Output::Reduced {
                row: vec![0; width * 3],
                pictures: scales
                    .iter()
                    .map(|scale| Reduced::new(size, scale))
                    .collect::<Result<_, _>>()?,
            },
            Layout::Rgba8 => Output::Rgba(buffer(size, 4)?),
        };
        let length = info.raw_row_length();
        Ok(Self {
            unpack,
            late,
            layout,
            width,
            height: size.height as usize,
            unfilter: Unfilter::new(info.bytes_per_pixel()),
            current: Vec::with_capacity(length),
            above: vec![0; length],
            done: 0,
            output,
        })
    }

    /// The current row is complete.
    fn row(&mut self) {
        let Some((filter, samples)) = self.current.split_first_mut() else {
            return;
        };
        self.unfilter.undo(*filter, self.above.get(1..).unwrap_or_default(), samples);
        match &mut self.output {
            Output::Reduced { row, pictures } => {
                let plain = self.unpack.is_rgb();
                if !plain {
                    self.unpack.row(samples, self.width, row, 0, 1, self.layout);
                }
                for picture in pictures {
                    picture.push(if plain { samples } else { row });
                }
            }
            Output::Rgba(picture) => {
                let stride = self.width * 4;
                if let Some(row) = picture.chunks_exact_mut(stride).nth(self.done) {
                    self.unpack.row(samples, self.width, row, 0, 1, self.layout);
                }
            }
        }
        std::mem::swap(&mut self.above, &mut self.current);
        self.current.clear();
        self.done += 1;
    }

    fn finish(self, job: &Job<'_>) -> Result<Vec<(Scale, Vec<u8>)>, Stop> {
        if self.done != self.height {
            return Err(Stop::truncated("rows of the picture"));
        }
        match self.output {
            Output::Rgba(samples) => Ok(vec![(Scale::Full, samples)]),
            Output::Reduced { pictures, .. } => {
                let finished = |picture: Reduced| {
                    let scale = picture.scale();
                    let mut samples = picture.into_samples();
                    if let Some(transform) = &self.late {
                        job.convert(transform, &mut samples, 3)?;
                    }
                    Ok((scale, samples))
                };
                pictures.into_iter().map(finished).collect()
            }
        }
    }
}

impl RawRows for Still {
    fn take(&mut self, piece: &[u8], last: bool) {
        if self.done < self.height {
            self.current.extend_from_slice(piece);
            if last {
                self.row();
            }
        }
    }
}
