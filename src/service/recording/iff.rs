//! Metadata in RIFF WAVE (the `INFO` list) and AIFF (text chunks), and `ID3v2` in either.

use std::io;

use super::reader::{Reader, Source};
use super::{MAX_PARTS, MAX_TEXT_BYTES, Tags, id3, text};

pub(super) fn read<S: Source>(reader: &mut Reader<S>) -> io::Result<Tags> {
    let mut head = [0; 4];
    let little = reader.fill(0, &mut head)? && head == *b"RIFF";
    let end = reader.length();
    let (mut tags, mut tagged) = (Tags::default(), Tags::default());
    let mut at = 12;
    for _ in 0..MAX_PARTS {
        let Some((id, start, length)) = chunk(reader, at, end, little)? else { break };
        match &id {
            b"LIST" => info(reader, start, length, &mut tags)?,
            b"NAME" if tags.title.is_none() => tags.title = words(reader, start, length)?,
            b"AUTH" if tags.artist.is_none() => tags.artist = words(reader, start, length)?,
            b"id3 " | b"ID3 " => {
                if let Some((_, found)) = id3::read(reader, start)? {
                    tagged = tagged.or(found);
                }
            }
            _ => {}
        }
        at = after(start, length);
    }
    Ok(tagged.or(tags))
}

/// Chunks begin at even places.
const fn after(start: u64, length: u64) -> u64 {
    start.saturating_add(length).saturating_add(length & 1)
}

/// The chunk at `at`: its id, and where its content begins and how long it is.
fn chunk<S: Source>(
    reader: &mut Reader<S>,
    at: u64,
    end: u64,
    little: bool,
) -> io::Result<Option<([u8; 4], u64, u64)>> {
    let mut head = [0; 8];
    let start = at.saturating_add(8);
    if start > end || !reader.fill(at, &mut head)? {
        return Ok(None);
    }
    let [a, b, c, d, length @ ..] = head;
    let length = if little { u32::from_le_bytes(length) } else { u32::from_be_bytes(length) };
    Ok(Some(([a, b, c, d], start, u64::from(length))))
}

fn info<S: Source>(
    reader: &mut Reader<S>,
    start: u64,
    length: u64,
    tags: &mut Tags,
) -> io::Result<()> {
    let mut kind = [0; 4];
    if !reader.fill(start, &mut kind)? || kind != *b"INFO" {
        return Ok(());
    }
    let end = start.saturating_add(length);
    let mut at = start.saturating_add(4);
    for _ in 0..MAX_PARTS {
        let Some((id, start, length)) = chunk(reader, at, end, true)? else { break };
        match &id {
            b"INAM" if tags.title.is_none() => tags.title = words(reader, start, length)?,
            b"IART" if tags.artist.is_none() => tags.artist = words(reader, start, length)?,
            _ => {}
        }
        at = after(start, length);
    }
    Ok(())
}

fn words<S: Source>(reader: &mut Reader<S>, at: u64, length: u64) -> io::Result<Option<String>> {
    let bytes = reader.part(at, length, MAX_TEXT_BYTES)?;
    Ok(bytes.and_then(|bytes| text::utf8_or_latin1(&bytes)))
}
