//! The segments of a JPEG file: ITU-T T.81 annex B, JFIF 1.02, Adobe's APP14, EXIF, ICC.1 annex
//! B.4, CIPA DC-007 (multi-picture files).
//!
//! Spans of segments start at the 0xFF directly before the marker code: fill bytes (B.1.1.2) and
//! stray bytes lie between parts and belong to none.

mod apps;
mod frame;
mod markers;
mod sanitize;

pub(super) use sanitize::sanitized;

use apps::Apps;
use frame::FrameFault;
pub(crate) use frame::{Component, Frame, coding_name};
use markers::{COM, DNL, EOI, SOI, name, next_marker, scan_end};
pub(crate) use markers::{DHT, DQT, DRI, SOS};

use super::trailer::{looks_like, script_in};
use super::{JpegCoding, JpegTransform, Part, PartKind, PartName, Structure, Trailing};
use crate::finding::{ColorModel, Finding, FindingKind};
use crate::format::Format;
use crate::geometry::Size;
use crate::policy::Limits;

/// Scripts are reported for so many segments; more would say nothing new.
const MAX_SCRIPTS: u32 = 8;

pub(super) fn walk(bytes: &[u8], limits: &Limits) -> Structure {
    let mut walker = Walker {
        bytes,
        limits,
        found: Structure::new(Format::Jpeg),
        apps: Apps::default(),
        frame: None,
        open_height: false,
        number_of_lines: false,
        stray_seen: false,
        scripts: 0,
    };
    let end = walker.run();
    walker.finish(end);
    walker.found
}

/// The marker code of a part, or `None` when it is no segment: coded data, trailing bytes.
pub(crate) fn marker_of(part: &Part, bytes: &[u8]) -> Option<u8> {
    match part.kind {
        PartKind::ImageData | PartKind::Trailing => None,
        _ => bytes.get(usize::try_from(part.span.start).ok()?.checked_add(1)?).copied(),
    }
}

/// How the walk ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// At an EOI marker; the number is the offset after it.
    Marker(usize),
    /// The bytes ran out where a marker was looked for.
    Bytes,
    /// An error was found and nothing after it can be understood.
    Error,
}

struct Walker<'a> {
    bytes: &'a [u8],
    limits: &'a Limits,
    found: Structure,
    apps: Apps,
    frame: Option<Frame>,
    /// The frame header gives a height of 0.
    open_height: bool,
    /// A DNL segment was seen.
    number_of_lines: bool,
    stray_seen: bool,
    scripts: u32,
}

impl Walker<'_> {
    fn error(&mut self, kind: FindingKind, at: usize) -> End {
        self.found.findings.push(Finding::error(kind).at(at as u64));
        End::Error
    }

    fn warn(&mut self, kind: FindingKind, at: usize) {
        self.found.findings.push(Finding::warning(kind).at(at as u64));
    }

    /// Notes a part, or says that there are too many.
    fn part(
        &mut self,
        name: &[u8],
        kind: PartKind,
        span: (usize, usize),
        payload: (usize, usize),
    ) -> Result<(), End> {
        if self.found.parts.len() as u64 >= self.limits.max_parts {
            return Err(
                self.error(FindingKind::TooManyParts { max: self.limits.max_parts }, span.0)
            );
        }
        self.found.parts.push(Part {
            name: PartName::new(name),
            kind,
            span: span.0 as u64..span.1 as u64,
            payload: payload.0 as u64..payload.1 as u64,
            depth: 0,
        });
        Ok(())
    }

    fn run(&mut self) -> End {
        if !self.bytes.starts_with(&[0xff, SOI]) {
            return self.error(FindingKind::Corrupt { what: "no start mark (SOI)" }, 0);
        }
        if let Err(end) = self.part(b"SOI", PartKind::Neutral, (0, 2), (2, 2)) {
            return end;
        }
        let mut at = 2;
        loop {
            match self.step(at) {
                Ok(next) => at = next,
                Err(end) => return end,
            }
        }
    }

    /// One marker and what belongs to it; gives the offset after it.
    fn step(&mut self, from: usize) -> Result<usize, End> {
        let Some((at, marker, stray)) = next_marker(self.bytes, from) else {
            return Err(End::Bytes);
        };
        if stray && !self.stray_seen {
            self.stray_seen = true;
            self.warn(FindingKind::Irregular { what: "stray bytes before a marker" }, from);
        }
        let after = at + 2;
        match marker {
            EOI => {
                self.part(b"EOI", PartKind::Neutral, (at, after), (after, after))?;
                Err(End::Marker(after))
            }
            SOI => Err(self.error(FindingKind::Corrupt { what: "a second start mark (SOI)" }, at)),
            // TEM and the restart markers stand alone (B.1.1.3).
            0x01 | 0xd0..=0xd7 => {
                self.part(&name(marker), PartKind::Neutral, (at, after), (after, after))?;
                Ok(after)
            }
            _ => self.segment(at, marker),
        }
    }

    /// A marker segment (B.1.1.4), at the offset of its 0xFF.
    fn segment(&mut self, at: usize, marker: u8) -> Result<usize, End> {
        if matches!(marker, 0xf0..=0xfd) {
            let what = "a marker of the JPEG extensions (JPG0 to JPG13)";
            return Err(self.error(FindingKind::Unsupported { what }, at));
        }
        let known = matches!(marker, 0xc0..=0xcf | SOS..=0xde | 0xe0..=0xef | COM);
        if !known {
            return Err(self.error(FindingKind::Corrupt { what: "unknown marker" }, at));
        }
        let rest = self.bytes.get(at + 2..).unwrap_or_default();
        let length = rest.first_chunk().map(|pair| usize::from(u16::from_be_bytes(*pair)));
        let payload_at = at + 4;
        let whole = length.is_some_and(|length| length <= rest.len());
        let end = if whole { at + 2 + length.unwrap_or(0) } else { self.bytes.len() };
        let payload = self.bytes.get(payload_at..end).unwrap_or_default();
        if coding_name(marker).is_some() {
            self.frame_header(at, marker, payload, whole)?;
        }
        if length.is_some_and(|length| length < 2) {
            return Err(self.error(
                FindingKind::Corrupt { what: "segment shorter than its length field" },
                at,
            ));
        }
        if !whole {
            return Err(self.error(
                FindingKind::Truncated { what: "a segment runs past the end of the file" },
                at,
            ));
        }
        let kind = match marker {
            0xe0..=0xef | COM => self.side_information(at, marker, payload_at..end),
            _ => PartKind::Header,
        };
        self.part(&name(marker), kind, (at, end), (payload_at, end))?;
        match marker {
            DNL => self.number_of_lines = true,
            SOS => return self.scan(at, end, payload.first().copied().unwrap_or(0)),
            _ => {}
        }
        Ok(end)
    }

    /// `SOFn` and DHP (B.2.2, B.3.2). `whole` is false when the segment runs past the end of the
    /// file: an unserved coding is then still recognised.
    fn frame_header(
        &mut self,
        at: usize,
        marker: u8,
        payload: &[u8],
        whole: bool,
    ) -> Result<(), End> {
        if self.frame.is_some() || self.open_height {
            return Err(
                self.error(FindingKind::Corrupt { what: "a second frame header (SOF)" }, at)
            );
        }
        self.found.coding = coding_name(marker).unwrap_or_default();
        if let Some((width, height)) = frame::size(payload) {
            self.found.stored = Size::new(width.into(), height.into());
            self.found.frames = 1;
        }
        if let Some(precision) = payload.first().filter(|bits| (2..=16).contains(*bits)) {
            self.found.bit_depth = *precision;
        }
        match Frame::parse(marker, payload) {
            Err(FrameFault::Unsupported(what)) => {
                Err(self.error(FindingKind::Unsupported { what }, at))
            }
            _ if self.found.frames == 1 && self.found.stored.height == 0 => {
                self.open_height = true;
                Ok(())
            }
            _ if !whole => Ok(()),
            Err(FrameFault::Corrupt(what)) => Err(self.error(FindingKind::Corrupt { what }, at)),
            Ok(frame) => {
                self.found.color_model = match frame.components.len() {
                    1 => ColorModel::Grey,
                    4 => ColorModel::Cmyk,
                    _ => ColorModel::Rgb,
                };
                let mut sampling = [(0, 0); 4];
                for (factors, component) in sampling.iter_mut().zip(&frame.components) {
                    *factors = (component.h, component.v);
                }
                self.found.jpeg = JpegCoding {
                    components: frame.components.len() as u8,
                    sampling,
                    blocks: frame.blocks(),
                    progressive: frame.progressive,
                    ..JpegCoding::default()
                };
                self.frame = Some(frame);
                Ok(())
            }
        }
    }

    /// `APPn` and COM: what they are for, and what they say about the picture.
    fn side_information(
        &mut self,
        at: usize,
        marker: u8,
        payload: std::ops::Range<usize>,
    ) -> PartKind {
        let text = self.bytes.get(payload.clone()).unwrap_or_default();
        let kind = if marker == COM {
            PartKind::Metadata
        } else {
            self.apps.take(marker, text, payload.start)
        };
        if kind == PartKind::Metadata {
            self.found.metadata_bytes += text.len() as u64;
        }
        if kind != PartKind::Color
            && self.scripts < MAX_SCRIPTS
            && let Some(looks_like) = carries(text)
        {
            self.scripts += 1;
            self.warn(FindingKind::EmbeddedScript { looks_like }, at);
        }
        kind
    }

    /// The coded data after a scan header, restart markers included, to the next other marker.
    fn scan(&mut self, at: usize, data: usize, components: u8) -> Result<usize, End> {
        self.found.jpeg.scans += 1;
        if self.found.jpeg.scans > self.limits.max_scans {
            return Err(self.error(FindingKind::TooManyScans { max: self.limits.max_scans }, at));
        }
        let mut doubt = None;
        if let Some(frame) = &self.frame {
            if self.found.jpeg.scans == 1 {
                (self.found.jpeg.transform, self.found.jpeg.inverted) = self.apps.transform(frame);
                doubt = self.apps.doubtful_transform(frame);
            }
            if !frame.progressive && usize::from(components) < frame.components.len() {
                self.found.jpeg.non_interleaved = true;
            }
        } else if !self.open_height {
            return Err(
                self.error(FindingKind::Corrupt { what: "a scan before the frame header" }, at)
            );
        }
        if let Some(what) = doubt {
            self.warn(FindingKind::Irregular { what }, at);
        }
        let end = scan_end(self.bytes, data);
        self.part(b"scan", PartKind::ImageData, (data, end), (data, end))?;
        Ok(end)
    }

    fn finish(&mut self, end: End) {
        self.found.end = match end {
            End::Marker(after) => after,
            End::Bytes | End::Error => self.bytes.len(),
        } as u64;
        let scans = self.found.jpeg.scans;
        let last = self.bytes.len();
        match end {
            End::Bytes if scans == 0 => {
                self.error(
                    FindingKind::Truncated { what: "the file ends before the first scan" },
                    last,
                );
            }
            End::Bytes => self.warn(FindingKind::Truncated { what: "no end mark (EOI)" }, last),
            End::Marker(after) if scans == 0 => {
                self.error(FindingKind::Corrupt { what: "no scan before the end mark" }, after - 2);
            }
            End::Marker(_) | End::Error => {}
        }
        if self.open_height {
            // B.2.5: a height of 0 leaves the number of lines to a DNL segment after the first
            // scan. Only a file seen to its end mark can be said to have none.
            let complete = matches!(end, End::Marker(_));
            let kind = if complete && !self.number_of_lines {
                FindingKind::Corrupt { what: "height 0" }
            } else {
                FindingKind::Unsupported { what: "height given by a DNL segment" }
            };
            self.found.findings.insert(0, Finding::error(kind));
        }
        if let Some(orientation) = self.apps.orientation {
            self.found.orientation = orientation;
        }
        match self.apps.profile() {
            Ok(pieces) => self.found.icc = pieces,
            Err(what) => {
                self.found.findings.push(Finding::warning(FindingKind::UnusableProfile { what }));
            }
        }
        if let End::Marker(after) = end
            && after < last
        {
            self.trailing(after);
        }
    }

    /// Bytes after the end mark.
    fn trailing(&mut self, after: usize) {
        let span = after as u64..self.bytes.len() as u64;
        let tail = self.bytes.get(after..).unwrap_or_default();
        let announced = self.apps.announces(self.bytes, after);
        let mut kind = looks_like(tail);
        if kind.is_none() && self.apps.motion_photo && memchr::memmem::find(tail, b"ftyp").is_some()
        {
            kind = Some("a video (MP4)");
        }
        self.found.parts.push(Part {
            name: PartName::new(b"trailing"),
            kind: PartKind::Trailing,
            span: span.clone(),
            payload: span.clone(),
            depth: 0,
        });
        if !announced {
            let bytes = tail.len() as u64;
            self.warn(FindingKind::TrailingData { bytes, looks_like: kind }, after);
        }
        self.found.trailing = Some(Trailing { span, looks_like: kind, announced });
    }
}

/// What a text or an application segment carries that wants to be run or unpacked.
fn carries(text: &[u8]) -> Option<&'static str> {
    let foreign =
        |kind: &&str| ["archive", "executable", "document"].iter().any(|word| kind.contains(word));
    script_in(text).or_else(|| looks_like(text).filter(foreign))
}

#[cfg(test)]
mod tests;
