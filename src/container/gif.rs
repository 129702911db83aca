//! GIF blocks (the specification of GIF 89a, 1990; its sections are cited as §).

use std::ops::Range;
use std::time::Duration;

use super::record::{Halt, Record, Step};
use super::{PartKind, Structure, slice};
use crate::finding::FindingKind;
use crate::format::Format;
use crate::geometry::Size;
use crate::policy::Limits;

/// Sub-blocks that a colour profile may lie in: of full length they hold 4 MiB.
const MAX_PIECES: usize = 16 * 1024;

pub(super) fn walk(bytes: &[u8], limits: &Limits) -> Structure {
    let mut walk = Walk {
        out: Record::new(Format::Gif, bytes, limits),
        at: 0,
        global_table: false,
        hundredths: 0,
        control_pending: false,
    };
    let end = match walk.blocks() {
        Ok(()) => walk.at,
        Err(Halt) => bytes.len(),
    };
    let structure = &mut walk.out.structure;
    if structure.frames > 1 {
        structure.duration = Some(Duration::from_millis(walk.hundredths.saturating_mul(10)));
    }
    walk.out.ends_at(end);
    walk.out.structure
}

struct Walk<'a> {
    out: Record<'a>,
    /// The next byte to look at.
    at: usize,
    global_table: bool,
    /// Delays so far, in the file's unit of 1/100 s.
    hundredths: u64,
    /// A graphic control extension waits for the image that it is about.
    control_pending: bool,
}

impl<'a> Walk<'a> {
    /// The next `count` bytes, or the end of the walk.
    fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], Halt> {
        let bytes = self.out.bytes;
        let end = self.at.saturating_add(count);
        let Some(taken) = bytes.get(self.at..end) else {
            self.out.truncated(bytes.len(), what);
            return Err(Halt);
        };
        self.at = end;
        Ok(taken)
    }

    fn blocks(&mut self) -> Step {
        self.screen()?;
        loop {
            let start = self.at;
            let introducer = self.take(1, "the file ends before its trailer")?;
            match introducer {
                [0x2c] => self.image(start)?,
                [0x21] => self.extension(start)?,
                [0x3b] => {
                    self.out.part(
                        b"trailer",
                        PartKind::Neutral,
                        start..self.at,
                        start..start,
                        0,
                    )?;
                    if self.out.structure.frames == 0 {
                        self.out.corrupt(start, "the file has no image");
                    }
                    return Ok(());
                }
                [0] => self.zeros(start)?,
                _ => {
                    return Err(self.out.fatal(
                        start,
                        "neither an image, an extension nor the trailer follows a block",
                    ));
                }
            }
        }
    }

    /// Signature, logical screen descriptor, global colour table (§17–19): one part.
    fn screen(&mut self) -> Step {
        let what = "the file ends inside its header";
        let signature = self.take(6, what)?;
        if signature != b"GIF87a" && signature != b"GIF89a" {
            return Err(self.out.fatal(0, "the GIF signature is missing"));
        }
        let screen = self.take(7, what)?;
        self.out.structure.stored = Size::new(le_u16(screen, 0), le_u16(screen, 2));
        self.out.structure.coding = "LZW";
        self.global_table = screen[4] & 0x80 != 0;
        if self.global_table {
            self.take(table_bytes(screen[4]), "the file ends inside its colour table")?;
        }
        self.out.part(b"header", PartKind::Header, 0..self.at, 6..self.at, 0)
    }

    /// Stray zeros between blocks: some writers end the sub-blocks twice.
    fn zeros(&mut self, start: usize) -> Step {
        let rest = self.out.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|b| **b == 0).count();
        self.out.irregular(start, "stray zero bytes between two blocks");
        self.out.part(b"stray", PartKind::Metadata, start..self.at, start..self.at, 0)
    }

    /// An image descriptor, its local colour table and its data (§20–22): two parts.
    fn image(&mut self, start: usize) -> Step {
        let descriptor = self.take(9, "the file ends inside an image descriptor")?;
        let flags = descriptor[8];
        if flags & 0x80 != 0 {
            self.take(table_bytes(flags), "the file ends inside a colour table")?;
        } else if !self.global_table {
            self.out.corrupt(start, "an image has no colour table");
        }
        let offset = (le_u16(descriptor, 0), le_u16(descriptor, 2));
        let size = Size::new(le_u16(descriptor, 4), le_u16(descriptor, 6));
        self.placed(start, offset, size);
        let code_size = self.at;
        self.take(1, "the file ends before the data of an image")?;
        self.out.part(b"image", PartKind::Header, start..self.at, start + 1..self.at, 0)?;
        self.out.structure.frames += 1;
        self.control_pending = false;
        let data = self.at;
        let whole = self.sub_blocks("the file ends inside the data of an image");
        // The minimum code size stands with the data in the specification (§22), and with the
        // descriptor here so that the data part is sub-blocks alone.
        self.out.part(b"LZW", PartKind::ImageData, data..self.at, data..self.at, 0)?;
        whole?;
        let bits = self.out.bytes.get(code_size).copied().unwrap_or_default();
        if !(1..=8).contains(&bits) {
            self.out.corrupt(code_size, "the LZW minimum code size is not in the range 2 to 8");
        } else if bits == 1 {
            self.out.irregular(code_size, "an LZW minimum code size of 1 instead of 2");
        }
        Ok(())
    }

    /// An image belongs inside the logical screen (§20); files in the wild break that.
    fn placed(&mut self, at: usize, (left, top): (u32, u32), size: Size) {
        if size.is_empty() {
            self.out.irregular(at, "an image of no pixels");
            return;
        }
        let screen = self.out.structure.stored;
        if screen.is_empty() && self.out.structure.frames == 0 {
            // What browsers do: the first image makes the screen.
            self.out.structure.stored = Size::new(left + size.width, top + size.height);
            self.out
                .irregular(at, "the logical screen has no pixels; the first image's size is taken");
        } else if left + size.width > screen.width || top + size.height > screen.height {
            self.out.irregular(at, "an image lies partly outside the logical screen");
        }
        // Decoders allocate whole images, so one must keep to the limits of a canvas by itself.
        let limits = self.out.limits();
        let (actual, max) = (size.pixels(), limits.max_pixels);
        let largest = &mut self.out.structure.largest_frame;
        *largest = actual.max(*largest);
        if actual > max {
            self.out.error(at, FindingKind::TooManyPixels { actual, max });
        }
    }

    fn extension(&mut self, start: usize) -> Step {
        let what = "the file ends inside an extension";
        let label = self.take(1, what)?;
        let data = self.at;
        match label {
            [0xf9] => self.control(start, data),
            [0xff] => self.application(start, data),
            [0xfe] => self.carried(start, data, b"comment"),
            // Drawn by nobody, yet the control extension before it is about it (§25).
            [0x01] => {
                self.control_pending = false;
                let whole = self.sub_blocks(what);
                self.scan(data);
                self.out.part(
                    b"plain text",
                    PartKind::Neutral,
                    start..self.at,
                    data..self.at,
                    0,
                )?;
                whole
            }
            _ => {
                self.out.irregular(start, "an extension of unknown kind");
                self.carried(start, data, b"extension")
            }
        }
    }

    /// Delay and transparency of the image that follows (§23).
    fn control(&mut self, start: usize, data: usize) -> Step {
        let whole = self.sub_blocks("the file ends inside a graphic control extension");
        self.out.part(b"control", PartKind::Header, start..self.at, data..self.at, 0)?;
        whole?;
        let block = self.out.bytes.get(data..self.at).unwrap_or_default();
        let [4, flags, low, high, _index, 0] = *block else {
            self.out.irregular(start, "a graphic control extension is not 4 bytes long");
            return Ok(());
        };
        if std::mem::replace(&mut self.control_pending, true) {
            self.out.irregular(start, "two graphic control extensions before one image");
        }
        self.out.structure.has_alpha |= flags & 1 != 0;
        self.hundredths += u64::from(u16::from_le_bytes([low, high]));
        Ok(())
    }

    fn application(&mut self, start: usize, data: usize) -> Step {
        let head = self.out.bytes.get(data..).unwrap_or_default();
        // The first sub-block is 11 bytes: identifier and authentication code (§26).
        match head.get(..12).and_then(|h| h.strip_prefix(&[11])) {
            Some(b"NETSCAPE2.0" | b"ANIMEXTS1.0") => {
                let whole = self.sub_blocks("the file ends inside the loop count");
                self.out.part(b"loop", PartKind::Header, start..self.at, data..self.at, 0)?;
                whole
            }
            Some(b"ICCRGBG1012") => self.profile(start, data),
            _ => self.carried(start, data, b"application"),
        }
    }

    fn profile(&mut self, start: usize, data: usize) -> Step {
        let whole = self.sub_blocks("the file ends inside a colour profile");
        self.out.part(b"ICC", PartKind::Color, start..self.at, data..self.at, 0)?;
        whole?;
        self.out.metadata(start, (self.at - data) as u64);
        if !self.out.structure.icc.is_empty() {
            self.out.irregular(start, "a second colour profile; it is ignored");
            return Ok(());
        }
        // The spans of many tiny pieces would take more room than the profile.
        match pieces(self.out.bytes, data + 12, MAX_PIECES) {
            Some(pieces) => self.out.structure.icc = pieces,
            None => self
                .out
                .warn(start, FindingKind::UnusableProfile { what: "it lies in too many pieces" }),
        }
        Ok(())
    }

    /// An extension that carries something beside the picture.
    fn carried(&mut self, start: usize, data: usize, name: &[u8]) -> Step {
        let whole = self.sub_blocks("the file ends inside an extension");
        self.out.metadata(start, (self.at - data) as u64);
        self.scan(data);
        self.out.part(name, PartKind::Metadata, start..self.at, data..self.at, 0)?;
        whole
    }

    /// Looks for scripts from `data` to here, lengths of sub-blocks included: a pattern that they
    /// cut in two is no script to anyone who reads the file as something else.
    fn scan(&mut self, data: usize) {
        let bytes = self.out.bytes;
        let text = bytes.get(data..self.at).unwrap_or_default();
        self.out.text(data, text);
        // A screen 10 799 pixels wide opens a JavaScript comment behind the signature, and a
        // comment block closes it: the file runs as a script.
        let opened = bytes.get(6..8) == Some(b"/*".as_slice());
        if opened && memchr::memmem::find(text, b"*/").is_some() {
            let looks_like = "a script (JavaScript)";
            self.out.warn(data, FindingKind::EmbeddedScript { looks_like });
        }
    }

    /// Over a chain of sub-blocks to behind its terminator (§15, §16).
    fn sub_blocks(&mut self, what: &'static str) -> Step {
        let bytes = self.out.bytes;
        loop {
            let Some(&length) = bytes.get(self.at) else {
                self.at = bytes.len();
                self.out.truncated(bytes.len(), what);
                return Err(Halt);
            };
            self.at += 1 + usize::from(length);
            if length == 0 {
                return Ok(());
            }
        }
    }
}

/// Spans of the data in the sub-blocks from `at` on, or `None` when there are more than `max`.
fn pieces(bytes: &[u8], mut at: usize, max: usize) -> Option<Vec<Range<u64>>> {
    let mut pieces = Vec::new();
    while let Some(&length) = bytes.get(at).filter(|length| **length > 0) {
        if pieces.len() == max {
            return None;
        }
        let end = at + 1 + usize::from(length);
        pieces.push(at as u64 + 1..end as u64);
        at = end;
    }
    Some(pieces)
}

/// Bytes of the colour table that these flags announce.
const fn table_bytes(flags: u8) -> usize {
    3 << ((flags & 7) + 1)
}

fn le_u16(bytes: &[u8], at: usize) -> u32 {
    let pair = bytes.get(at..at + 2).and_then(|b| b.try_into().ok());
    pair.map_or(0, |pair| u32::from(u16::from_le_bytes(pair)))
}

pub(super) fn sanitized(structure: &Structure, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for part in &structure.parts {
        if !matches!(part.kind, PartKind::Metadata | PartKind::Trailing) {
            out.extend_from_slice(slice(bytes, &part.span));
        }
    }
    out
}
