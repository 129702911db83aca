//! APNG (PNG Third Edition §4.9, §11.3.6): what acTL, fcTL and fdAT chunks make of a file.

use super::super::record::Record;
use super::{Data, Walk, be_u16, be_u32};
use crate::finding::FindingKind;
use crate::geometry::Size;

/// The animation as far as it was walked.
#[derive(Debug, Default)]
pub(super) struct Animation {
    /// Frames that acTL promises, where there is a usable one before the image data.
    declared: Option<u32>,
    frames: u64,
    nanoseconds: u64,
    /// The next number of the sequence that fcTL and fdAT share.
    sequence: u32,
    /// The last fcTL still waits for its data.
    pending: Option<usize>,
}

impl Animation {
    pub(super) const fn is_declared(&self) -> bool {
        self.declared.is_some()
    }

    pub(super) const fn frames(&self) -> u64 {
        self.frames
    }

    pub(super) const fn nanoseconds(&self) -> u64 {
        self.nanoseconds
    }

    /// The first IDAT: data of the first frame when its fcTL came before.
    pub(super) fn default_image_begins(&mut self) {
        self.pending = None;
    }

    /// What can only be told at the end.
    pub(super) fn close(&mut self, out: &mut Record) {
        let Some(declared) = self.declared else {
            return;
        };
        let end = out.bytes.len();
        if let Some(at) = self.pending {
            out.truncated(at, "a frame of the animation has no data");
        }
        if self.frames < u64::from(declared) {
            out.truncated(end, "the animation has fewer frames than it declares");
        } else if self.frames > u64::from(declared) {
            out.irregular(end, "the animation has more frames than it declares");
        }
    }
}

impl Walk<'_> {
    pub(super) fn actl(&mut self, at: usize, data: &[u8]) {
        if self.animation.declared.is_some() {
            self.out.irregular(at, "a second acTL chunk; it is ignored");
        } else if self.data != Data::Before {
            // Too late to make an animation of the file (§11.3.6.1): it stays a still.
            self.out.irregular(at, "the acTL chunk follows the image data; it is ignored");
        } else if data.len() != 8 {
            self.out.corrupt(at, "the acTL chunk is not 8 bytes long");
        } else if be_u32(data, 0) == 0 || be_u32(data, 0) > super::MAX_LENGTH {
            self.out.corrupt(at, "the number of frames in acTL is out of range");
        } else {
            self.animation.declared = Some(be_u32(data, 0));
        }
    }

    pub(super) fn fctl(&mut self, at: usize, data: &[u8]) {
        if self.animation.declared.is_none() {
            self.out.irregular(at, "an fcTL chunk in a file that declares no animation");
            return;
        }
        if data.len() != 26 {
            self.out.corrupt(at, "an fcTL chunk is not 26 bytes long");
            return;
        }
        self.in_sequence(at, be_u32(data, 0));
        if let Some(earlier) = self.animation.pending.replace(at) {
            self.out.truncated(earlier, "a frame of the animation has no data");
        }
        let canvas = self.out.structure.stored;
        let size = Size::new(be_u32(data, 4), be_u32(data, 8));
        let inside = |offset: u32, side: u32, canvas: u32| {
            u64::from(offset) + u64::from(side) <= u64::from(canvas)
        };
        if size.is_empty()
            || !inside(be_u32(data, 12), size.width, canvas.width)
            || !inside(be_u32(data, 16), size.height, canvas.height)
        {
            self.out.corrupt(at, "a frame of the animation is empty or lies outside its canvas");
        } else if self.data == Data::Before && size != canvas {
            self.out.corrupt(at, "the frame made of the default image has another size than it");
        }
        if data[24] > 2 || data[25] > 1 {
            self.out.corrupt(at, "a frame's way of disposal or blending does not exist");
        }
        self.animation.frames += 1;
        // A denominator of 0 means hundredths of a second (§11.3.6.2).
        let hundredths = |d: u16| if d == 0 { 100 } else { u64::from(d) };
        let nanoseconds =
            u64::from(be_u16(data, 20)) * 1_000_000_000 / hundredths(be_u16(data, 22));
        self.animation.nanoseconds = self.animation.nanoseconds.saturating_add(nanoseconds);
    }

    pub(super) fn fdat(&mut self, at: usize, data: &[u8]) {
        if self.animation.declared.is_none() {
            self.out.irregular(at, "an fdAT chunk in a file that declares no animation");
            return;
        }
        if data.len() < 4 {
            self.out.corrupt(at, "an fdAT chunk has no room for its sequence number");
            return;
        }
        self.in_sequence(at, be_u32(data, 0));
        if self.data == Data::Before || self.animation.frames == 0 {
            self.out.corrupt(at, "frame data before the frame that they belong to");
        }
        self.animation.pending = None;
    }

    fn in_sequence(&mut self, at: usize, number: u32) {
        let expected = self.animation.sequence;
        if number != expected {
            self.out.error(
                at,
                FindingKind::Corrupt {
                    what: "the sequence numbers of the animation have a gap or are out of order",
                },
            );
        }
        self.animation.sequence = number.wrapping_add(1);
    }
}
