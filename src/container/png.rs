//! PNG chunks (PNG Third Edition, W3C 2025; sections are cited as §), APNG's included.

mod ancillary;
mod animation;
mod rebuild;

use std::ops::Range;
use std::time::Duration;

pub(super) use self::rebuild::sanitized;

use self::animation::Animation;
use super::record::{Halt, Record, Step};
use super::{PartKind, Structure};
use crate::finding::{ColorModel, FindingKind};
use crate::format::Format;
use crate::geometry::{Orientation, Size};
use crate::policy::Limits;

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Lengths, widths and heights stay below 2³¹ (§7.1).
const MAX_LENGTH: u32 = 0x7fff_ffff;

/// One chunk of the file: where it lies and what it holds.
struct Chunk<'a> {
    name: [u8; 4],
    /// Length, name, data and CRC.
    span: Range<usize>,
    /// The data alone.
    payload: Range<usize>,
    data: &'a [u8],
    crc_fits: bool,
}

impl Chunk<'_> {
    /// Bit 5 of the first letter (§5.4).
    const fn is_critical(&self) -> bool {
        self.name[0] & 0x20 == 0
    }
}

pub(super) fn walk(bytes: &[u8], limits: &Limits) -> Structure {
    let mut walk = Walk {
        out: Record::new(Format::Png, bytes, limits),
        header: None,
        palette_entries: None,
        transparency: false,
        profile: None,
        exif: None,
        data: Data::Before,
        animation: Animation::default(),
        inflations: 0,
    };
    let end = walk.chunks().ok();
    walk.finish(end);
    walk.out.structure
}

/// The fields of IHDR that later chunks depend on (§11.2.1).
#[derive(Debug, Clone, Copy)]
struct Header {
    bit_depth: u8,
    color_type: u8,
    interlaced: bool,
}

/// Where the walk stands with respect to the IDAT chunks, which must be neighbours (§5.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Data {
    Before,
    Inside,
    After,
}

struct Walk<'a> {
    out: Record<'a>,
    header: Option<Header>,
    palette_entries: Option<usize>,
    transparency: bool,
    profile: Option<Range<u64>>,
    exif: Option<Orientation>,
    data: Data,
    animation: Animation,
    /// Compressed chunks inflated so far.
    inflations: u32,
}

impl<'a> Walk<'a> {
    /// Every chunk up to IEND; returns where that one ends.
    fn chunks(&mut self) -> Result<usize, Halt> {
        let bytes = self.out.bytes;
        if !bytes.starts_with(&SIGNATURE) {
            return Err(self.out.fatal(0, "the PNG signature is missing"));
        }
        self.out.part(b"signature", PartKind::Neutral, 0..8, 0..8, 0)?;
        let mut at = SIGNATURE.len();
        loop {
            let chunk = self.next_chunk(at)?;
            at = chunk.span.end;
            let name = chunk.name;
            self.chunk(&chunk)?;
            if name == *b"IEND" {
                return Ok(at);
            }
        }
    }

    fn next_chunk(&mut self, at: usize) -> Result<Chunk<'a>, Halt> {
        let bytes = self.out.bytes;
        let rest = bytes.get(at..).unwrap_or_default();
        let Some((head, body)) = rest.split_at_checked(8) else {
            self.out.truncated(bytes.len(), "the file ends before the IEND chunk");
            return Err(Halt);
        };
        let length = be_u32(head, 0);
        let name = [head[4], head[5], head[6], head[7]];
        if length > MAX_LENGTH {
            return Err(self.out.fatal(at, "a chunk's length is above 2147483647 (2^31 - 1)"));
        }
        if !name.iter().all(u8::is_ascii_alphabetic) {
            return Err(self.out.fatal(at, "a chunk's name is not made of four letters"));
        }
        let length = length as usize;
        let Some(data) = body.get(..length).filter(|_| body.len() - length >= 4) else {
            let present = at + 8..bytes.len();
            let kind = kind_of(name);
            let _ = self.out.part(&name, kind, at..bytes.len(), present, 0);
            // A header cut inside its CRC still tells the size.
            if name == *b"IHDR"
                && let Some(data) = body.get(..length)
            {
                let _ = self.ihdr(at, data);
            }
            self.out.truncated(bytes.len(), "the file ends inside a chunk");
            return Err(Halt);
        };
        let crc = be_u32(body, length);
        let checked = rest.get(4..8 + length).unwrap_or_default();
        Ok(Chunk {
            name,
            span: at..at + length + 12,
            payload: at + 8..at + 8 + length,
            data,
            crc_fits: crc == crc32fast::hash(checked),
        })
    }

    fn chunk(&mut self, chunk: &Chunk<'a>) -> Step {
        let at = chunk.span.start;
        if self.header.is_none() && chunk.name == *b"CgBI" {
            // Apple's variant: raw deflate, blue first, premultiplied. The size lies behind it.
            self.out.error(
                at,
                FindingKind::Unsupported {
                    what: "a CgBI file as iOS packs it, which is no standard PNG",
                },
            );
            self.out.part(
                b"CgBI",
                PartKind::Header,
                chunk.span.clone(),
                chunk.payload.clone(),
                0,
            )?;
            let header = self.next_chunk(chunk.span.end)?;
            if header.name == *b"IHDR" {
                self.ihdr(header.span.start, header.data)?;
            }
            return Err(Halt);
        }
        if self.header.is_none() && chunk.name != *b"IHDR" {
            return Err(self.out.fatal(at, "the first chunk is not IHDR"));
        }
        let mut kind = kind_of(chunk.name);
        if !chunk.crc_fits {
            if chunk.is_critical() {
                self.out.corrupt(at, crc_text(chunk.name));
            } else {
                // Decoders skip such a chunk, so it is not part of the picture.
                self.out.irregular(at, "an ancillary chunk's checksum is wrong; it is ignored");
                kind = PartKind::Metadata;
            }
        }
        self.out.part(&chunk.name, kind, chunk.span.clone(), chunk.payload.clone(), 0)?;
        if self.data == Data::Inside && chunk.name != *b"IDAT" {
            self.data = Data::After;
        }
        match &chunk.name {
            b"IHDR" if self.header.is_some() => self.out.corrupt(at, "a second IHDR chunk"),
            b"IHDR" => self.ihdr(at, chunk.data)?,
            b"PLTE" => self.palette(at, chunk.data),
            b"IDAT" => self.image_data(at),
            b"IEND" => {
                if !chunk.data.is_empty() {
                    self.out.irregular(at, "the IEND chunk is not empty");
                }
            }
            _ if chunk.is_critical() => {
                self.out.error(
                    at,
                    FindingKind::Unsupported {
                        what: "a critical chunk that no specification names",
                    },
                );
            }
            _ if !chunk.crc_fits => {
                self.out.metadata(at, chunk.data.len() as u64);
                self.out.text(at, chunk.data);
            }
            _ => self.ancillary(chunk),
        }
        Ok(())
    }

    fn ihdr(&mut self, at: usize, data: &[u8]) -> Step {
        if data.len() < 13 {
            return Err(self.out.fatal(at, "the IHDR chunk is not 13 bytes long"));
        }
        let size = Size::new(be_u32(data, 0), be_u32(data, 4));
        let header = Header { bit_depth: data[8], color_type: data[9], interlaced: data[12] == 1 };
        if size.width.max(size.height) > MAX_LENGTH {
            return Err(self.out.fatal(at, "a side is longer than 2147483647 (2^31 - 1) pixels"));
        }
        self.out.structure.stored = size;
        self.out.structure.frames = 1;
        if data.len() != 13 {
            return Err(self.out.fatal(at, "the IHDR chunk is not 13 bytes long"));
        }
        if size.is_empty() {
            return Err(self.out.fatal(at, "a side of the picture is 0 pixels long"));
        }
        // §11.2.1, table 12.
        let allowed: &[u8] = match header.color_type {
            0 => &[1, 2, 4, 8, 16],
            2 | 4 | 6 => &[8, 16],
            3 => &[1, 2, 4, 8],
            _ => return Err(self.out.fatal(at, "the colour type does not exist")),
        };
        if !allowed.contains(&header.bit_depth) {
            return Err(self.out.fatal(at, "the bit depth does not exist for this colour type"));
        }
        if data[10] != 0 || data[11] != 0 {
            return Err(self.out.fatal(at, "the compression or filter method does not exist"));
        }
        if data[12] > 1 {
            return Err(self.out.fatal(at, "the interlace method does not exist"));
        }
        let structure = &mut self.out.structure;
        structure.bit_depth = header.bit_depth;
        structure.color_model = match header.color_type {
            0 | 4 => ColorModel::Grey,
            _ => ColorModel::Rgb,
        };
        structure.has_alpha = matches!(header.color_type, 4 | 6);
        structure.interlaced = header.interlaced;
        structure.coding =
            if header.interlaced { "deflate, interlaced (Adam7)" } else { "deflate" };
        self.header = Some(header);
        Ok(())
    }

    fn palette(&mut self, at: usize, data: &[u8]) {
        let Some(header) = self.header else { return };
        if self.palette_entries.is_some() {
            self.out.corrupt(at, "a second PLTE chunk");
            return;
        }
        if self.data != Data::Before {
            let what = "the PLTE chunk follows the image data";
            if header.color_type == 3 {
                self.out.corrupt(at, what);
            } else {
                self.out.irregular(at, what);
            }
            return;
        }
        // For colour types 2 and 6 a palette is only a suggestion (§11.2.2).
        let entries = data.len() / 3;
        if !data.len().is_multiple_of(3) {
            self.out.corrupt(at, "the palette's length is no multiple of 3");
        } else if entries == 0 || entries > 256 {
            self.out.corrupt(at, "the palette does not have 1 to 256 entries");
        } else if matches!(header.color_type, 0 | 4) {
            self.out.irregular(at, "a palette in a grey picture");
        } else if header.color_type == 3 && entries > 1 << header.bit_depth {
            self.out.irregular(at, "the palette has more entries than the bit depth can name");
        }
        if self.transparency {
            self.out.irregular(at, "the PLTE chunk follows tRNS");
        }
        self.palette_entries = Some(entries);
    }

    fn image_data(&mut self, at: usize) {
        match self.data {
            Data::Before => {
                self.data = Data::Inside;
                self.animation.default_image_begins();
                let indexed = self.header.is_some_and(|h| h.color_type == 3);
                if indexed && self.palette_entries.is_none() {
                    self.out.corrupt(at, "an indexed picture without a palette before its data");
                }
            }
            Data::Inside => {}
            Data::After => self.out.corrupt(at, "the IDAT chunks are not next to each other"),
        }
    }

    fn finish(&mut self, end: Option<usize>) {
        let len = self.out.bytes.len();
        if self.data == Data::Before && end.is_some() {
            self.out.corrupt(len, "the file has no IDAT chunk");
        }
        if end.is_some() {
            self.animation.close(&mut self.out);
        }
        let structure = &mut self.out.structure;
        structure.orientation = self.exif.unwrap_or_default();
        structure.has_alpha |= self.transparency;
        structure.icc.extend(self.profile.take());
        if self.animation.is_declared() {
            // A still fallback beside the frames is no frame of the animation.
            structure.frames = self.animation.frames().max(1);
            if structure.frames > 1 {
                structure.duration = Some(Duration::from_nanos(self.animation.nanoseconds()));
            }
        }
        self.out.ends_at(end.unwrap_or(len));
    }
}

fn kind_of(name: [u8; 4]) -> PartKind {
    match &name {
        b"IHDR" | b"PLTE" | b"tRNS" | b"acTL" | b"fcTL" => PartKind::Header,
        b"IDAT" | b"fdAT" => PartKind::ImageData,
        b"gAMA" | b"cHRM" | b"sRGB" | b"iCCP" | b"cICP" | b"mDCV" | b"cLLI" => PartKind::Color,
        b"IEND" | b"bKGD" | b"hIST" | b"sBIT" | b"sPLT" | b"pHYs" | b"oFFs" | b"pCAL" | b"sCAL"
        | b"sTER" => PartKind::Neutral,
        _ => PartKind::Metadata,
    }
}

const fn crc_text(name: [u8; 4]) -> &'static str {
    match &name {
        b"IHDR" => "the checksum of the IHDR chunk is wrong",
        b"PLTE" => "the checksum of the PLTE chunk is wrong",
        b"IDAT" => "the checksum of an IDAT chunk is wrong",
        b"IEND" => "the checksum of the IEND chunk is wrong",
        _ => "the checksum of a critical chunk is wrong",
    }
}

/// The 32-bit number at `at`; 0 where the bytes are missing, which callers rule out.
fn be_u32(bytes: &[u8], at: usize) -> u32 {
    let quad = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
    quad.map_or(0, u32::from_be_bytes)
}

fn be_u16(bytes: &[u8], at: usize) -> u16 {
    let pair = bytes.get(at..at + 2).and_then(|b| b.try_into().ok());
    pair.map_or(0, u16::from_be_bytes)
}
