//! One small file for each fault that was found and mended.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod make;

use gatefold::{FindingKind, Pipeline, Policy, Rule, Upload};

fn code(bytes: &[u8]) -> Option<&'static str> {
    let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
    pipeline.check(&Upload::new(bytes)).err().map(|error| error.code())
}

fn pixels(bytes: &[u8]) -> gatefold::Pixels {
    let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
    pipeline.decode(&Upload::new(bytes)).unwrap()
}

/// A lossy WebP of 16×16 whose only macroblock says that it has no coefficients.
fn skipped_macroblock(coefficients: &[u8]) -> Vec<u8> {
    let first = [0, 0, 0, 0, 0, 26, 0xff, 0, 0];
    let tag = (first.len() as u32) << 5 | 1 << 4;
    let mut chunk = tag.to_le_bytes()[..3].to_vec();
    chunk.extend(b"\x9d\x01\x2a\x10\0\x10\0");
    chunk.extend(first);
    chunk.extend(coefficients);
    webp(*b"VP8 ", chunk)
}

/// A WebP of one chunk.
fn webp(name: [u8; 4], mut chunk: Vec<u8>) -> Vec<u8> {
    let length = chunk.len() as u32;
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((chunk.len() as u32 + 12).to_le_bytes());
    bytes.extend(b"WEBP");
    bytes.extend(name);
    bytes.extend(length.to_le_bytes());
    bytes.extend(chunk);
    bytes
}

#[test]
fn a_lossy_webp_without_its_last_partition_is_cut_short() {
    assert_eq!(code(&skipped_macroblock(&[])), Some("truncated"));
    assert_eq!(code(&skipped_macroblock(&[0, 0])), None);
}

#[test]
fn a_frame_of_an_animation_that_png_never_declares_changes_nothing() {
    let plain = make::png(16, 16, 1);
    for size in [[16_u32, 8], [16, 0x0008_0010]] {
        let mut frame = vec![0; 26];
        frame[4..8].copy_from_slice(&size[0].to_be_bytes());
        frame[8..12].copy_from_slice(&size[1].to_be_bytes());
        let end = make::with_chunk(plain.clone(), *b"fcTL", &frame);
        // The same chunk, moved behind IHDR.
        let chunk = &end[plain.len() - 12..end.len() - 12];
        let stray = [&plain[..33], chunk, &plain[33..]].concat();
        assert_eq!(pixels(&stray), pixels(&plain), "{size:?}");
        // A declaration whose checksum is wrong declares nothing.
        let mut declaration = make::chunk(*b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]);
        declaration[19] ^= 1;
        let stray = [&plain[..33], &declaration, chunk, &plain[33..]].concat();
        assert_eq!(pixels(&stray), pixels(&plain), "{size:?}");
    }
    // Frame data with nothing around them.
    let data = make::chunk(*b"fdAT", &[0; 9]);
    let stray = [&plain[..33], &data, &plain[33..]].concat();
    assert_eq!(pixels(&stray), pixels(&plain));
}

#[test]
fn a_lossy_webp_in_the_reserved_colour_space_is_not_supported() {
    let mut webp = skipped_macroblock(&[0, 0]);
    assert_eq!(code(&webp), None);
    // The first bit of the first partition, behind RIFF, chunk and frame headers.
    webp[30] |= 0x80;
    assert_eq!(code(&webp), Some("unsupported"));
}

#[test]
fn a_lossy_webp_whose_partition_begins_as_no_writer_begins_it_is_corrupt() {
    assert_eq!(code(&skipped_macroblock(&[0xfe, 0])), None);
    assert_eq!(code(&skipped_macroblock(&[0xff, 0])), Some("corrupt"));
}

/// A GIF of one image on a canvas of these sides, with a palette of two colours.
fn gif(canvas: u16, side: u16, indices: &[u8], transparent: Option<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, canvas, canvas, &[0, 0, 0, 9, 9, 9]).unwrap();
    let mut frame = gif::Frame::from_indexed_pixels(side, side, indices, transparent);
    // The writer's own copy of what would make up the palette.
    frame.palette = None;
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    bytes
}

#[test]
fn a_gif_with_colours_past_its_palette_says_which() {
    let found = |bytes: &[u8]| {
        let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
        let inspection = pipeline.check(&Upload::new(bytes)).unwrap();
        inspection.findings().iter().map(|finding| finding.kind().clone()).collect::<Vec<_>>()
    };
    assert_eq!(found(&gif(2, 2, &[0, 1, 1, 0], None)), []);
    let outside = FindingKind::OutsidePalette { frame: 1, index: 3, colors: 2 };
    assert_eq!(found(&gif(2, 2, &[0, 3, 1, 2], None)), [outside]);
    // The transparent one is never looked up, so it may lie anywhere.
    assert_eq!(found(&gif(2, 2, &[0, 3, 1, 3], Some(3))), []);
    let mut strict = Policy::default();
    strict.irregular = Rule::Reject;
    let strict = Pipeline::builder(strict).build().unwrap();
    let error = strict.check(&Upload::new(&gif(2, 2, &[0, 3, 1, 2], None)[..])).unwrap_err();
    assert_eq!(error.code(), "outside_palette");
}

#[test]
fn a_gif_frame_far_larger_than_its_canvas_is_decoded_as_it_is_checked() {
    let bytes = gif(8, 600, &vec![1; 600 * 600], None);
    assert_eq!(code(&bytes), None);
    assert_eq!(pixels(&bytes).size().to_string(), "8x8");
}

#[test]
fn a_progressive_jpeg_cut_between_two_scans_is_cut_short() {
    let whole = make::jpeg_with(32, 32, 3, 85, |encoder| encoder.set_progressive(true));
    assert_eq!(code(&whole), None);
    let last_scan = whole.windows(2).rposition(|marker| marker == [0xff, 0xda]).unwrap();
    let cut = &whole[..last_scan];
    assert_eq!(code(cut), Some("truncated"));
    // Left out on purpose: the end mark says that this is all.
    assert_eq!(code(&[cut, &[0xff, 0xd9]].concat()), None);
    // Only the end mark is missing.
    assert_eq!(code(&whole[..whole.len() - 2]), None);
}

#[test]
fn a_png_whose_compressed_data_lack_their_end_is_cut_short() {
    // One pixel of a filter and a sample, deflated without compression, then the checksum.
    let stream = [0x78, 1, 1, 2, 0, 0xfd, 0xff, 0, 7, 0, 9, 0, 8];
    for interlaced in [0, 1] {
        let png = |data: &[u8]| {
            let header = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, interlaced];
            [
                b"\x89PNG\r\n\x1a\n".to_vec(),
                make::chunk(*b"IHDR", &header),
                make::chunk(*b"IDAT", data),
                make::chunk(*b"IEND", &[]),
            ]
            .concat()
        };
        assert_eq!(code(&png(&stream)), None);
        assert_eq!(code(&png(&stream[..stream.len() - 1])), Some("truncated"));
        assert_eq!(code(&png(&stream[..stream.len() - 4])), Some("truncated"));
    }
}

#[test]
fn a_gif_with_stray_zeros_between_its_blocks_is_decoded_as_it_is_checked() {
    let plain = gif(2, 2, &[0, 1, 1, 0], None);
    // Signature, screen and a table of two colours.
    let head = 6 + 7 + 6;
    for zeros in 1..4 {
        let stray = [&plain[..head], &vec![0; zeros], &plain[head..]].concat();
        assert_eq!(code(&stray), None);
        assert_eq!(pixels(&stray), pixels(&plain));
    }
}

#[test]
fn a_lossless_webp_whose_prefix_code_is_one_symbol_twice_is_corrupt() {
    // One pixel without transforms, colour cache and entropy image; numbers and their bits.
    let image = |second: u64| {
        let green = [(1, 1), (1, 1), (1, 1), (7, 8), (second, 8)];
        // One symbol, 0, without a bit for each pixel.
        let single = [(1, 1), (0, 1), (0, 1), (0, 1)];
        let values = [(0, 3)].into_iter().chain(green).chain([single; 4].concat());
        let (bits, _) =
            values.fold((0, 0), |(bits, at), (value, width)| (bits | value << at, at + width));
        let mut chunk = vec![0x2f, 0, 0, 0, 0];
        chunk.extend(u64::to_le_bytes(bits));
        webp(*b"VP8L", chunk)
    };
    assert_eq!(code(&image(9)), None);
    assert_eq!(code(&image(7)), Some("corrupt"));
}

#[test]
fn a_webp_whose_alpha_is_prepared_in_no_known_way_is_corrupt() {
    let mut webp = std::fs::read("testdata/webp/alpha.webp").unwrap();
    let info = webp.windows(4).position(|name| name == b"ALPH").unwrap() + 8;
    for (preparation, expected) in
        [(0, None), (1, None), (2, Some("corrupt")), (3, Some("corrupt"))]
    {
        webp[info] = webp[info] & 0xcf | preparation << 4;
        assert_eq!(code(&webp), expected, "{preparation}");
    }
}

#[test]
fn a_gif_control_extension_of_another_length_is_passed_over_when_decoding_too() {
    let plain = gif(2, 2, &[0, 1, 1, 0], None);
    let head = 6 + 7 + 6;
    for control in [&b"\x21\xf9\0"[..], b"\x21\xf9\x02\x01\0\0", b"\x21\xf9\x01\x01\x02\0\0\0"] {
        let odd = [&plain[..head], control, &plain[head..]].concat();
        assert_eq!(code(&odd), None);
        assert_eq!(pixels(&odd), pixels(&plain), "{control:?}");
    }
}

#[test]
fn a_gif_with_a_code_of_no_meaning_behind_its_last_row_is_decoded_as_it_is_checked() {
    // Clear, four pixels, then codes that are not defined, and their bits.
    let codes = [(4, 3), (0, 3), (1, 3), (1, 3), (0, 4), (15, 4), (15, 4)];
    let (bits, _) =
        codes.iter().fold((0_u32, 0), |(bits, at), (code, width)| (bits | code << at, at + width));
    let mut bytes = gif(2, 2, &[0, 1, 1, 0], None);
    let expected = pixels(&bytes);
    // Behind signature, screen, a table of two colours, image descriptor and code size.
    bytes.truncate(6 + 7 + 6);
    bytes.extend([0x2c, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2, 3]);
    bytes.extend(&bits.to_le_bytes()[..3]);
    bytes.extend([0, 0x3b]);
    assert_eq!(code(&bytes), None);
    assert_eq!(pixels(&bytes), expected);
}

#[test]
fn a_webp_with_one_image_more_than_its_canvas_shows_is_corrupt() {
    let still = make::webp(16, 16, 1);
    let image = &still[12..];
    let file = |chunks: &[&[u8]]| {
        let chunks = chunks.concat();
        let length = (chunks.len() as u32 + 4).to_le_bytes();
        [b"RIFF", &length[..], b"WEBP", &chunks].concat()
    };
    // No flags, then the sides less one.
    let canvas = b"VP8X\x0a\0\0\0\0\0\0\0\x0f\0\0\x0f\0\0";
    assert_eq!(code(&file(&[canvas, image])), None);
    assert_eq!(code(&file(&[canvas, image, image])), Some("corrupt"));
    // Decoders that read no canvas stop behind the first.
    assert_eq!(code(&file(&[image, image])), None);
    let animated = std::fs::read("testdata/webp/animated.webp").unwrap();
    assert_eq!(code(&file(&[&animated[12..]])), None);
    assert_eq!(code(&file(&[&animated[12..], image])), Some("corrupt"));
}
