//! APE tags (version 2) at the end of a file, as those of Monkey's Audio, Wavpack and Musepack and
//! some in MP3 have them: title, artist and front cover.

use std::io;

use super::reader::{Reader, Source};
use super::{MAX_PARTS, MAX_PICTURE, MAX_TEXT_BYTES, Tags, text};

const FOOTER: u64 = 32;
/// Bytes of an `ID3v1` tag, which may follow.
const ID3V1: u64 = 128;
/// Bytes before an item's value: its length and flags, and a key with its end.
const MAX_ITEM_HEADER: u64 = 8 + 255 + 1;

/// What the tag says, and where it begins, if there is one.
pub(super) fn read<S: Source>(reader: &mut Reader<S>) -> io::Result<(Tags, Option<u64>)> {
    for after in [0, ID3V1] {
        let Some(footer) = reader.length().checked_sub(FOOTER + after) else { break };
        let mut bytes = [0; FOOTER as usize];
        if reader.fill(footer, &mut bytes)? && bytes.starts_with(b"APETAGEX") {
            let [_, _, _, _, _, _, _, _, _, _, _, _, a, b, c, d, e, f, g, h, ..] = bytes;
            let size = u64::from(u32::from_le_bytes([a, b, c, d]));
            let count = u32::from_le_bytes([e, f, g, h]);
            // The size counts the footer in.
            let Some(start) = footer.saturating_add(FOOTER).checked_sub(size) else { break };
            return Ok((items(reader, start, footer, count)?, Some(start)));
        }
    }
    Ok((Tags::default(), None))
}

fn items<S: Source>(reader: &mut Reader<S>, start: u64, end: u64, count: u32) -> io::Result<Tags> {
    let mut tags = Tags::default();
    let mut at = start;
    for _ in 0..(count as usize).min(MAX_PARTS) {
        let there = end.saturating_sub(at).min(MAX_ITEM_HEADER);
        let head = reader.part(at, there, MAX_ITEM_HEADER)?.unwrap_or_default();
        let Some((size, key)) = item(&head) else { break };
        let value = at.saturating_add(8 + key.len() as u64 + 1);
        at = value.saturating_add(size);
        if at > end {
            break;
        }
        let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
        if is("Title") && tags.title.is_none() {
            tags.title = words(reader, value, size)?;
        } else if is("Artist") && tags.artist.is_none() {
            tags.artist = words(reader, value, size)?;
        } else if is("Cover Art (Front)")
            && tags.wants_picture(true)
            && let Some(bytes) = reader.part(value, size, MAX_PICTURE)?
            // The file's name comes first.
            && let Some(name) = bytes.iter().position(|&byte| byte == 0)
        {
            tags.put_picture(true, bytes.get(name + 1..).unwrap_or_default().to_vec());
        }
    }
    Ok(tags)
}

/// The length of an item's value, and its key.
fn item(head: &[u8]) -> Option<(u64, &[u8])> {
    let (size, rest) = head.split_first_chunk::<4>()?;
    let key = rest.get(4..)?;
    let key = key.get(..key.iter().position(|&byte| byte == 0)?)?;
    Some((u64::from(u32::from_le_bytes(*size)), key))
}

fn words<S: Source>(reader: &mut Reader<S>, at: u64, size: u64) -> io::Result<Option<String>> {
    let bytes = reader.part(at, size, MAX_TEXT_BYTES)?;
    Ok(bytes.and_then(|bytes| text::utf8_or_latin1(&bytes)))
}
