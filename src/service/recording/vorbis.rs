//! Vorbis comments and pictures, in FLAC (RFC 9639) and in Ogg (RFC 3533) with Vorbis, Opus
//! (RFC 7845) or Speex.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::reader::{Reader, Source};
use super::{MAX_PARTS, MAX_PICTURE, Tags, text};

/// Bytes of a comment packet: a picture in Base64 and some text.
const MAX_PACKET: usize = 48 * 1024 * 1024;
/// Pages over which a comment packet may stretch.
const MAX_PAGES: usize = 16 * 1024;
/// Bytes of a block of FLAC.
const MAX_BLOCK: u64 = 0xff_ffff;

/// The comments and pictures of a FLAC file.
pub(super) fn of_flac<S: Source>(reader: &mut Reader<S>) -> io::Result<Tags> {
    let mut tags = Tags::default();
    let mut commented = false;
    let mut at = 4_u64;
    for _ in 0..MAX_PARTS {
        let mut head = [0; 4];
        if !reader.fill(at, &mut head)? {
            break;
        }
        let [kind, a, b, c] = head;
        let length = u64::from(u32::from_be_bytes([0, a, b, c]));
        let start = at.saturating_add(4);
        match kind & 0x7f {
            4 if !commented => {
                commented = true;
                let block = reader.part(start, length, MAX_BLOCK)?.unwrap_or_default();
                tags = tags.or(comments(&block));
            }
            6 => {
                let mut kind = [0; 4];
                if reader.fill(start, &mut kind)?
                    && tags.wants_picture(kind == [0, 0, 0, 3])
                    && let Some(block) = reader.part(start, length, MAX_BLOCK)?
                {
                    put_picture(&mut tags, &block);
                }
            }
            _ => {}
        }
        if kind & 0x80 != 0 {
            break;
        }
        at = start.saturating_add(length);
    }
    Ok(tags)
}

/// The comments of an Ogg stream: its second packet, which begins its second page.
pub(super) fn of_ogg<S: Source>(reader: &mut Reader<S>) -> io::Result<Tags> {
    let mut packet = Vec::new();
    let mut stream = None;
    let mut at = 0_u64;
    for _ in 0..MAX_PAGES {
        let mut head = [0; 27];
        if !reader.fill(at, &mut head)? || !head.starts_with(b"OggS") {
            break;
        }
        let mut table = vec![0; usize::from(head.last().copied().unwrap_or(0))];
        let table_at = at.saturating_add(27);
        if !reader.fill(table_at, &mut table)? {
            break;
        }
        let content = table_at.saturating_add(table.len() as u64);
        let whole: u64 = table.iter().map(|&lacing| u64::from(lacing)).sum();
        at = content.saturating_add(whole);
        let serial = head.get(14..18).map(<[u8]>::to_vec);
        if stream.is_none() {
            stream = serial;
            continue;
        }
        if stream != serial {
            continue;
        }
        // A lacing value under 255 ends a packet.
        let last = table.iter().position(|&lacing| lacing < 255);
        let part = table.iter().take(last.map_or(table.len(), |last| last + 1));
        let length: u64 = part.map(|&lacing| u64::from(lacing)).sum();
        let piece = reader.part(content, length, MAX_BLOCK)?.unwrap_or_default();
        if packet.len().saturating_add(piece.len()) > MAX_PACKET {
            return Ok(Tags::default());
        }
        packet.extend(piece);
        if last.is_some() {
            let known = [&b"OpusTags"[..], b"\x03vorbis"];
            let body = known.iter().find_map(|magic| packet.strip_prefix(*magic));
            return Ok(comments(body.unwrap_or(&packet)));
        }
    }
    Ok(Tags::default())
}

/// The comments of a block or packet. What is cut short is read as far as it goes.
fn comments(bytes: &[u8]) -> Tags {
    let mut tags = Tags::default();
    let Some((_vendor, rest)) = sized(bytes) else { return tags };
    let Some((count, mut rest)) = rest.split_first_chunk::<4>() else { return tags };
    for _ in 0..(u32::from_le_bytes(*count) as usize).min(MAX_PARTS) {
        let Some((field, after)) = sized(rest) else { break };
        rest = after;
        let Some(split) = field.iter().position(|&byte| byte == b'=') else { continue };
        let (name, value) = field.split_at(split);
        let value = value.get(1..).unwrap_or_default();
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
        if is("TITLE") && tags.title.is_none() {
            tags.title = text::utf8_or_latin1(value);
        } else if is("ARTIST") && tags.artist.is_none() {
            tags.artist = text::utf8_or_latin1(value);
        } else if is("METADATA_BLOCK_PICTURE")
            && tags.wants_picture(true)
            && let Ok(block) = STANDARD.decode(value)
        {
            put_picture(&mut tags, &block);
        }
    }
    tags
}

/// Bytes with their length before them, and what follows.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// A picture block (RFC 9639, 8.8).
fn put_picture(tags: &mut Tags, block: &[u8]) {
    let parsed = || {
        let big = |bytes: &[u8]| {
            bytes.first_chunk::<4>().map(|length| u32::from_be_bytes(*length) as usize)
        };
        let kind = big(block)?;
        let rest = block.get(4..)?;
        let rest = rest.get(4_usize.checked_add(big(rest)?)?..)?;
        let rest = rest.get(4_usize.checked_add(big(rest)?)?..)?;
        // Width, height, depth and number of colours.
        let rest = rest.get(16..)?;
        let data = rest.get(4..4_usize.checked_add(big(rest)?)?)?;
        Some((kind == 3, data.to_vec()))
    };
    if let Some((is_front, bytes)) = parsed()
        && bytes.len() as u64 <= MAX_PICTURE
    {
        tags.put_picture(is_front, bytes);
    }
}
