//! PNG's ancillary chunks (§11.3): transparency, colour, text, EXIF.

use std::ops::ControlFlow;

use super::super::{exif, trailer};
use super::{Chunk, Data, Walk};
use crate::finding::FindingKind;
use crate::inflate::{Broken, Inflater};

/// Compressed chunks that are really inflated; more of them are only counted, at deflate's worst
/// ratio, so that many small ones cost no more than a few.
const MAX_INFLATIONS: u32 = 256;
/// One byte of deflate gives 1032 bytes at most: a 258-byte run needs two bits.
const WORST_RATIO: u64 = 1032;

/// What inflating a chunk's data told.
struct Inflated {
    bytes: u64,
    whole: bool,
    script: Option<&'static str>,
}

impl<'a> Walk<'a> {
    pub(super) fn ancillary(&mut self, chunk: &Chunk<'a>) {
        let at = chunk.span.start;
        let data = chunk.data;
        match &chunk.name {
            b"tRNS" => self.transparency(at, data),
            b"acTL" => self.actl(at, data),
            b"fcTL" => self.fctl(at, data),
            b"fdAT" => self.fdat(at, data),
            b"iCCP" => self.profile(chunk),
            b"eXIf" => {
                self.out.metadata(at, data.len() as u64);
                self.out.text(at, data);
                // The first one counts; a second may not exist (§5.6).
                if self.exif.is_none() {
                    self.exif = exif::orientation(data);
                } else {
                    self.out.irregular(at, "a second eXIf chunk; it is ignored");
                }
            }
            b"zTXt" => self.compressed_text(at, data, after_keyword(data)),
            b"iTXt" => self.international_text(at, data),
            b"gAMA" | b"cHRM" | b"sRGB" | b"cICP" | b"mDCV" | b"cLLI" | b"sBIT" => {
                if self.data != Data::Before || self.palette_entries.is_some() {
                    self.out.irregular(at, "a colour chunk follows the palette or the image data");
                }
                self.small(chunk);
            }
            _ => self.small(chunk),
        }
    }

    /// A chunk that holds what it holds, uncompressed.
    fn small(&mut self, chunk: &Chunk<'a>) {
        self.out.metadata(chunk.span.start, chunk.data.len() as u64);
        self.out.text(chunk.span.start, chunk.data);
    }

    fn transparency(&mut self, at: usize, data: &[u8]) {
        let Some(header) = self.header else { return };
        let fits = match header.color_type {
            0 => data.len() == 2,
            2 => data.len() == 6,
            3 => !data.is_empty() && data.len() <= self.palette_entries.unwrap_or(256),
            _ => {
                self.out.irregular(at, "a tRNS chunk in a picture with alpha; it is ignored");
                return;
            }
        };
        if self.data != Data::Before {
            self.out.irregular(at, "the tRNS chunk follows the image data; it is ignored");
        } else if !fits {
            self.out.irregular(at, "the tRNS chunk has the wrong length");
        } else {
            self.transparency = true;
        }
    }

    fn profile(&mut self, chunk: &Chunk<'a>) {
        let at = chunk.span.start;
        let Some(start) = after_keyword(chunk.data).filter(|s| *s < chunk.data.len()) else {
            self.unusable(at, "the iCCP chunk has no profile");
            return;
        };
        let Some(found) = self.inflated(at, chunk.data, start) else {
            return;
        };
        if !found.whole {
            self.unusable(at, "it cannot be inflated");
        } else if self.data != Data::Before {
            self.unusable(at, "it follows the image data");
        } else if self.profile.is_none() {
            let start = (chunk.payload.start + start) as u64;
            self.profile = Some(start..chunk.payload.end as u64);
        } else {
            self.out.irregular(at, "a second iCCP chunk; it is ignored");
        }
    }

    fn unusable(&mut self, at: usize, what: &'static str) {
        self.out.warn(at, FindingKind::UnusableProfile { what });
    }

    fn international_text(&mut self, at: usize, data: &[u8]) {
        // Keyword, 0, compression flag, method, language tag, 0, translated keyword, 0, text.
        let flag = memchr::memchr(0, data).map(|nul| nul + 1);
        let text = flag.and_then(|flag| {
            let language = flag.checked_add(2)?;
            let translated = language + memchr::memchr(0, data.get(language..)?)? + 1;
            Some(translated + memchr::memchr(0, data.get(translated..)?)? + 1)
        });
        if flag.and_then(|f| data.get(f)) == Some(&1) {
            self.compressed_text(at, data, text);
        } else {
            self.out.metadata(at, data.len() as u64);
            self.out.text(at, data);
        }
    }

    fn compressed_text(&mut self, at: usize, data: &[u8], start: Option<usize>) {
        let Some(start) = start.filter(|s| *s < data.len()) else {
            self.out.metadata(at, data.len() as u64);
            self.out.irregular(at, "a compressed text chunk has no text");
            return;
        };
        self.out.text(at, data.get(..start).unwrap_or_default());
        let Some(found) = self.inflated(at, data, start) else {
            return;
        };
        if !found.whole {
            self.out.irregular(at, "a compressed text chunk cannot be inflated");
        }
        if let Some(looks_like) = found.script {
            self.out.warn(at, FindingKind::EmbeddedScript { looks_like });
        }
    }

    /// Inflates what lies behind `start`, counting it as metadata, up to the limit.
    fn inflated(&mut self, at: usize, data: &[u8], start: usize) -> Option<Inflated> {
        let stream = data.get(start..)?;
        let left = self.out.metadata_left();
        if left == 0 {
            // The limit was passed before: what more there is changes nothing.
            return None;
        }
        self.inflations += 1;
        if self.inflations > MAX_INFLATIONS {
            let worst = (stream.len() as u64).saturating_mul(WORST_RATIO);
            self.out.metadata(at, worst.saturating_add(start as u64));
            return None;
        }
        let mut inflater = Inflater::new();
        let mut found = Inflated { bytes: start as u64, whole: false, script: None };
        let mut overlap: Vec<u8> = Vec::new();
        let end = inflater.feed(stream, true, |fresh| {
            found.bytes += fresh.len() as u64;
            if found.script.is_none() {
                overlap.extend_from_slice(fresh);
                found.script = trailer::script_in(&overlap);
                // A pattern may lie across two pieces.
                let keep = overlap.len().min(32);
                overlap.drain(..overlap.len() - keep);
            }
            if found.bytes > left { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        // A wrong or missing Adler-32 leaves the data usable: real files have it.
        found.whole = match end {
            Ok((_, ControlFlow::Continue(()))) => inflater.is_done(),
            Err(Broken::Checksum) => true,
            Ok((_, ControlFlow::Break(()))) | Err(Broken::Short | Broken::Corrupt) => false,
        };
        self.out.metadata(at, found.bytes);
        Some(found)
    }
}

/// Where the compressed data of zTXt and iCCP begin: behind the keyword, its 0 and the method.
fn after_keyword(data: &[u8]) -> Option<usize> {
    memchr::memchr(0, data).map(|nul| nul + 2)
}
