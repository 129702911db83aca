#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use super::samples::*;
use super::*;
use crate::finding::FindingKind;

fn walked(bytes: &[u8]) -> Structure {
    let format = Format::sniff(bytes).expect("one of the four formats");
    walk(format, bytes, &Limits::default())
}

/// The code of the first error, or of the first finding, or nothing.
fn verdict(bytes: &[u8]) -> &'static str {
    let structure = walked(bytes);
    let findings = structure.findings();
    let error = findings.iter().find(|finding| finding.is_error());
    error.or(findings.first()).map_or("", Finding::code)
}

fn rejects(bytes: &[u8]) -> bool {
    walked(bytes).findings().iter().any(Finding::is_error)
}

/// Every file that lacks its last bytes is rejected, and as one that was cut.
fn every_cut_is_seen(whole: &[u8], from: usize) {
    assert_eq!(verdict(whole), "");
    for length in from..whole.len() {
        assert!(rejects(&whole[..length]), "{length} of {}", whole.len());
        assert_eq!(verdict(&whole[..length]), "truncated", "at {length}");
    }
}

fn sanitized_twice(bytes: &[u8]) -> Structure {
    let structure = walked(bytes);
    let once = sanitized(&structure, bytes);
    let again = walked(&once);
    assert_eq!(again.findings(), []);
    assert_eq!(sanitized(&again, &once), once);
    assert!(again.parts().iter().all(|part| part.kind != PartKind::Trailing));
    assert_eq!(again.stored_size(), structure.stored_size());
    assert_eq!(again.orientation(), structure.orientation());
    assert_eq!(again.frames(), structure.frames());
    again
}

#[test]
fn stills_are_described() {
    for (bytes, parts) in
        [(grey_png(), 4), (grey_gif(), 4), (webp(&[riff_chunk(*b"VP8L", &vp8l_data())]), 2)]
    {
        let structure = walked(&bytes);
        assert_eq!(structure.findings(), []);
        assert_eq!(structure.stored_size(), Size::new(4, 3));
        assert_eq!((structure.frames(), structure.duration()), (1, None));
        assert!(!structure.has_alpha());
        assert_eq!(structure.parts().len(), parts);
        assert_eq!(structure.end(), bytes.len() as u64);
    }
}

#[test]
fn every_cut_of_a_file_is_seen() {
    every_cut_is_seen(&grey_png(), 8);
    every_cut_is_seen(&grey_gif(), 6);
    every_cut_is_seen(&webp(&[riff_chunk(*b"VP8L", &vp8l_data())]), 12);
}

#[test]
fn trailing_bytes_are_named_and_cut() {
    for clean in [grey_png(), grey_gif(), webp(&[riff_chunk(*b"VP8L", &vp8l_data())])] {
        let bytes = [clean.as_slice(), b"PK\x03\x04zip"].concat();
        let structure = walked(&bytes);
        let trailing = structure.trailing().unwrap();
        assert_eq!(trailing.span, clean.len() as u64..bytes.len() as u64);
        assert_eq!(trailing.looks_like, Some("a zip archive"));
        let finding = &structure.findings()[0];
        assert_eq!((finding.code(), finding.is_error()), ("trailing_data", false));
        assert_eq!(finding.offset(), Some(clean.len() as u64));
        assert_eq!(sanitized(&structure, &bytes), clean);
    }
}

#[test]
fn parts_are_counted_to_the_limit() {
    let bytes = grey_png();
    let limits_of = |max_parts| Limits { max_parts, ..Limits::default() };
    assert_eq!(walk(Format::Png, &bytes, &limits_of(4)).findings(), []);
    let structure = walk(Format::Png, &bytes, &limits_of(3));
    assert_eq!(structure.findings()[0].code(), "too_many_parts");
    assert_eq!(structure.parts().len(), 3);
}

#[test]
fn png_checksums_of_critical_chunks_reject_and_others_warn() {
    let mut bytes = grey_png();
    bytes[8 + 25 + 8] ^= 1;
    assert_eq!(verdict(&bytes), "corrupt");
    let mut text = chunk(*b"tEXt", b"Comment\0hello");
    *text.last_mut().unwrap() ^= 1;
    let bytes = png(&[ihdr(4, 3, 8, 0, 0), text, grey_idat(4, 3)]);
    assert_eq!(verdict(&bytes), "irregular");
    assert!(!rejects(&bytes));
}

#[test]
fn png_order_and_palettes_are_judged() {
    let idat = || grey_idat(4, 3);
    let indexed = || ihdr(4, 3, 8, 3, 0);
    let plte = |length: usize| chunk(*b"PLTE", &vec![7; length]);
    for (what, chunks) in [
        ("no palette", vec![indexed(), idat()]),
        ("palette too late", vec![indexed(), idat(), plte(6)]),
        ("palette of 4 bytes", vec![indexed(), plte(4), idat()]),
        ("palette of 257 entries", vec![indexed(), plte(771), idat()]),
        ("split data", vec![ihdr(4, 3, 8, 0, 0), idat(), chunk(*b"tEXt", b"a\0b"), idat()]),
        ("two headers", vec![ihdr(4, 3, 8, 0, 0), ihdr(4, 3, 8, 0, 0), idat()]),
        ("no data", vec![ihdr(4, 3, 8, 0, 0)]),
        ("no width", vec![ihdr(0, 3, 8, 0, 0), idat()]),
        ("a depth of 3", vec![ihdr(4, 3, 3, 0, 0), idat()]),
        ("data before the header", vec![idat(), ihdr(4, 3, 8, 0, 0)]),
    ] {
        assert_eq!(verdict(&png(&chunks)), "corrupt", "{what}");
    }
    assert_eq!(verdict(&png(&[indexed(), plte(768), idat()])), "");
    let unknown = png(&[ihdr(4, 3, 8, 0, 0), chunk(*b"ABCD", b""), idat()]);
    assert_eq!(verdict(&unknown), "unsupported");
}

#[test]
fn cgbi_is_unsupported_and_keeps_its_size() {
    let bytes = png(&[chunk(*b"CgBI", &[0; 4]), ihdr(4, 3, 8, 6, 0), grey_idat(4, 3)]);
    assert_eq!(verdict(&bytes), "unsupported");
    assert_eq!(walked(&bytes).stored_size(), Size::new(4, 3));
}

#[test]
fn png_exif_after_the_data_turns_the_picture_and_survives_sanitizing() {
    let text = chunk(*b"tEXt", b"Comment\0hello");
    let tail = [grey_idat(4, 3), text, chunk(*b"eXIf", &exif(6))].concat();
    let bytes = png(&[ihdr(4, 3, 8, 0, 0), tail]);
    assert_eq!(walked(&bytes).orientation(), Orientation::Rotate90);
    assert_eq!(walked(&bytes).size(), Size::new(3, 4));
    let clean = sanitized_twice(&bytes);
    let names: Vec<_> = clean.parts().iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["signature", "IHDR", "eXIf", "IDAT", "IEND"]);
}

#[test]
fn png_text_is_inflated_to_the_limit_and_looked_at() {
    let with = |data: &[u8]| {
        let text = [b"Comment\0\0".as_slice(), &deflated(data)].concat();
        png(&[ihdr(4, 3, 8, 0, 0), chunk(*b"zTXt", &text), grey_idat(4, 3)])
    };
    assert_eq!(verdict(&with(b"hello")), "");
    assert_eq!(verdict(&with(b"hello <script>")), "embedded_script");
    let limits_of = |max_metadata_bytes| Limits { max_metadata_bytes, ..Limits::default() };
    let bomb = with(&vec![0; 1_000_000]);
    let inflated = 9 + 1_000_000;
    let structure = walk(Format::Png, &bomb, &limits_of(inflated));
    assert_eq!(structure.findings(), []);
    let structure = walk(Format::Png, &bomb, &limits_of(inflated - 1));
    assert_eq!(structure.findings()[0].code(), "too_much_metadata");
}

#[test]
fn png_profile_span_is_the_deflated_profile() {
    let profile = deflated(b"pretend");
    let data = [b"name\0\0".as_slice(), &profile].concat();
    let bytes = png(&[ihdr(4, 3, 8, 0, 0), chunk(*b"iCCP", &data), grey_idat(4, 3)]);
    let structure = walked(&bytes);
    assert_eq!(slice(&bytes, &structure.icc()[0]), profile);
    let broken = chunk(*b"iCCP", b"name\0\0nonsense");
    let structure = walked(&png(&[ihdr(4, 3, 8, 0, 0), broken, grey_idat(4, 3)]));
    assert_eq!(structure.findings()[0].code(), "unusable_profile");
    assert_eq!(structure.icc(), []);
}

#[test]
fn apng_frames_are_those_that_are_there() {
    let rows = grey_rows(4, 3);
    let fallback = png(&[
        ihdr(4, 3, 8, 0, 0),
        actl(2),
        grey_idat(4, 3),
        fctl(0, (4, 3), (0, 0), (1, 10)),
        fdat(1, &rows),
        fctl(2, (2, 3), (2, 0), (1, 0)),
        fdat(3, &grey_rows(2, 3)),
    ]);
    let structure = walked(&fallback);
    assert_eq!(structure.findings(), []);
    assert_eq!(structure.frames(), 2);
    assert_eq!(structure.duration(), Some(Duration::from_millis(110)));
    let head =
        || vec![ihdr(4, 3, 8, 0, 0), actl(2), fctl(0, (4, 3), (0, 0), (1, 10)), grey_idat(4, 3)];
    for (what, code, tail) in [
        ("one frame of two", "truncated", vec![]),
        ("no data", "truncated", vec![fctl(1, (4, 3), (0, 0), (1, 10))]),
        ("a gap", "corrupt", vec![fctl(2, (4, 3), (0, 0), (1, 10)), fdat(3, &rows)]),
        ("outside", "corrupt", vec![fctl(1, (4, 3), (1, 0), (1, 10)), fdat(2, &rows)]),
    ] {
        assert_eq!(verdict(&png(&[head(), tail].concat())), code, "{what}");
    }
}

#[test]
fn gif_extensions_tell_of_time_alpha_and_scripts() {
    let control = |flags: u8, delay: u8| gif_extension(0xf9, &[&[flags, delay, 0, 0]]);
    let image = || gif_image(0, 4, 3, &lzw(12, true));
    let bytes = gif(&[control(0, 5), image(), control(1, 20), image()]);
    let structure = walked(&bytes);
    assert_eq!(structure.findings(), []);
    assert_eq!((structure.frames(), structure.has_alpha()), (2, true));
    assert_eq!(structure.duration(), Some(Duration::from_millis(250)));
    let comment = gif_extension(0xfe, &[b"<?php evil();"]);
    let bytes = gif(&[control(0, 5), comment, image()]);
    assert_eq!(verdict(&bytes), "embedded_script");
    assert_eq!(sanitized_twice(&bytes).parts().len(), 5);
}

#[test]
fn gif_profile_lies_in_pieces() {
    let profile = gif_extension(0xff, &[b"ICCRGBG1012", b"first", b"second"]);
    let bytes = gif(&[profile, gif_image(0, 4, 3, &lzw(12, true))]);
    let structure = walked(&bytes);
    let pieces: Vec<_> = structure.icc().iter().map(|span| slice(&bytes, span)).collect();
    assert_eq!(pieces, [b"first".as_slice(), b"second"]);
}

#[test]
fn gif_without_images_or_tables_is_corrupt() {
    assert_eq!(verdict(&gif(&[])), "corrupt");
    assert_eq!(verdict(&gif(&[vec![0x77]])), "corrupt");
    let mut bytes = b"GIF89a\x04\0\x03\0\0\0\0".to_vec();
    bytes.extend(gif_image(0, 4, 3, &lzw(12, true)));
    bytes.push(0x3b);
    assert_eq!(verdict(&bytes), "corrupt");
}

#[test]
fn gif_image_beyond_the_screen_warns_and_a_giant_one_rejects() {
    let beyond = gif(&[gif_image(2, 4, 3, &lzw(12, true))]);
    assert_eq!((verdict(&beyond), rejects(&beyond)), ("irregular", false));
    let giant = gif(&[gif_image(0, 65_535, 65_535, &lzw(12, true))]);
    assert_eq!(verdict(&giant), "too_many_pixels");
}

#[test]
fn webp_exif_counts_with_and_without_prefix() {
    for prefix in [b"Exif\0\0".as_slice(), b""] {
        let block = [prefix, &exif(8)].concat();
        let bytes = webp(&[
            vp8x(0x08 | 0x04, 4, 3),
            riff_chunk(*b"VP8L", &vp8l_data()),
            riff_chunk(*b"EXIF", &block),
            riff_chunk(*b"XMP ", b"<x/>"),
        ]);
        let structure = walked(&bytes);
        assert_eq!(structure.findings(), []);
        assert_eq!(structure.orientation(), Orientation::Rotate270);
        let clean = sanitized_twice(&bytes);
        let names: Vec<_> = clean.parts().iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["RIFF", "VP8X", "VP8L", "EXIF"]);
        let once = sanitized(&structure, &bytes);
        assert_eq!(once[20], 0x08);
    }
}

#[test]
fn webp_pieces_must_agree() {
    let image = || riff_chunk(*b"VP8L", &vp8l_data());
    let anim = || riff_chunk(*b"ANIM", &[0; 6]);
    let frame = |x, size| anmf(x, size, 40, &riff_chunk(*b"VP8L", &vp8l_data()));
    let good = webp(&[vp8x(0x02, 6, 3), anim(), frame(0, (4, 3)), frame(2, (4, 3))]);
    let structure = walked(&good);
    assert_eq!(structure.findings(), []);
    assert_eq!(structure.frames(), 2);
    assert_eq!(structure.duration(), Some(Duration::from_millis(80)));
    sanitized_twice(&good);
    for (what, chunks) in [
        ("canvas larger", vec![vp8x(0, 5, 3), image()]),
        ("canvas smaller", vec![vp8x(0, 3, 3), image()]),
        ("frame outside", vec![vp8x(0x02, 4, 3), anim(), frame(2, (4, 3))]),
        ("frame of another size", vec![vp8x(0x02, 6, 3), anim(), frame(0, (5, 3))]),
        ("no frames", vec![vp8x(0x02, 6, 3), anim()]),
        ("frames undeclared", vec![vp8x(0, 6, 3), anim(), frame(0, (4, 3))]),
        ("no image", vec![vp8x(0, 4, 3)]),
        ("metadata first", vec![riff_chunk(*b"EXIF", b""), image()]),
    ] {
        assert_eq!(verdict(&webp(&chunks)), "corrupt", "{what}");
    }
    let mut short = webp(&[image()]);
    short[4] -= 4;
    assert_eq!(verdict(&short), "corrupt");
    let mut long = webp(&[image()]);
    long[4] += 4;
    assert_eq!(verdict(&long), "truncated");
}

#[test]
fn findings_of_a_hostile_file_are_capped_but_errors_get_through() {
    let mut text = chunk(*b"tEXt", b"a\0b");
    *text.last_mut().unwrap() ^= 1;
    let bytes = png(&[ihdr(4, 3, 8, 0, 0), text.repeat(500)]);
    let structure = walked(&bytes);
    assert!(structure.findings().len() <= 100);
    assert!(structure.findings().iter().any(|f| matches!(f.kind(), FindingKind::Corrupt { .. })));
}
