#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::finding::Severity;
use crate::geometry::Orientation;

/// A grey picture of 16 × 16 samples, as an encoder writes it.
fn grey() -> Vec<u8> {
    let mut out = Vec::new();
    let pixels: Vec<u8> = (0..=255).collect();
    let encoder = jpeg_encoder::Encoder::new(&mut out, 90);
    encoder.encode(&pixels, 16, 16, jpeg_encoder::ColorType::Luma).unwrap();
    out
}

fn segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], payload].concat()
}

/// With these bytes directly after SOI.
fn after_start(jpeg: &[u8], insert: &[u8]) -> Vec<u8> {
    [&jpeg[..2], insert, &jpeg[2..]].concat()
}

fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    block.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    segment(0xe1, &block)
}

fn walked(bytes: &[u8]) -> Structure {
    walk(bytes, &Limits::default())
}

fn codes(structure: &Structure) -> Vec<(&'static str, Severity)> {
    structure.findings.iter().map(|finding| (finding.code(), finding.severity())).collect()
}

fn find(jpeg: &[u8], marker: u8) -> usize {
    jpeg.windows(2).position(|pair| pair == [0xff, marker]).unwrap()
}

#[test]
fn parts_cover_a_plain_file_and_name_its_facts() {
    let jpeg = grey();
    let found = walked(&jpeg);
    assert_eq!(codes(&found), []);
    assert_eq!((found.stored, found.frames, found.bit_depth), (Size::new(16, 16), 1, 8));
    assert_eq!((found.coding, found.color_model), ("baseline DCT", ColorModel::Grey));
    assert_eq!((found.jpeg.components, found.jpeg.blocks, found.jpeg.scans), (1, 4, 1));
    let mut at = 0;
    for part in &found.parts {
        assert_eq!(part.span.start, at);
        at = part.span.end;
    }
    assert_eq!((at, found.end), (jpeg.len() as u64, jpeg.len() as u64));
    let names: Vec<_> = found.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!((names[0], names[1], names[names.len() - 2]), ("SOI", "APP0", "scan"));
}

#[test]
fn the_first_valid_orientation_counts_wherever_it_stands() {
    let jpeg = grey();
    let twice = after_start(&jpeg, &[exif(0), exif(6), exif(3)].concat());
    assert_eq!(walked(&twice).orientation, Orientation::Rotate90);
    let scan = find(&jpeg, SOS);
    let late = [&jpeg[..scan], &segment(COM, b"note"), &exif(8), &jpeg[scan..]].concat();
    assert_eq!(walked(&late).orientation, Orientation::Rotate270);
}

#[test]
fn what_is_missing_is_told_apart_from_what_is_wrong() {
    let jpeg = grey();
    let no_end = walked(&jpeg[..jpeg.len() - 2]);
    assert_eq!(codes(&no_end), [("truncated", Severity::Warning)]);
    for length in 3..find(&jpeg, SOS) {
        assert_eq!(codes(&walked(&jpeg[..length])), [("truncated", Severity::Error)], "{length}");
    }
    assert_eq!(codes(&walked(&[0xff, 0xd8, 0xff, 0xd9])), [("corrupt", Severity::Error)]);
    let twice = after_start(&jpeg, &[0xff, SOI]);
    assert_eq!(codes(&walked(&twice)), [("corrupt", Severity::Error)]);
    let stray = after_start(&jpeg, &[1, 2, 3]);
    assert_eq!(codes(&walked(&stray)), [("irregular", Severity::Warning)]);
    assert_eq!(codes(&walked(&after_start(&jpeg, &[0xff; 9]))), []);
}

#[test]
fn height_zero_is_unsupported_with_a_number_of_lines_and_corrupt_without() {
    let mut jpeg = grey();
    let frame = find(&jpeg, 0xc0);
    jpeg[frame + 5..frame + 7].fill(0);
    assert_eq!(codes(&walked(&jpeg)), [("corrupt", Severity::Error)]);
    let end = jpeg.len() - 2;
    let lines = [&jpeg[..end], &segment(DNL, &[0, 16]), &jpeg[end..]].concat();
    assert_eq!(codes(&walked(&lines)), [("unsupported", Severity::Error)]);
}

#[test]
fn unserved_codings_are_unsupported() {
    let jpeg = grey();
    let frame = find(&jpeg, 0xc0);
    for marker in [0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xde] {
        let mut other = jpeg.clone();
        other[frame + 1] = marker;
        let found = walked(&other);
        assert_eq!(codes(&found), [("unsupported", Severity::Error)], "{marker:x}");
        assert_eq!(found.stored, Size::new(16, 16));
    }
    let mut deep = jpeg;
    deep[frame + 4] = 12;
    assert_eq!(codes(&walked(&deep)), [("unsupported", Severity::Error)]);
}

#[test]
fn limits_hold_at_n_and_stop_at_n_plus_one() {
    let jpeg = grey();
    let parts = walked(&jpeg).parts.len() as u64;
    let limits = Limits { max_parts: parts, max_scans: 1, ..Limits::default() };
    assert_eq!(codes(&walk(&jpeg, &limits)), []);
    let fewer = Limits { max_parts: parts - 1, ..Limits::default() };
    assert_eq!(codes(&walk(&jpeg, &fewer)), [("too_many_parts", Severity::Error)]);
    let none = Limits { max_scans: 0, ..Limits::default() };
    assert_eq!(codes(&walk(&jpeg, &none)), [("too_many_scans", Severity::Error)]);
}

#[test]
fn profiles_are_put_together_in_order_or_ignored() {
    let piece = |number: u8, of: u8, data: &[u8]| {
        segment(0xe2, &[b"ICC_PROFILE\0", &[number, of][..], data].concat())
    };
    let jpeg = grey();
    let swapped = after_start(&jpeg, &[piece(2, 2, b"world"), piece(1, 2, b"hello ")].concat());
    let found = walked(&swapped);
    let text: Vec<u8> =
        found.icc.iter().flat_map(|span| super::super::slice(&swapped, span).to_vec()).collect();
    assert_eq!(text, b"hello world");
    assert_eq!(found.metadata_bytes, 0);
    for bad in [
        vec![piece(1, 5, b"x")],
        vec![piece(0, 0, b"x")],
        vec![piece(1, 1, b"x"), piece(1, 1, b"x")],
        vec![piece(1, 2, b"x"), piece(2, 3, b"x")],
    ] {
        let found = walked(&after_start(&jpeg, &bad.concat()));
        assert_eq!(codes(&found), [("unusable_profile", Severity::Warning)]);
        assert!(found.icc.is_empty());
    }
}

#[test]
fn the_color_transform_follows_libjpeg() {
    use JpegTransform::{None, YCbCr, Ycck};

    let frame = |ids: &[u8]| {
        let mut payload = vec![8, 0, 8, 0, 8, ids.len() as u8];
        payload.extend(ids.iter().flat_map(|id| [*id, 0x11, 0]));
        Frame::parse(0xc0, &payload).unwrap()
    };
    let jfif: &[u8] = b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
    let adobe = |transform: u8| [b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat();
    let decide = |segments: &[(u8, &[u8])], ids: &[u8]| {
        let mut apps = Apps::default();
        for (marker, payload) in segments {
            apps.take(*marker, payload, 0);
        }
        let doubt = apps.doubtful_transform(&frame(ids)).map(|what| &what[..8]);
        (apps.transform(&frame(ids)), doubt)
    };
    let clear = Option::None;
    assert_eq!(decide(&[], &[1, 2, 3]), ((YCbCr, false), clear));
    assert_eq!(decide(&[], b"RGB"), ((None, false), clear));
    assert_eq!(decide(&[(0xe0, jfif)], b"RGB"), ((YCbCr, false), clear));
    assert_eq!(decide(&[(0xee, &adobe(0))], &[1, 2, 3]), ((None, false), clear));
    assert_eq!(
        decide(&[(0xe0, jfif), (0xee, &adobe(0))], &[1, 2, 3]),
        ((YCbCr, false), Some("the JFIF"))
    );
    assert_eq!(decide(&[], &[1, 2, 3, 4]), ((None, false), clear));
    assert_eq!(decide(&[(0xee, &adobe(0))], &[1, 2, 3, 4]), ((None, true), clear));
    assert_eq!(decide(&[(0xee, &adobe(2))], &[1, 2, 3, 4]), ((Ycck, true), clear));
    assert_eq!(decide(&[(0xee, b"Adobe")], &[1, 2, 3]), ((YCbCr, false), clear));
    let unknown = Some("the Adob");
    assert_eq!(decide(&[(0xee, &adobe(1))], &[1, 2, 3]), ((YCbCr, false), clear));
    assert_eq!(decide(&[(0xee, &adobe(2))], &[1, 2, 3]), ((YCbCr, false), unknown));
    assert_eq!(decide(&[(0xee, &adobe(7))], &[1, 2, 3, 4]), ((Ycck, true), unknown));
}

/// A multi-picture index (CIPA DC-007) that announces one further picture of this length at this
/// distance from the TIFF header.
fn index(length: u32, distance: u32) -> Vec<u8> {
    let mut block =
        b"MPF\0MM\0\x2a\0\0\0\x08\0\x01\xb0\x02\0\x07\0\0\0\x20\0\0\0\x1a\0\0\0\0".to_vec();
    block.extend_from_slice(&[0; 16]);
    block.extend_from_slice(&[0; 4]);
    block.extend_from_slice(&length.to_be_bytes());
    block.extend_from_slice(&distance.to_be_bytes());
    block.extend_from_slice(&[0; 4]);
    segment(0xe2, &block)
}

#[test]
fn announced_pictures_are_no_stray_bytes_but_anything_beside_them_is() {
    let jpeg = grey();
    // The TIFF header starts 10 bytes into the file: SOI, marker, length, "MPF\0".
    let first = after_start(&jpeg, &index(0, 0)).len();
    let first = after_start(&jpeg, &index(jpeg.len() as u32, first as u32 - 10));
    let both = [&first[..], &jpeg].concat();
    let found = walked(&both);
    assert_eq!(codes(&found), []);
    assert!(found.trailing.unwrap().announced);
    assert_eq!(found.end, first.len() as u64);
    let padded = walked(&[&both[..], &[0; 7]].concat());
    assert!(padded.trailing.unwrap().announced);
    let more = walked(&[&both[..], b"payload"].concat());
    assert_eq!(codes(&more), [("trailing_data", Severity::Warning)]);
    assert!(!more.trailing.unwrap().announced);
}

#[test]
fn sanitising_keeps_the_picture_its_orientation_and_profile_alone() {
    let jpeg = grey();
    let icc = segment(0xe2, b"ICC_PROFILE\0\x01\x01profile");
    let extras = [exif(6), segment(COM, b"secret"), segment(0xed, b"secret"), icc].concat();
    let busy = [&after_start(&jpeg, &extras)[..], b"secret"].concat();
    let clean = sanitized(&walked(&busy), &busy);
    assert!(clean.windows(6).all(|window| window != b"secret"));
    let found = walked(&clean);
    assert_eq!(codes(&found), []);
    assert_eq!((found.orientation, found.icc.len()), (Orientation::Rotate90, 1));
    assert_eq!(sanitized(&found, &clean), clean);
    let scan = |found: &Structure, bytes: &[u8]| {
        let part = found.parts.iter().find(|part| part.kind == PartKind::ImageData).unwrap();
        super::super::slice(bytes, &part.payload).to_vec()
    };
    assert_eq!(scan(&found, &clean), scan(&walked(&jpeg), &jpeg));
    // A missing end mark is added.
    let open = &jpeg[..jpeg.len() - 2];
    assert_eq!(sanitized(&walked(open), open), sanitized(&walked(&jpeg), &jpeg));
}

#[test]
fn thumbnails_behind_the_jfif_fields_are_cut() {
    let jpeg = grey();
    let rest = 4 + usize::from(u16::from_be_bytes([jpeg[4], jpeg[5]])) - 2 + 2;
    let mut fields = b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01".to_vec();
    fields.extend_from_slice(b"rgb");
    let with = [&jpeg[..2], &segment(0xe0, &fields), &jpeg[rest..]].concat();
    let clean = sanitized(&walked(&with), &with);
    assert_eq!(&clean[2..4], &[0xff, 0xe0]);
    assert_eq!(&clean[4..6], &[0, 16]);
    assert_eq!(&clean[18..20], &[0, 0]);
    assert_eq!(codes(&walked(&clean)), []);
}
