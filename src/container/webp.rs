//! WebP chunks (RFC 9649; sections are cited as §), the headers of VP8 and VP8L included.

mod bitstream;
mod frames;
mod rebuild;

use std::ops::Range;
use std::time::Duration;

pub(super) use self::rebuild::sanitized;

use self::bitstream::Frame;
use super::record::{Halt, Record, Step};
use super::{PartKind, Structure, exif};
use crate::finding::FindingKind;
use crate::format::Format;
use crate::geometry::{Orientation, Size};
use crate::policy::Limits;

/// Flags of the VP8X chunk (§2.7.1).
mod flag {
    pub(super) const ANIMATION: u8 = 0x02;
    pub(super) const XMP: u8 = 0x04;
    pub(super) const EXIF: u8 = 0x08;
    pub(super) const ALPHA: u8 = 0x10;
    pub(super) const ICC: u8 = 0x20;
}

pub(super) fn walk(bytes: &[u8], limits: &Limits) -> Structure {
    let mut walk = Walk {
        out: Record::new(Format::WebP, bytes, limits),
        canvas: None,
        image: None,
        alpha: None,
        animation: false,
        milliseconds: 0,
        exif: None,
        codings: Codings::default(),
    };
    let end = walk.file().unwrap_or(bytes.len());
    walk.finish(end);
    walk.out.structure
}

/// One chunk, clipped to what is there.
struct Chunk {
    name: [u8; 4],
    /// Header, payload and padding.
    span: Range<usize>,
    payload: Range<usize>,
}

/// The VP8X chunk.
#[derive(Debug, Clone, Copy)]
struct Canvas {
    size: Size,
    flags: u8,
}

#[derive(Debug, Default)]
struct Codings {
    lossy: bool,
    lossless: bool,
}

struct Walk<'a> {
    out: Record<'a>,
    canvas: Option<Canvas>,
    /// The still image, once it was seen.
    image: Option<Frame>,
    /// Where an ALPH chunk lies that waits for its VP8 chunk.
    alpha: Option<usize>,
    /// An ANIM chunk was seen.
    animation: bool,
    milliseconds: u64,
    exif: Option<Orientation>,
    codings: Codings,
}

impl Walk<'_> {
    /// The whole container; returns where it ends.
    fn file(&mut self) -> Result<usize, Halt> {
        let bytes = self.out.bytes;
        let len = bytes.len();
        if !bytes.starts_with(b"RIFF") || bytes.get(8..12).is_some_and(|form| form != b"WEBP") {
            return Err(self.out.fatal(0, "the RIFF and WEBP signatures are missing"));
        }
        if len < 12 {
            self.out.truncated(len, "the file ends inside its RIFF header");
            return Err(Halt);
        }
        // Its size changes with the metadata, so the header is no part of the picture's identity.
        self.out.part(b"RIFF", PartKind::Neutral, 0..12, 4..8, 0)?;
        let riff = le_u32(bytes, 4);
        // The size covers the form type and leaves room for itself in 32 bits (§2.4).
        if !(4..=u32::MAX - 10).contains(&riff) {
            self.out.corrupt(4, "the size in the RIFF header is out of range");
        }
        if riff % 2 == 1 {
            self.out.irregular(4, "the size in the RIFF header is odd");
        }
        let claimed = (riff as usize).saturating_add(8);
        let inside = claimed.min(len).max(12);
        let mut at = 12;
        while at < inside {
            let chunk = self.next_chunk(at..inside, claimed)?;
            at = chunk.span.end;
            self.chunk(&chunk)?;
        }
        if claimed > len {
            self.out.truncated(len, "the file is shorter than its RIFF header says");
        }
        // An odd size leaves the last chunk's padding outside.
        Ok(at.max(inside))
    }

    /// The chunk at the start of `within`; `claimed` is where the file says that it ends.
    fn next_chunk(&mut self, within: Range<usize>, claimed: usize) -> Result<Chunk, Halt> {
        let (at, end) = (within.start, within.end);
        let bytes = self.out.bytes;
        let Some(head) = bytes.get(at..end).and_then(|rest| rest.get(..8)) else {
            if claimed > bytes.len() {
                self.out.truncated(bytes.len(), "the file ends inside the head of a chunk");
            } else {
                self.out.corrupt(at, "the head of a chunk reaches past what holds it");
            }
            return Err(Halt);
        };
        let name = [head[0], head[1], head[2], head[3]];
        let size = le_u32(head, 4) as usize;
        let payload = at + 8..at.saturating_add(8).saturating_add(size);
        if payload.end > end {
            let clipped = at + 8..end;
            if name == *b"VP8X" || name == *b"VP8 " || name == *b"VP8L" {
                self.size_of_broken(name, &clipped);
            }
            let _ = self.out.part(&name, PartKind::ImageData, at..end, clipped, 0);
            if end == bytes.len() {
                self.out.truncated(end, "the file ends inside a chunk");
            } else {
                self.out.corrupt(at, "a chunk reaches past the end of what holds it");
            }
            return Err(Halt);
        }
        let padded = payload.end + size % 2;
        // Only the last chunk of a file may lack its padding, and then the file is at its end.
        let span = at..padded.min(bytes.len());
        if padded > end && size % 2 == 1 {
            self.out.irregular(payload.end, "the last chunk lacks its padding byte");
        }
        Ok(Chunk { name, span, payload })
    }

    /// A size for the report, though the file is cut.
    fn size_of_broken(&mut self, name: [u8; 4], clipped: &Range<usize>) {
        let data = self.out.bytes.get(clipped.clone()).unwrap_or_default();
        let size = match &name {
            b"VP8X" => canvas_size(data),
            b"VP8 " => bitstream::vp8(data).ok().map(|frame| frame.size),
            _ => bitstream::vp8l(data).ok().map(|frame| frame.size),
        };
        if let Some(size) = size
            && self.out.structure.stored.is_empty()
        {
            self.out.structure.stored = size;
            self.out.structure.frames = 1;
        }
    }

    fn chunk(&mut self, chunk: &Chunk) -> Step {
        let at = chunk.span.start;
        let first = at == 12;
        match &chunk.name {
            b"VP8X" if first => self.extended(chunk),
            _ if first && !matches!(&chunk.name, b"VP8 " | b"VP8L") => {
                Err(self.out.fatal(at, "the first chunk is none of VP8, VP8L and VP8X"))
            }
            b"VP8 " | b"VP8L" => self.still(chunk),
            _ if self.canvas.is_none() => {
                // A simple file is over after its image (§2.5, §2.6).
                self.out
                    .irregular(at, "chunks follow the image of a simple file; they are ignored");
                self.carried(chunk, 0)
            }
            b"ALPH" => self.alpha(chunk, 0),
            b"ANIM" => self.anim(chunk),
            b"ANMF" => self.anmf(chunk),
            b"ICCP" => self.profile(chunk),
            b"EXIF" => {
                if self.exif.is_none() {
                    let data = self.out.bytes.get(chunk.payload.clone());
                    self.exif = exif::orientation(data.unwrap_or_default());
                }
                self.carried(chunk, 0)
            }
            b"VP8X" => {
                self.out.irregular(at, "a second VP8X chunk; it is ignored");
                self.carried(chunk, 0)
            }
            _ => self.carried(chunk, 0),
        }
    }

    fn extended(&mut self, chunk: &Chunk) -> Step {
        let at = chunk.span.start;
        let data = self.out.bytes.get(chunk.payload.clone()).unwrap_or_default();
        let Some(size) = canvas_size(data) else {
            return Err(self.out.fatal(at, "the VP8X chunk is not 10 bytes long"));
        };
        if data.len() != 10 {
            self.out.irregular(at, "the VP8X chunk is not 10 bytes long");
        }
        let flags = data[0];
        if size.pixels() > u64::from(u32::MAX) {
            self.out.corrupt(at, "the canvas has more than 4294967295 (2^32 - 1) pixels");
        }
        self.out.structure.stored = size;
        self.out.structure.has_alpha = flags & flag::ALPHA != 0;
        self.canvas = Some(Canvas { size, flags });
        // The flags tell of metadata too, and a still's canvas is its image's size: only the
        // canvas of an animation is part of what is shown.
        self.out.part(b"VP8X", PartKind::Neutral, chunk.span.clone(), chunk.payload.clone(), 0)?;
        if flags & flag::ANIMATION != 0 {
            let canvas = chunk.payload.start + 4..chunk.payload.start + 10;
            self.out.part(b"canvas", PartKind::Header, canvas.clone(), canvas, 1)?;
        }
        Ok(())
    }

    fn is_animated(&self) -> bool {
        self.canvas.is_some_and(|canvas| canvas.flags & flag::ANIMATION != 0)
    }

    fn still(&mut self, chunk: &Chunk) -> Step {
        let at = chunk.span.start;
        if self.is_animated() {
            self.out.corrupt(at, "an image beside the frames of an animation");
            return self.carried(chunk, 0);
        }
        if self.image.is_some() {
            // Without VP8X the file ends behind its image for every decoder; with it (RFC 9649
            // section 2.7) libwebp's demuxer, which browsers use, refuses the file.
            if self.canvas.is_some() {
                self.out.corrupt(at, "a second image beside the one of the canvas");
            } else {
                self.out.irregular(at, "a second image; it is ignored");
            }
            return self.carried(chunk, 0);
        }
        let frame = self.bitstream(chunk, 0)?;
        self.image = Some(frame);
        match self.canvas {
            Some(canvas) if canvas.size != frame.size => {
                self.out
                    .corrupt(at, "the image has another size than the canvas in the VP8X chunk");
            }
            Some(_) => {}
            None => self.out.structure.stored = frame.size,
        }
        let alpha = self.alpha.take();
        if let Some(alpha) = alpha.filter(|_| frame.lossless) {
            self.out.irregular(alpha, "an ALPH chunk beside a lossless image; it is ignored");
        }
        self.declare_alpha(at, frame.alpha || alpha.is_some());
        Ok(())
    }

    /// Alpha in the image counts though the flag for it is missing: decoders show it.
    fn declare_alpha(&mut self, at: usize, alpha: bool) {
        if alpha && self.canvas.is_some() && !self.out.structure.has_alpha {
            self.out.irregular(at, "the image has alpha, but the VP8X chunk does not say so");
        }
        self.out.structure.has_alpha |= alpha;
    }

    fn profile(&mut self, chunk: &Chunk) -> Step {
        let at = chunk.span.start;
        self.out.metadata(at, chunk.payload.len() as u64);
        if self.image.is_some() || self.out.structure.frames > 0 {
            let what = "it follows the image data";
            self.out.warn(at, FindingKind::UnusableProfile { what });
            return self.carried(chunk, 0);
        }
        if !self.out.structure.icc.is_empty() {
            self.out.irregular(at, "a second ICCP chunk; it is ignored");
            return self.carried(chunk, 0);
        }
        if !chunk.payload.is_empty() {
            let span = super::record::wide(&chunk.payload);
            self.out.structure.icc.push(span);
        }
        self.out.part(b"ICCP", PartKind::Color, chunk.span.clone(), chunk.payload.clone(), 0)
    }

    /// A chunk that is no part of the picture.
    fn carried(&mut self, chunk: &Chunk, depth: u8) -> Step {
        let data = self.out.bytes.get(chunk.payload.clone()).unwrap_or_default();
        self.out.metadata(chunk.span.start, data.len() as u64);
        self.out.text(chunk.payload.start, data);
        self.out.part(
            &chunk.name,
            PartKind::Metadata,
            chunk.span.clone(),
            chunk.payload.clone(),
            depth,
        )
    }

    fn finish(&mut self, end: usize) {
        let animated = self.is_animated();
        let structure = &mut self.out.structure;
        structure.orientation = self.exif.unwrap_or_default();
        structure.coding = match self.codings {
            Codings { lossy: true, lossless: true } => "lossy (VP8) and lossless (VP8L)",
            Codings { lossless: true, .. } => "lossless (VP8L)",
            _ => "lossy (VP8)",
        };
        if animated {
            if structure.frames > 1 {
                structure.duration = Some(Duration::from_millis(self.milliseconds));
            }
        } else if self.image.is_some() {
            structure.frames = 1;
        }
        if !self.out.failed() {
            if animated && self.out.structure.frames == 0 {
                self.out.corrupt(12, "the animation has no frames");
            } else if !animated && self.image.is_none() {
                let len = self.out.bytes.len();
                if len <= 12 {
                    self.out.truncated(len, "the file ends behind its RIFF header");
                } else {
                    self.out.corrupt(12, "the file has no image");
                }
            }
        }
        self.out.ends_at(end);
    }
}

fn canvas_size(data: &[u8]) -> Option<Size> {
    let sides = data.get(4..10)?;
    Some(Size::new(le_u24(sides, 0) + 1, le_u24(sides, 3) + 1))
}

fn le_u24(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..at + 3) {
        Some([a, b, c]) => u32::from_le_bytes([*a, *b, *c, 0]),
        _ => 0,
    }
}

fn le_u32(bytes: &[u8], at: usize) -> u32 {
    let quad = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
    quad.map_or(0, u32::from_le_bytes)
}
