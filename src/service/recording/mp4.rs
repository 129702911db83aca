//! Metadata in MP4 (ISO/IEC 14496-12) as iTunes writes it: `moov/udta/meta/ilst`.

use std::io;

use super::reader::{Reader, Source};
use super::{MAX_PARTS, MAX_PICTURE, MAX_TEXT_BYTES, Tags, text};

/// A box: its type, and where its content lies.
struct Found {
    kind: [u8; 4],
    start: u64,
    end: u64,
}

pub(super) fn read<S: Source>(reader: &mut Reader<S>) -> io::Result<Tags> {
    let mut within = Found { kind: *b"file", start: 0, end: reader.length() };
    for kind in [*b"moov", *b"udta", *b"meta", *b"ilst"] {
        if within.kind == *b"meta" {
            within.start = after_version(reader, &within)?;
        }
        let Some(found) = child(reader, &within, kind)? else { return Ok(Tags::default()) };
        within = found;
    }
    let mut tags = Tags::default();
    let mut at = within.start;
    for _ in 0..MAX_PARTS {
        let Some(item) = box_at(reader, at, within.end)? else { break };
        at = item.end;
        match &item.kind {
            b"\xa9nam" if tags.title.is_none() => tags.title = words(reader, &item)?,
            b"\xa9ART" if tags.artist.is_none() => tags.artist = words(reader, &item)?,
            b"covr" if tags.wants_picture(true) => {
                if let Some((_, bytes)) = data(reader, &item, MAX_PICTURE)? {
                    tags.put_picture(true, bytes);
                }
            }
            _ => {}
        }
    }
    Ok(tags)
}

/// Where the boxes in `meta` begin: after its version and flags, which files of Apple's older
/// format leave out.
fn after_version<S: Source>(reader: &mut Reader<S>, meta: &Found) -> io::Result<u64> {
    let mut kind = [0; 4];
    let plain = reader.fill(meta.start.saturating_add(4), &mut kind)? && kind == *b"hdlr";
    Ok(if plain { meta.start } else { meta.start.saturating_add(4) })
}

fn child<S: Source>(
    reader: &mut Reader<S>,
    within: &Found,
    kind: [u8; 4],
) -> io::Result<Option<Found>> {
    let mut at = within.start;
    for _ in 0..MAX_PARTS {
        let Some(found) = box_at(reader, at, within.end)? else { break };
        if found.kind == kind {
            return Ok(Some(found));
        }
        at = found.end;
    }
    Ok(None)
}

fn box_at<S: Source>(reader: &mut Reader<S>, at: u64, end: u64) -> io::Result<Option<Found>> {
    let mut head = [0; 8];
    if at.saturating_add(8) > end || !reader.fill(at, &mut head)? {
        return Ok(None);
    }
    let [a, b, c, d, kind @ ..] = head;
    let (header, length) = match u32::from_be_bytes([a, b, c, d]) {
        // To the end of what it is in.
        0 => (8, end.saturating_sub(at)),
        1 => {
            let mut long = [0; 8];
            if !reader.fill(at.saturating_add(8), &mut long)? {
                return Ok(None);
            }
            (16, u64::from_be_bytes(long))
        }
        length => (8, u64::from(length)),
    };
    let stop = at.saturating_add(length);
    if length < header || stop > end {
        return Ok(None);
    }
    Ok(Some(Found { kind, start: at.saturating_add(header), end: stop }))
}

/// The first value of an item and its type (1 is UTF-8, 2 is UTF-16).
fn data<S: Source>(
    reader: &mut Reader<S>,
    item: &Found,
    max: u64,
) -> io::Result<Option<(u32, Vec<u8>)>> {
    let Some(data) = child(reader, item, *b"data")? else { return Ok(None) };
    let mut kind = [0; 4];
    if !reader.fill(data.start, &mut kind)? {
        return Ok(None);
    }
    let start = data.start.saturating_add(8);
    let bytes = reader.part(start, data.end.saturating_sub(start), max)?;
    Ok(bytes.map(|bytes| (u32::from_be_bytes(kind), bytes)))
}

fn words<S: Source>(reader: &mut Reader<S>, item: &Found) -> io::Result<Option<String>> {
    Ok(data(reader, item, MAX_TEXT_BYTES)?.and_then(|(kind, bytes)| match kind {
        2 => text::cleaned(&text::utf16(&bytes)),
        _ => text::utf8_or_latin1(&bytes),
    }))
}
