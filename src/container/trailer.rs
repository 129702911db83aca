//! What bytes behind a picture, or text inside it, look like.

use memchr::memmem;

/// Bytes at the head of a tail that are looked at for a signature.
const HEAD: usize = 512;

/// Signatures at the very start of a tail, the more telling first.
const SIGNATURES: [(&[u8], &str); 26] = [
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b\x08", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"%PDF-", "a PDF document"),
    (b"\x7fELF", "an executable (ELF)"),
    (b"\xfe\xed\xfa\xce", "an executable (Mach-O)"),
    (b"\xfe\xed\xfa\xcf", "an executable (Mach-O)"),
    (b"\xce\xfa\xed\xfe", "an executable (Mach-O)"),
    (b"\xcf\xfa\xed\xfe", "an executable (Mach-O)"),
    (b"\xca\xfe\xba\xbe", "an executable (Java class or Mach-O)"),
    (b"\0asm", "an executable (WebAssembly)"),
    (b"#!", "a shell script"),
    (b"\x89PNG\r\n\x1a\n", "a second image (PNG)"),
    (b"\xff\xd8\xff", "a second image (JPEG)"),
    (b"GIF87a", "a second image (GIF)"),
    (b"GIF89a", "a second image (GIF)"),
    (b"II*\0", "a second image (TIFF)"),
    (b"MM\0*", "a second image (TIFF)"),
    (b"SEFH", "a Samsung trailer"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg stream"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document"),
];

/// Markup that makes a browser or an interpreter run something, in lower case; each opens with `<`
/// or `j`, which the search depends on.
const MARKUP: [(&[u8], &str); 8] = [
    (b"<script", "a script (HTML)"),
    (b"<?php", "a script (PHP)"),
    (b"<!doctype html", "HTML"),
    (b"<html", "HTML"),
    (b"<iframe", "HTML"),
    (b"<svg", "SVG"),
    (b"<!entity", "XML with entities"),
    (b"javascript:", "a script (JavaScript)"),
];

/// Calls that show up in scripts hidden from a parser by a comment of the host format.
const CALLS: [&[u8]; 5] =
    [b"alert(", b"eval(", b"document.cookie", b"document.domain", b"document.write("];

/// What the bytes after the end of a picture look like, where that is known.
pub(super) fn looks_like(tail: &[u8]) -> Option<&'static str> {
    let is_filler = |b: &u8| *b == 0 || b.is_ascii_whitespace();
    let Some(start) = tail.iter().position(|b| !is_filler(b)) else {
        let padding = if tail.contains(&0) { "zero padding" } else { "white space" };
        return Some(padding);
    };
    // A signature that itself opens with a zero is looked for before padding is skipped.
    if let Some(name) = signature(tail) {
        return Some(name);
    }
    let body = tail.get(start..).unwrap_or_default();
    let text = body.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(body);
    if let Some(name) = signature(text) {
        return Some(name);
    }
    let head = text.get(..HEAD.min(text.len())).unwrap_or_default();
    if let Some(name) = script_in(head) {
        return Some(name);
    }
    // Anywhere in the rest: only what is long enough to be no accident of random bytes.
    if let Some(name) = script_in(text) {
        return Some(name);
    }
    if memmem::find(text, b"PK\x03\x04").is_some() {
        return Some("a zip archive");
    }
    if head.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) {
        return Some("text");
    }
    None
}

fn signature(bytes: &[u8]) -> Option<&'static str> {
    let by_prefix = SIGNATURES.iter().find(|(prefix, _)| bytes.starts_with(prefix));
    if let Some((_, name)) = by_prefix {
        return Some(name);
    }
    if bytes.starts_with(b"RIFF") {
        return Some(if bytes.get(8..12) == Some(b"WEBP") {
            "a second image (WebP)"
        } else {
            "a RIFF file"
        });
    }
    // ISO base media: a box length, then its type. Motion photos append one.
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some("a video (MP4)");
    }
    is_pe(bytes).then_some("an executable (PE)")
}

/// `MZ` alone is too short to mean much: the header that it points to must be there as well.
fn is_pe(bytes: &[u8]) -> bool {
    if !bytes.starts_with(b"MZ") {
        return false;
    }
    let Some(at) = bytes.get(0x3c..0x40).and_then(|b| b.try_into().ok()) else {
        return bytes.len() < 0x40;
    };
    let at = usize::try_from(u32::from_le_bytes(at)).unwrap_or(usize::MAX);
    let pointed = bytes.get(at..).unwrap_or_default();
    pointed.starts_with(b"PE\0\0") || memmem::find(bytes, b"DOS mode").is_some()
}

/// The kind of script or markup in this text, in any case of letters; linear in its length.
pub(super) fn script_in(text: &[u8]) -> Option<&'static str> {
    // Pairs first: text full of `<` must not cost a comparison with each pattern at each byte.
    let markup = text.windows(2).enumerate().find_map(|(at, pair)| {
        let (first, second) = (pair[0], pair[1].to_ascii_lowercase());
        let candidate = match first {
            b'<' => matches!(second, b's' | b'?' | b'!' | b'h' | b'i'),
            b'j' | b'J' => second == b'a',
            _ => false,
        };
        if !candidate {
            return None;
        }
        let here = text.get(at..)?;
        let fits = |pattern: &[u8]| {
            pattern.get(1) == Some(&second)
                && here
                    .get(..pattern.len())
                    .is_some_and(|there| there.eq_ignore_ascii_case(pattern))
        };
        let found = MARKUP.iter().find(|(pattern, _)| fits(pattern));
        found.map(|(_, name)| *name)
    });
    let call = || CALLS.iter().any(|call| memmem::find(text, call).is_some());
    markup.or_else(|| call().then_some("a script (JavaScript)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_named_by_their_first_bytes() {
        assert_eq!(looks_like(b"\r\n PK\x03\x04rest"), Some("a zip archive"));
        assert_eq!(looks_like(b"\0\0\0\x18ftypmp42"), Some("a video (MP4)"));
        assert_eq!(looks_like(&[0; 40]), Some("zero padding"));
        assert_eq!(looks_like(b"<ScRiPt>1"), Some("a script (HTML)"));
        assert_eq!(looks_like(b"just a note"), Some("text"));
        assert_eq!(looks_like(b"\x01\x02\x03\x04"), None);
        assert_eq!(looks_like(b"\xff\xd8\xff\xe0"), Some("a second image (JPEG)"));
    }

    #[test]
    fn a_script_deep_inside_a_binary_tail_is_seen() {
        let mut tail = vec![0x9d; 100_000];
        tail.extend_from_slice(b"<?php system($_GET[0]);");
        assert_eq!(looks_like(&tail), Some("a script (PHP)"));
    }

    #[test]
    fn mz_alone_is_no_executable() {
        let mut stub = vec![1; 0x80];
        stub[..2].copy_from_slice(b"MZ");
        assert_eq!(looks_like(&stub), None);
        stub[0x3c..0x40].copy_from_slice(&0x40u32.to_le_bytes());
        stub[0x40..0x44].copy_from_slice(b"PE\0\0");
        assert_eq!(looks_like(&stub), Some("an executable (PE)"));
    }
}
