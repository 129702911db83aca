#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::container::samples::*;
use crate::container::walk;

fn verified(bytes: &[u8]) -> Vec<Finding> {
    let limits = Limits::default();
    let structure = walk(Format::sniff(bytes).unwrap(), bytes, &limits);
    assert!(!structure.findings().iter().any(Finding::is_error), "{structure:?}");
    verify(bytes, &structure, &limits, &Cancellation::new()).unwrap()
}

fn verdict(bytes: &[u8]) -> (&'static str, bool) {
    verified(bytes).first().map_or(("", false), |f| (f.code(), f.is_error()))
}

fn png_of(header: Vec<u8>, data: &[u8]) -> Vec<u8> {
    png(&[header, chunk(*b"IDAT", data)])
}

#[test]
fn png_rows_are_counted_exactly() {
    let header = || ihdr(4, 3, 8, 0, 0);
    let rows = grey_rows(4, 3);
    assert_eq!(verdict(&png_of(header(), &deflated(&rows))), ("", false));
    for missing in 1..rows.len() {
        let short = deflated(&rows[..rows.len() - missing]);
        assert_eq!(verdict(&png_of(header(), &short)), ("truncated", true));
    }
    let long = deflated(&[rows.as_slice(), &[0]].concat());
    assert_eq!(verdict(&png_of(header(), &long)), ("irregular", false));
    let extra = [deflated(&rows), vec![0; 16]].concat();
    assert_eq!(verdict(&png_of(header(), &extra)), ("irregular", false));
}

#[test]
fn png_filters_checksums_and_garbage_are_corrupt() {
    let header = || ihdr(4, 3, 8, 0, 0);
    let mut rows = grey_rows(4, 3);
    rows[5] = 5;
    assert_eq!(verdict(&png_of(header(), &deflated(&rows))), ("corrupt", true));
    let mut data = deflated(&grey_rows(4, 3));
    *data.last_mut().unwrap() ^= 1;
    assert_eq!(verdict(&png_of(header(), &data)), ("corrupt", true));
    assert_eq!(verdict(&png_of(header(), b"garbage")), ("corrupt", true));
}

#[test]
fn png_interlaced_passes_are_summed() {
    // 5 × 3 pixels of 1 bit: passes of 1, 1, 0, 2, 2 (2 rows of 1), 2, 1 rows with 1 byte each.
    let rows = |count: usize| deflated(&[0, 0].repeat(count));
    let passes: usize = [1, 1, 0, 1, 1, 2, 1].iter().sum();
    assert_eq!(verdict(&png_of(ihdr(5, 3, 1, 0, 1), &rows(passes))), ("", false));
    assert_eq!(verdict(&png_of(ihdr(5, 3, 1, 0, 1), &rows(passes - 1))), ("truncated", true));
}

#[test]
fn every_frame_of_an_apng_is_read() {
    let animated = |rows: &[u8]| {
        png(&[
            ihdr(4, 3, 8, 0, 0),
            actl(3),
            fctl(0, (4, 3), (0, 0), (1, 10)),
            grey_idat(4, 3),
            fctl(1, (2, 3), (0, 0), (1, 10)),
            fdat(2, rows),
            fctl(3, (4, 3), (0, 0), (1, 10)),
            fdat(4, &grey_rows(4, 3)),
        ])
    };
    assert_eq!(verdict(&animated(&grey_rows(2, 3))), ("", false));
    assert_eq!(verdict(&animated(&grey_rows(2, 2))), ("truncated", true));
}

#[test]
fn a_small_png_that_inflates_for_ever_is_left_early() {
    let bomb = deflated(&vec![0; 64 << 20]);
    let bytes = png_of(ihdr(4, 3, 8, 0, 0), &bomb);
    assert_eq!(verdict(&bytes), ("irregular", false));
}

#[test]
fn gif_pixels_are_counted_exactly() {
    let with = |pixels: usize, end: bool| gif(&[gif_image(0, 4, 3, &lzw(pixels, end))]);
    assert_eq!(verdict(&with(12, true)), ("", false));
    assert_eq!(verdict(&with(12, false)), ("", false));
    assert_eq!(verdict(&with(11, true)), ("truncated", true));
    assert_eq!(verdict(&with(0, false)), ("truncated", true));
}

#[test]
fn gif_codes_must_be_defined() {
    // Clear, a pixel, then code 7 while only 6 can be meant.
    let bytes = gif(&[gif_image(0, 4, 3, &packed(&[4, 0, 7], 3))]);
    assert_eq!(verdict(&bytes), ("corrupt", true));
    // 6 is the string under construction: pixel 0 twice.
    let bytes = gif(&[gif_image(0, 1, 3, &packed(&[4, 0, 6, 5], 3))]);
    assert_eq!(verdict(&bytes), ("", false));
}

#[test]
fn lossless_webp_is_read_to_its_last_pixel() {
    let data = vp8l_data();
    assert_eq!(verdict(&webp(&[riff_chunk(*b"VP8L", &data)])), ("", false));
    for length in 6..data.len() {
        let cut = webp(&[riff_chunk(*b"VP8L", &data[..length])]);
        assert_eq!(verdict(&cut), ("truncated", true), "{length}");
    }
    let padded = [data.as_slice(), &[0; 9]].concat();
    assert_eq!(verdict(&webp(&[riff_chunk(*b"VP8L", &padded)])), ("irregular", false));
}

/// A VP8 image of 16 × 16 pixels whose only macroblock has no coefficients, but says so 25 times.
fn vp8_data() -> Vec<u8> {
    let mut bits = vec![(false, 128); 2 + 1 + 10 + 1 + 2 + 7 + 5 + 1];
    let updates = super::vp8::token_updates();
    bits.extend(updates.iter().map(|update| (false, *update)));
    // No skipping; one mode for all, DC both.
    bits.extend([(false, 128), (true, 145), (false, 156), (false, 163), (false, 142)]);
    let first = bool_coded(&bits);
    let defaults = super::vp8::first_token_probabilities();
    let mut tokens = vec![(false, defaults[1])];
    tokens.extend([(false, defaults[0]); 16]);
    tokens.extend([(false, defaults[2]); 8]);
    let tag = (first.len() as u32) << 5 | 1 << 4;
    let mut data = tag.to_le_bytes()[..3].to_vec();
    data.extend_from_slice(&[0x9d, 0x01, 0x2a, 16, 0, 16, 0]);
    data.extend(first);
    data.extend(bool_coded(&tokens));
    data
}

#[test]
fn lossy_webp_is_read_to_its_last_macroblock() {
    let data = vp8_data();
    assert_eq!(verdict(&webp(&[riff_chunk(*b"VP8 ", &data)])), ("", false));
    let tag = u32::from_le_bytes([data[0], data[1], data[2], 0]);
    let cut = &data[..10 + (tag >> 5) as usize];
    assert_eq!(verdict(&webp(&[riff_chunk(*b"VP8 ", cut)])), ("truncated", true));
    // Twice the height with the same data.
    let mut tall = data.clone();
    tall[8] = 160;
    assert_eq!(verdict(&webp(&[riff_chunk(*b"VP8 ", &tall)])), ("truncated", true));
    let padded = [data.as_slice(), &[0; 9]].concat();
    assert_eq!(verdict(&webp(&[riff_chunk(*b"VP8 ", &padded)])), ("irregular", false));
}

#[test]
fn uncompressed_alpha_has_a_byte_for_each_pixel() {
    let with = |alpha: usize| {
        let plane = vec![0; 1 + alpha];
        webp(&[vp8x(0x10, 16, 16), riff_chunk(*b"ALPH", &plane), riff_chunk(*b"VP8 ", &vp8_data())])
    };
    assert_eq!(verdict(&with(256)), ("", false));
    assert_eq!(verdict(&with(255)), ("truncated", true));
}

#[test]
fn a_raised_flag_stops_the_work() {
    let stop = Cancellation::new();
    stop.cancel();
    for bytes in [grey_png(), grey_gif(), webp(&[riff_chunk(*b"VP8 ", &vp8_data())])] {
        let limits = Limits::default();
        let structure = walk(Format::sniff(&bytes).unwrap(), &bytes, &limits);
        assert_eq!(verify(&bytes, &structure, &limits, &stop), Err(Stop::Cancelled));
    }
}
