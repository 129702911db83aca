//! Images and the frames of an animation (RFC 9649 §2.7.1).

use std::ops::Range;

use super::super::PartKind;
use super::super::record::{Halt, Step};
use super::bitstream::{self, Frame};
use super::{Chunk, Walk, le_u24};
use crate::geometry::Size;

impl Walk<'_> {
    /// A VP8 or VP8L chunk: its header is judged, its data are left to the verification.
    pub(super) fn bitstream(&mut self, chunk: &Chunk, depth: u8) -> Result<Frame, Halt> {
        let at = chunk.span.start;
        let data = self.out.bytes.get(chunk.payload.clone()).unwrap_or_default();
        self.out.part(
            &chunk.name,
            PartKind::ImageData,
            chunk.span.clone(),
            chunk.payload.clone(),
            depth,
        )?;
        let frame = if chunk.name == *b"VP8L" {
            self.codings.lossless = true;
            bitstream::vp8l(data)
        } else {
            self.codings.lossy = true;
            bitstream::vp8(data)
        };
        frame.map_err(|what| {
            self.out.corrupt(at, what);
            Halt
        })
    }

    pub(super) fn alpha(&mut self, chunk: &Chunk, depth: u8) -> Step {
        let at = chunk.span.start;
        if self.alpha.is_some() || (depth == 0 && (self.image.is_some() || self.is_animated())) {
            self.out.irregular(at, "an ALPH chunk that belongs to no image; it is ignored");
            return self.carried(chunk, depth);
        }
        self.alpha = Some(at);
        let data = self.out.bytes.get(chunk.payload.clone()).unwrap_or_default();
        // §2.7.1.2: reserved, pre-processing, filtering and compression, two bits each.
        match data.first() {
            None => self.out.corrupt(at, "an ALPH chunk is empty"),
            Some(info) if info & 3 > 1 => {
                self.out.corrupt(at, "the compression of an ALPH chunk does not exist");
            }
            Some(info) if info >> 4 & 3 > 1 => {
                self.out.corrupt(at, "the pre-processing of an ALPH chunk does not exist");
            }
            Some(_) => {}
        }
        self.out.part(
            b"ALPH",
            PartKind::ImageData,
            chunk.span.clone(),
            chunk.payload.clone(),
            depth,
        )
    }

    pub(super) fn anim(&mut self, chunk: &Chunk) -> Step {
        let at = chunk.span.start;
        if chunk.payload.len() != 6 {
            self.out.corrupt(at, "the ANIM chunk is not 6 bytes long");
        }
        if self.animation {
            self.out.irregular(at, "a second ANIM chunk");
        }
        self.animation = true;
        self.out.part(b"ANIM", PartKind::Header, chunk.span.clone(), chunk.payload.clone(), 0)
    }

    pub(super) fn anmf(&mut self, chunk: &Chunk) -> Step {
        let at = chunk.span.start;
        if !self.is_animated() {
            return Err(self.out.fatal(at, "a frame of an animation in a file that declares none"));
        }
        if !self.animation {
            self.out.corrupt(at, "a frame of the animation comes before its ANIM chunk");
            self.animation = true;
        }
        let bytes = self.out.bytes;
        let data = bytes.get(chunk.payload.clone()).unwrap_or_default();
        let Some(head) = data.get(..16) else {
            return Err(self.out.fatal(at, "an ANMF chunk is shorter than its header"));
        };
        let header = chunk.payload.start..chunk.payload.start + 16;
        self.out.part(b"ANMF", PartKind::Header, chunk.span.clone(), header, 0)?;
        self.out.structure.frames += 1;
        let (x, y) = (u64::from(le_u24(head, 0)) * 2, u64::from(le_u24(head, 3)) * 2);
        let size = Size::new(le_u24(head, 6) + 1, le_u24(head, 9) + 1);
        self.milliseconds += u64::from(le_u24(head, 12));
        let canvas = self.out.structure.stored;
        if x + u64::from(size.width) > u64::from(canvas.width)
            || y + u64::from(size.height) > u64::from(canvas.height)
        {
            self.out.corrupt(at, "a frame of the animation lies outside its canvas");
        }
        self.frame_chunks(at, chunk.payload.start + 16..chunk.payload.end, size)
    }

    /// The chunks inside an ANMF chunk: ALPH, the image, and what else (§2.7.1.1).
    fn frame_chunks(&mut self, frame_at: usize, mut within: Range<usize>, size: Size) -> Step {
        let mut image: Option<Frame> = None;
        self.alpha = None;
        while within.start < within.end {
            let chunk = self.next_chunk(within.clone(), within.end)?;
            within.start = chunk.span.end;
            let at = chunk.span.start;
            match &chunk.name {
                b"ALPH" if image.is_none() => self.alpha(&chunk, 1)?,
                b"VP8 " | b"VP8L" if image.is_none() => {
                    let found = self.bitstream(&chunk, 1)?;
                    if found.size != size {
                        self.out.corrupt(at, "a frame's image has another size than the frame");
                    }
                    image = Some(found);
                }
                _ => self.carried(&chunk, 1)?,
            }
        }
        let alpha = self.alpha.take();
        match image {
            None => self.out.corrupt(frame_at, "a frame of the animation has no image"),
            Some(frame) => self.declare_alpha(frame_at, frame.alpha || alpha.is_some()),
        }
        Ok(())
    }
}
