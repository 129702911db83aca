//! `ID3v2` (ID3 tag versions 2.2.0, 2.3.0 and 2.4.0) and `ID3v1`: title, artist and attached picture.
//! Compressed and encrypted frames are passed over, and so are frames within frames.

use std::io;

use super::reader::{Reader, Source};
use super::{MAX_PARTS, MAX_PICTURE, MAX_TEXT_BYTES, Tags, text};

/// Bytes of a tag's header and footer.
const HEADER: u64 = 10;
/// Bytes of a tag whose unsynchronisation is undone before its frames are looked for.
const MAX_UNSYNCHRONISED: u64 = MAX_PICTURE;
/// Bytes before a picture's data: encoding, media type, kind, description.
const MAX_PICTURE_HEADER: u64 = 64 * 1024;

/// The tag at `offset`: how many bytes it takes, and what it says. `None` when there is none.
pub(super) fn read<S: Source>(
    reader: &mut Reader<S>,
    offset: u64,
) -> io::Result<Option<(u64, Tags)>> {
    let mut head = [0; HEADER as usize];
    if !reader.fill(offset, &mut head)? {
        return Ok(None);
    }
    let [b'I', b'D', b'3', version, _, flags, size @ ..] = head else { return Ok(None) };
    let Some(size) = synchsafe(size).filter(|_| matches!(version, 2..=4)) else { return Ok(None) };
    let footer = if version == 4 && flags & 0x10 != 0 { HEADER } else { 0 };
    let length = HEADER + size + footer;
    let start = offset.saturating_add(HEADER);
    let unsynchronised = flags & 0x80 != 0;
    // Before version 4 it holds for the tag as a whole, the frames' headers included.
    let tags = if unsynchronised && version < 4 {
        match reader.part(start, size, MAX_UNSYNCHRONISED)? {
            Some(body) => {
                let mut inner = reader.over(synchronised(body));
                let end = inner.length();
                frames(&mut inner, 0, end, version, flags)?
            }
            None => Tags::default(),
        }
    } else {
        frames(reader, start, start.saturating_add(size), version, flags)?
    };
    Ok(Some((length, tags)))
}

/// A number of 28 bits in four bytes whose high bits are 0.
fn synchsafe(bytes: [u8; 4]) -> Option<u64> {
    let mut value = 0;
    for byte in bytes {
        if byte & 0x80 != 0 {
            return None;
        }
        value = value << 7 | u64::from(byte);
    }
    Some(value)
}

/// Takes out the zero bytes that were put after 0xff.
fn synchronised(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut after_ff = false;
    bytes.retain(|&byte| {
        let stuffed = after_ff && byte == 0;
        after_ff = byte == 0xff;
        !stuffed
    });
    bytes
}

/// A frame's place, and how its content is to be read.
struct Frame {
    id: [u8; 4],
    start: u64,
    end: u64,
    unsynchronised: bool,
    readable: bool,
}

fn frames<S: Source>(
    reader: &mut Reader<S>,
    start: u64,
    end: u64,
    version: u8,
    flags: u8,
) -> io::Result<Tags> {
    let mut tags = Tags::default();
    let mut at = start;
    if version > 2 && flags & 0x40 != 0 {
        let mut size = [0; 4];
        if !reader.fill(at, &mut size)? {
            return Ok(tags);
        }
        // Version 4 counts these four bytes in.
        let size = match version {
            4 => synchsafe(size).unwrap_or(0),
            _ => u64::from(u32::from_be_bytes(size)).saturating_add(4),
        };
        at = at.saturating_add(size);
    }
    for _ in 0..MAX_PARTS {
        let Some(frame) = frame(reader, at, end, version)? else { break };
        at = frame.end;
        if !frame.readable {
            continue;
        }
        let whole = version == 4 && flags & 0x80 != 0;
        let frame = Frame { unsynchronised: frame.unsynchronised || whole, ..frame };
        match &frame.id {
            b"TIT2" | b"TT2\0" if tags.title.is_none() => tags.title = words(reader, &frame)?,
            b"TPE1" | b"TP1\0" if tags.artist.is_none() => tags.artist = words(reader, &frame)?,
            b"APIC" | b"PIC\0" => picture(reader, &frame, version, &mut tags)?,
            _ => {}
        }
    }
    Ok(tags)
}

/// The frame at `at`; `None` at the padding or the end.
fn frame<S: Source>(
    reader: &mut Reader<S>,
    at: u64,
    end: u64,
    version: u8,
) -> io::Result<Option<Frame>> {
    let mut head = [0; 10];
    let length = if version == 2 { 6 } else { 10 };
    let start = at.saturating_add(length as u64);
    let Some(wanted) = head.get_mut(..length).filter(|_| start <= end) else { return Ok(None) };
    if !reader.fill(at, wanted)? {
        return Ok(None);
    }
    let [a, b, c, d, e, f, g, h, _, format] = head;
    let (id, size) = match version {
        2 => ([a, b, c, 0], u64::from(u32::from_be_bytes([0, d, e, f]))),
        // Some writers of version 4 give plain sizes.
        4 => ([a, b, c, d], {
            let plain = u64::from(u32::from_be_bytes([e, f, g, h]));
            synchsafe([e, f, g, h]).unwrap_or(plain)
        }),
        _ => ([a, b, c, d], u64::from(u32::from_be_bytes([e, f, g, h]))),
    };
    let named = id.iter().take(if version == 2 { 3 } else { 4 });
    let stop = start.saturating_add(size);
    if !named.into_iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        || stop > end
    {
        return Ok(None);
    }
    // Bytes between the header and the content: group, and the length before unsynchronisation.
    let (before, readable, unsynchronised) = match version {
        2 => (0, true, false),
        3 => (u64::from(format >> 5 & 1), format & 0xc0 == 0, false),
        _ => {
            let before = u64::from(format >> 6 & 1) + u64::from(format & 1) * 4;
            (before, format & 0x0c == 0, format & 2 != 0)
        }
    };
    let content = start.saturating_add(before).min(stop);
    Ok(Some(Frame { id, start: content, end: stop, unsynchronised, readable }))
}

fn content<S: Source>(
    reader: &mut Reader<S>,
    frame: &Frame,
    max: u64,
) -> io::Result<Option<Vec<u8>>> {
    let bytes = reader.part(frame.start, frame.end.saturating_sub(frame.start), max)?;
    Ok(bytes.map(|bytes| if frame.unsynchronised { synchronised(bytes) } else { bytes }))
}

fn words<S: Source>(reader: &mut Reader<S>, frame: &Frame) -> io::Result<Option<String>> {
    let bytes = content(reader, frame, MAX_TEXT_BYTES)?;
    Ok(bytes.and_then(|bytes| match bytes.split_first()? {
        (0, bytes) => text::cleaned(&text::latin1(bytes)),
        (1 | 2, bytes) => text::cleaned(&text::utf16(bytes)),
        (3, bytes) => text::cleaned(&String::from_utf8_lossy(bytes)),
        _ => None,
    }))
}

fn picture<S: Source>(
    reader: &mut Reader<S>,
    frame: &Frame,
    version: u8,
    tags: &mut Tags,
) -> io::Result<()> {
    // Its kind comes before its bytes, which are many.
    let length = frame.end.saturating_sub(frame.start).min(MAX_PICTURE_HEADER);
    let head = reader.part(frame.start, length, MAX_PICTURE_HEADER)?.unwrap_or_default();
    let head = if frame.unsynchronised { synchronised(head) } else { head };
    let Some((is_front, at)) = picture_header(&head, version) else { return Ok(()) };
    if tags.wants_picture(is_front)
        && let Some(bytes) = content(reader, frame, MAX_PICTURE)?
    {
        tags.put_picture(is_front, bytes.get(at..).unwrap_or_default().to_vec());
    }
    Ok(())
}

/// Whether a picture is the front cover, and where its data begin.
fn picture_header(bytes: &[u8], version: u8) -> Option<(bool, usize)> {
    let encoding = *bytes.first()?;
    // The media type ends with NUL; version 2 has three letters of a format instead.
    let kind_at = match version {
        2 => 4,
        _ => bytes.iter().skip(1).position(|&byte| byte == 0)?.checked_add(2)?,
    };
    let is_front = *bytes.get(kind_at)? == 3;
    let description = kind_at.checked_add(1)?;
    let rest = bytes.get(description..)?;
    let length = match encoding {
        1 | 2 => rest.chunks_exact(2).position(|pair| pair == [0, 0])?.checked_add(1)? * 2,
        _ => rest.iter().position(|&byte| byte == 0)?.checked_add(1)?,
    };
    Some((is_front, description.checked_add(length)?))
}

/// The `ID3v1` tag in the last 128 bytes.
pub(super) fn read_v1<S: Source>(reader: &mut Reader<S>) -> io::Result<Tags> {
    let mut bytes = [0; 128];
    let Some(at) = reader.length().checked_sub(128) else { return Ok(Tags::default()) };
    if !reader.fill(at, &mut bytes)? || !bytes.starts_with(b"TAG") {
        return Ok(Tags::default());
    }
    let field = |from: usize| {
        bytes.get(from..from + 30).and_then(|field| text::cleaned(&text::latin1(field)))
    };
    Ok(Tags { title: field(3), artist: field(33), picture: None })
}
