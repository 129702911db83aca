//! GIF: the images that the walk found, read by the codes that checking reads.

pub(crate) mod lzw;

use super::{Job, Mode, Picture, Stop, animation, buffer};
use crate::container::{Structure, slice};
use crate::geometry::Size;
use lzw::{Lengths, Lzw, Step};

/// Bytes taken at most: the canvas in RGBA, a frame's indices, and the tables.
pub(super) fn memory_needed(structure: &Structure) -> u64 {
    let canvas = structure.stored.pixels().saturating_mul(4);
    canvas.saturating_add(structure.largest_frame).saturating_add(64 << 10)
}

/// One image of the file, with what stands before it.
pub(crate) struct Image<'a> {
    /// Where its data begin in the file.
    pub(crate) at: u64,
    left: u32,
    top: u32,
    pub(crate) size: Size,
    interlaced: bool,
    /// Its colours, three bytes each.
    pub(crate) colors: &'a [u8],
    /// Nothing is drawn for this one.
    pub(crate) transparent: Option<u8>,
    code_size: u8,
    /// A chain of sub-blocks.
    data: &'a [u8],
}

/// All images, in the order of the file (`GIF89a` sections 18 to 23).
pub(crate) fn images<'a>(
    bytes: &'a [u8],
    structure: &'a Structure,
) -> impl Iterator<Item = Image<'a>> {
    let mut global: &[u8] = &[];
    let mut transparent = None;
    let mut head: &[u8] = &[];
    structure.parts.iter().filter_map(move |part| {
        let payload = slice(bytes, &part.payload);
        match part.name.as_str() {
            "header" => global = payload.get(7..).unwrap_or_default(),
            // One that is not 4 bytes long is passed over.
            "control" => {
                if let [4, flags, _, _, index, 0] = *payload {
                    transparent = (flags & 1 != 0).then_some(index);
                }
            }
            "plain text" => transparent = None,
            "image" => head = payload,
            "LZW" => {
                let control = transparent.take();
                return Image::new(head, payload, part.payload.start, global, control);
            }
            _ => {}
        }
        None
    })
}

impl<'a> Image<'a> {
    /// `head` is the descriptor, a table of its own if there is one, and the LZW minimum code size.
    fn new(
        head: &'a [u8],
        data: &'a [u8],
        at: u64,
        global: &'a [u8],
        transparent: Option<u8>,
    ) -> Option<Self> {
        let (descriptor, rest) = head.split_first_chunk::<9>()?;
        let (code_size, local) = rest.split_last()?;
        let [left, top, width, height] = [0, 2, 4, 6]
            .map(|at| u32::from(u16::from_le_bytes([descriptor[at], descriptor[at + 1]])));
        let size = Size::new(width, height);
        let [.., flags] = *descriptor;
        let colors = if flags & 0x80 == 0 { global } else { local };
        let (interlaced, code_size) = (flags & 0x40 != 0, *code_size);
        Some(Self { at, left, top, size, interlaced, colors, transparent, code_size, data })
    }

    /// The codes of its pixels; `None` when their size is none that there is.
    pub(crate) fn lzw<'b>(&self, lengths: &'b mut Lengths) -> Option<Lzw<'b>>
    where
        'a: 'b,
    {
        let exists = (1..=8).contains(&self.code_size);
        exists.then(|| Lzw::new(self.data, self.code_size, lengths))
    }

    /// Every pixel's index, in the order of the file.
    fn indices(&self, job: &Job<'_>) -> Result<Vec<u8>, Stop> {
        let pixels = usize::try_from(self.size.pixels()).unwrap_or(usize::MAX);
        let mut indices = Vec::with_capacity(pixels);
        // A string is one pixel longer than the one that it extends, and that pixel came right
        // behind it when it was defined: so each lies in the picture from where it first began.
        let mut starts = vec![0_usize; 1 << 12];
        let mut last = 0;
        let mut lengths = lzw::lengths();
        let Some(mut lzw) = self.lzw(&mut lengths) else {
            return Err(Stop::corrupt("the LZW minimum code size is not in the range 2 to 8"));
        };
        let mut strings = 0_usize;
        while indices.len() < pixels {
            let (code, length, defined) = match lzw.step() {
                Step::String { code, length, defined } => (code, length, defined),
                Step::End | Step::Over => return Err(Stop::truncated("picture data of a frame")),
                Step::Undefined => return Err(Stop::corrupt("a code that was not yet defined")),
            };
            if strings.is_multiple_of(1 << 16) {
                job.proceed()?;
            }
            strings += 1;
            if let Some(start) = defined.and_then(|code| starts.get_mut(usize::from(code))) {
                *start = last;
            }
            last = indices.len();
            if lzw.is_color(code) {
                indices.push(code as u8);
                continue;
            }
            let start = starts.get(usize::from(code)).copied().unwrap_or_default();
            let length = usize::from(length).min(pixels - last);
            // The string that is defined just now ends with its own first pixel.
            let present = length.min(last - start);
            indices.extend_from_within(start..start + present);
            indices.extend_from_within(last..last + length - present);
        }
        Ok(indices)
    }

    /// Draws it; true when any pixel of it can be seen. It may stick out of the canvas.
    fn draw(&self, job: &Job<'_>, canvas: &mut [u8]) -> Result<bool, Stop> {
        let indices = self.indices(job)?;
        let colors = self.palette();
        let (left, top) = (self.left as usize, self.top as usize);
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let across = job.structure.stored.width as usize;
        let down = job.structure.stored.height as usize;
        let seen = across.saturating_sub(left).min(width);
        let mut visible = false;
        for (y, line) in rows(height, self.interlaced).zip(indices.chunks_exact(width.max(1))) {
            let y = top + y;
            if y >= down || seen == 0 {
                continue;
            }
            let start = (y * across + left) * 4;
            let (pixels, _) = canvas[start..start + seen * 4].as_chunks_mut::<4>();
            for (pixel, index) in pixels.iter_mut().zip(line) {
                let color = colors[usize::from(*index)];
                if color[3] != 0 {
                    *pixel = color;
                    visible = true;
                }
            }
        }
        Ok(visible)
    }

    /// Its colours in RGBA. Indices past the table are shown as black, the transparent one as
    /// nothing (sections 21 and 23).
    fn palette(&self) -> [[u8; 4]; 256] {
        let mut colors = [[0, 0, 0, 255]; 256];
        for (color, rgb) in colors.iter_mut().zip(self.colors.chunks_exact(3)) {
            color[..3].copy_from_slice(rgb);
        }
        if let Some(index) = self.transparent {
            colors[usize::from(index)] = [0; 4];
        }
        colors
    }
}

pub(super) fn decode(job: &Job<'_>) -> Result<Picture, Stop> {
    let mut canvas = buffer(job.structure.stored, 4)?;
    if job.structure.frames == 0 {
        return Err(Stop::truncated("no frame"));
    }
    // Nothing to be seen in any frame: the empty canvas is the picture.
    let budget = animation::frame_budget(job);
    for (image, _) in images(job.bytes, job.structure).zip(0..budget) {
        job.proceed()?;
        if image.draw(job, &mut canvas)? || job.mode == Mode::Stored {
            break;
        }
    }
    Ok(animation::finish(job, canvas, Vec::new()))
}

/// The rows in the order of the file (`GIF89a` appendix E).
fn rows(height: usize, interlaced: bool) -> impl Iterator<Item = usize> {
    const PASSES: [(usize, usize); 4] = [(0, 8), (4, 8), (2, 4), (1, 2)];
    const PLAIN: [(usize, usize); 1] = [(0, 1)];
    let passes: &[(usize, usize)] = if interlaced { &PASSES } else { &PLAIN };
    passes.iter().flat_map(move |(first, step)| (*first..height).step_by(*step))
}
