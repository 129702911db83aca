//! Texts of tags, in the encodings that they come in.

/// Unicode scalar values of a text that are kept.
const MAX_CHARS: usize = 1000;

/// A text up to its first NUL, without spaces around it; `None` when nothing is left.
pub(super) fn cleaned(text: &str) -> Option<String> {
    let text = text.split('\0').find(|value| !value.trim().is_empty())?.trim();
    Some(text.chars().take(MAX_CHARS).collect())
}

/// ISO/IEC 8859-1.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// UTF-8, or Latin-1 where it is no UTF-8: formats without a declared encoding hold either.
pub(super) fn utf8_or_latin1(bytes: &[u8]) -> Option<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => cleaned(text),
        Err(_) => cleaned(&latin1(bytes)),
    }
}

/// UTF-16, in the order that a byte order mark tells, else big-endian.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let (bytes, little) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, true),
        [0xfe, 0xff, rest @ ..] | rest => (rest, false),
    };
    let units = bytes.chunks_exact(2).map(|pair| {
        let pair = [pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)];
        if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    });
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
