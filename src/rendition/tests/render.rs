use std::io::Cursor;

use crate::rendition::{RenderStop, SourceFacts, render};
use crate::{
    Cancellation, Fit, Format, Layout, OutputFormat, Pixels, Rendition, RenditionRules,
    RenditionSpec, Size,
};

const JPEG: SourceFacts =
    SourceFacts { format: Format::Jpeg, lossless: false, shown: Size::new(0, 0), area: None };

fn made(pixels: &Pixels, source: SourceFacts, specs: &[RenditionSpec]) -> Vec<Rendition> {
    let source = SourceFacts { shown: pixels.size(), ..source };
    render(pixels, source, specs, &RenditionRules::default(), &Cancellation::new()).unwrap()
}

fn one(pixels: &Pixels, source: SourceFacts, spec: RenditionSpec) -> Rendition {
    made(pixels, source, &[spec]).remove(0)
}

fn pixels(size: (u32, u32), layout: Layout, sample: impl Fn(u32, u32) -> [u8; 4]) -> Pixels {
    let samples = (0..size.1)
        .flat_map(|y| (0..size.0).map(move |x| (x, y)))
        .flat_map(|(x, y)| sample(x, y).into_iter().take(layout.channels()))
        .collect();
    Pixels::new(Size::new(size.0, size.1), layout, samples).unwrap()
}

/// Soft waves with fine detail on top, different in each color.
fn photo(width: u32, height: u32) -> Pixels {
    let wave = |v: u32, period: u32| {
        let phase = v % (2 * period);
        (phase.min(2 * period - phase) * 200 / period) as u8
    };
    pixels((width, height), Layout::Rgb8, |x, y| {
        let fine = ((x * 7 + y * 13) % 32) as u8;
        [wave(x, 97) + fine, wave(y, 61) + fine, wave(x + y, 143) + fine, 255]
    })
}

/// RGBA as any of the three formats decodes to, and whether the file has alpha.
fn decoded(rendition: &Rendition) -> (Size, bool, Vec<u8>) {
    let bytes = Cursor::new(rendition.bytes());
    match rendition.format() {
        Format::Jpeg => {
            let options = zune_core::options::DecoderOptions::default()
                .jpeg_set_out_colorspace(zune_core::colorspace::ColorSpace::RGBA);
            let mut decoder = zune_jpeg::JpegDecoder::new_with_options(bytes, options);
            let samples = decoder.decode().unwrap();
            let (w, h) = decoder.dimensions().unwrap();
            (Size::new(u32::try_from(w).unwrap(), u32::try_from(h).unwrap()), false, samples)
        }
        Format::Png => {
            let mut decoder = png::Decoder::new(bytes);
            decoder.set_transformations(png::Transformations::ALPHA);
            let mut reader = decoder.read_info().unwrap();
            let alpha = reader.info().color_type == png::ColorType::Rgba;
            let mut samples = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut samples).unwrap();
            if info.color_type == png::ColorType::GrayscaleAlpha {
                samples = samples.chunks(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect();
            }
            (Size::new(info.width, info.height), alpha, samples)
        }
        Format::WebP => {
            let mut decoder = image_webp::WebPDecoder::new(bytes).unwrap();
            let (w, h) = decoder.dimensions();
            let alpha = decoder.has_alpha();
            let mut samples = vec![0; decoder.output_buffer_size().unwrap()];
            decoder.read_image(&mut samples).unwrap();
            if !alpha {
                samples = samples.chunks(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
            }
            (Size::new(w, h), alpha, samples)
        }
        Format::Gif => unreachable!("no rendition is a GIF"),
    }
}

fn pixel(rendition: &Rendition, x: u32, y: u32) -> [u8; 4] {
    let (size, _, samples) = decoded(rendition);
    let at = (y * size.width + x) as usize * 4;
    samples[at..at + 4].try_into().unwrap()
}

/// Mean square difference per sample.
fn difference(a: &Rendition, b: &Rendition) -> f64 {
    let ((a_size, _, a), (b_size, _, b)) = (decoded(a), decoded(b));
    assert_eq!(a_size, b_size);
    let squares: f64 = a.iter().zip(&b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    squares / a.len() as f64
}

#[test]
fn every_format_decodes_to_the_planned_size() {
    let source = photo(301, 199);
    for format in [OutputFormat::Jpeg, OutputFormat::Png, OutputFormat::WebP] {
        for (spec, size) in [
            (RenditionSpec::cover(64, 64), (64, 64)),
            (RenditionSpec::cover(33, 0), (33, 22)),
            (RenditionSpec::contain(100, 100), (100, 66)),
            (RenditionSpec::pad(50, 70), (50, 70)),
            (RenditionSpec::exact(1, 99), (1, 99)),
            (RenditionSpec::cover(999, 999), (199, 199)),
            (RenditionSpec::contain(999, 999), (301, 199)),
        ] {
            let rendition = one(&source, JPEG, spec.format(format));
            let (width, height) = size;
            assert_eq!(rendition.size(), Size::new(width, height), "{spec} {format}");
            assert_eq!(decoded(&rendition).0, rendition.size(), "{spec} {format}");
            assert_eq!(rendition.media_type(), format!("image/{format}"));
        }
    }
}

#[test]
fn the_smallest_pictures_work() {
    for size in [(1, 1), (1, 300), (300, 1), (2, 3)] {
        let source = pixels(size, Layout::Rgba8, |_, _| [200, 100, 50, 128]);
        for format in [OutputFormat::Jpeg, OutputFormat::Png, OutputFormat::WebP] {
            for spec in ["7x5", "7x5:contain", "7x5:pad", "7x5:exact", "0x9", "9x0"] {
                let spec: RenditionSpec = spec.parse().unwrap();
                for rules in [false, true] {
                    let rules = RenditionRules { enlarge: rules, ..RenditionRules::default() };
                    let facts = SourceFacts { shown: source.size(), ..JPEG };
                    let spec = [spec.format(format)];
                    let made = render(&source, facts, &spec, &rules, &Cancellation::new()).unwrap();
                    assert_eq!(decoded(&made[0]).0, made[0].size(), "{size:?} {spec:?}");
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_seen_does_not_bleed() {
    // White letters on transparent black: averaged with the black they would get dark edges.
    let source = pixels((64, 64), Layout::Rgba8, |x, _| {
        if x % 7 < 3 { [255, 255, 255, 255] } else { [0, 0, 0, 0] }
    });
    let rendition = one(&source, JPEG, RenditionSpec::cover(20, 20).format(OutputFormat::Png));
    let (_, alpha, samples) = decoded(&rendition);
    assert!(alpha);
    let mut partly = 0;
    for p in samples.chunks(4).filter(|p| p[3] > 8) {
        assert!(p[..3].iter().all(|&v| v >= 250), "{p:?}");
        partly += u32::from(p[3] < 250);
    }
    assert!(partly > 0, "the test needs edges");
}

#[test]
fn transparency_lies_on_the_background_where_the_format_has_none() {
    let clear = pixels((40, 40), Layout::Rgba8, |_, _| [0, 0, 0, 0]);
    let near = |rendition: &Rendition, want: [u8; 3]| {
        let got = pixel(rendition, 10, 10);
        assert!(got.iter().zip(want).all(|(&g, w)| g.abs_diff(w) <= 3), "{got:?} {want:?}");
    };
    let spec = RenditionSpec::cover(20, 20).format(OutputFormat::Jpeg);
    near(&one(&clear, JPEG, spec), [255, 255, 255]);
    near(&one(&clear, JPEG, spec.background([10, 120, 200])), [10, 120, 200]);
    let half = pixels((40, 40), Layout::Rgba8, |_, _| [0, 0, 0, 128]);
    near(&one(&half, JPEG, spec), [127, 127, 127]);
}

#[test]
fn padding_centres_the_picture_on_the_ground() {
    let source = pixels((40, 20), Layout::Rgba8, |_, _| [200, 0, 0, 255]);
    let spec = RenditionSpec::pad(41, 41).format(OutputFormat::Png).background([1, 2, 3]);
    let padded = one(&source, JPEG, spec);
    assert_eq!(padded.size(), Size::new(41, 41));
    for (x, y, want) in [
        (0, 10, [200, 0, 0, 255]),
        (39, 29, [200, 0, 0, 255]),
        (40, 20, [1, 2, 3, 255]),
        (0, 9, [1, 2, 3, 255]),
        (0, 30, [1, 2, 3, 255]),
        (40, 40, [1, 2, 3, 255]),
    ] {
        assert_eq!(pixel(&padded, x, y), want, "{x},{y}");
    }
}

#[test]
fn the_focal_point_moves_the_cut() {
    let source = pixels((300, 100), Layout::Rgb8, |x, _| [(x / 100 * 100) as u8, 0, 0, 255]);
    for (x, red) in [(0.0, 0), (0.5, 100), (1.0, 200)] {
        let fit = Fit::Cover(crate::FocalPoint::new(x, 0.5));
        let spec = RenditionSpec::cover(10, 10).fit(fit).format(OutputFormat::Png);
        assert_eq!(pixel(&one(&source, JPEG, spec), 5, 5)[0], red);
    }
}

#[test]
fn equal_size_is_not_resampled() {
    let source = photo(90, 60);
    let cut = RenditionSpec::cover(60, 60).format(OutputFormat::Png);
    let rendition = one(&source, JPEG, cut);
    for (x, y) in [(0, 0), (59, 0), (31, 44), (59, 59)] {
        let row = source.row(y).unwrap();
        let at = (x as usize + 15) * 3;
        assert_eq!(pixel(&rendition, x, y)[..3], row[at..at + 3], "{x},{y}");
    }
}

#[test]
fn quality_changes_size_and_likeness() {
    let source = photo(300, 200);
    let spec = RenditionSpec::contain(150, 150);
    let truth = one(&source, JPEG, spec.format(OutputFormat::Png));
    let [low, usual, high] = [30, 82, 95].map(|quality| one(&source, JPEG, spec.quality(quality)));
    assert!(low.bytes().len() < usual.bytes().len());
    assert!(usual.bytes().len() < high.bytes().len());
    assert!(difference(&low, &truth) > difference(&usual, &truth));
    assert!(difference(&usual, &truth) > difference(&high, &truth));
}

#[test]
fn nothing_but_the_picture_is_inside() {
    let source = photo(50, 40);
    let spec = RenditionSpec::contain(30, 30);
    let jpeg = one(&source, JPEG, spec.format(OutputFormat::Jpeg));
    let mut at = 2;
    let mut markers = Vec::new();
    while jpeg.bytes()[at + 1] != 0xda {
        markers.push(jpeg.bytes()[at + 1]);
        at += 2 + usize::from(u16::from_be_bytes([jpeg.bytes()[at + 2], jpeg.bytes()[at + 3]]));
    }
    // JFIF header, frame, tables.
    assert!(markers.iter().all(|m| [0xe0, 0xc0, 0xdb, 0xc4].contains(m)), "{markers:x?}");

    let png = one(&source, JPEG, spec.format(OutputFormat::Png));
    let mut at = 8;
    while at < png.bytes().len() {
        let name = &png.bytes()[at + 4..at + 8];
        assert!([&b"IHDR"[..], b"IDAT", b"IEND"].contains(&name), "{name:?}");
        let length: [u8; 4] = png.bytes()[at..at + 4].try_into().unwrap();
        at += 12 + u32::from_be_bytes(length) as usize;
    }

    let webp = one(&source, JPEG, spec.format(OutputFormat::WebP));
    assert!([&b"VP8L"[..], b"VP8 "].contains(&&webp.bytes()[12..16]));
    let length: [u8; 4] = webp.bytes()[16..20].try_into().unwrap();
    assert_eq!(webp.bytes().len(), 20 + (u32::from_le_bytes(length) as usize).next_multiple_of(2));
}

#[test]
fn grey_and_opaque_pictures_are_written_without_what_they_lack() {
    let grey = pixels((40, 40), Layout::Rgba8, |x, y| [(x * y / 8) as u8; 4].map(|v| v | 1))
        .into_samples()
        .chunks(4)
        .flat_map(|p| [p[0], p[1], p[2], 255])
        .collect();
    let grey = Pixels::new(Size::new(40, 40), Layout::Rgba8, grey).unwrap();
    let spec = RenditionSpec::cover(20, 20);
    let png = one(&grey, JPEG, spec.format(OutputFormat::Png));
    assert_eq!(png.bytes()[25], 0, "PNG color type grey");
    let jpeg = one(&grey, JPEG, spec.format(OutputFormat::Jpeg));
    let frame = jpeg.bytes().windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    assert_eq!(jpeg.bytes()[frame + 9], 1, "components");
    let webp = one(&grey, JPEG, spec.format(OutputFormat::WebP));
    assert!(!decoded(&webp).1);
}

#[test]
fn as_the_input_means_a_still_format_of_the_same_kind() {
    let opaque = photo(40, 40);
    let clear = pixels((40, 40), Layout::Rgba8, |x, _| [9, 9, 9, (x * 6) as u8]);
    let unused_alpha = pixels((40, 40), Layout::Rgba8, |x, y| [x as u8, y as u8, 9, 255]);
    let webp = if cfg!(feature = "libwebp") { Format::WebP } else { Format::Jpeg };
    for (format, lossless, pixels, want) in [
        (Format::Jpeg, false, &opaque, Format::Jpeg),
        (Format::Png, false, &clear, Format::Png),
        (Format::Png, false, &opaque, Format::Png),
        (Format::Gif, false, &clear, Format::Png),
        (Format::Gif, false, &opaque, Format::Png),
        (Format::WebP, true, &opaque, Format::WebP),
        (Format::WebP, true, &clear, Format::WebP),
        (Format::WebP, false, &clear, Format::WebP),
        (Format::WebP, false, &opaque, webp),
        (Format::WebP, false, &unused_alpha, webp),
    ] {
        let source = SourceFacts { format, lossless, ..JPEG };
        let rendition = one(pixels, source, RenditionSpec::cover(20, 20));
        assert_eq!(rendition.format(), want, "{format} lossless {lossless}");
        assert_eq!(Format::sniff(rendition.bytes()), Some(want));
        let has_alpha = decoded(&rendition).1;
        assert_eq!(has_alpha, pixels.has_transparency(), "{format} lossless {lossless}");
    }
}

#[test]
fn results_come_in_the_order_of_the_specs() {
    let specs = ["10x10", "90x90", "30x0", "60x60:contain", "30x30:png", "90x90"]
        .map(|text| text.parse::<RenditionSpec>().unwrap());
    let made = made(&photo(200, 100), JPEG, &specs);
    let got: Vec<RenditionSpec> = made.iter().map(|r| *r.spec()).collect();
    assert_eq!(got, specs);
    let sizes: Vec<String> = made.iter().map(|r| r.size().to_string()).collect();
    assert_eq!(sizes, ["10x10", "90x90", "30x15", "60x30", "30x30", "90x90"]);
    assert_eq!(made[1].bytes(), made[5].bytes());
}

#[test]
fn a_rendition_from_a_larger_one_looks_like_the_direct_one() {
    let source = photo(1600, 1000);
    let small = RenditionSpec::cover(200, 200).format(OutputFormat::Png);
    let direct = one(&source, JPEG, small);
    for larger in ["400x400", "800x0", "300x300", "640x480:contain", "200x200"] {
        let specs = [small, larger.parse().unwrap()];
        let with_company = made(&source, JPEG, &specs).remove(0);
        let square_error = difference(&direct, &with_company);
        // 50 dB.
        assert!(square_error < 0.65, "from {larger}: {square_error}");
    }
}

#[test]
fn a_scaled_decode_serves_as_the_full_one_would() {
    let full = photo(1600, 1200);
    let shown = full.size();
    let specs = [
        RenditionSpec::cover(300, 300).format(OutputFormat::Png),
        RenditionSpec::contain(320, 320).format(OutputFormat::Png),
    ];
    let rules = RenditionRules::default();
    let half = one(&full, JPEG, RenditionSpec::exact(800, 600).format(OutputFormat::Png));
    let (size, _, samples) = decoded(&half);
    let half = Pixels::new(size, Layout::Rgba8, samples).unwrap();
    let facts = SourceFacts { shown, ..JPEG };
    let from_half = render(&half, facts, &specs, &rules, &Cancellation::new()).unwrap();
    for (a, b) in from_half.iter().zip(&made(&full, JPEG, &specs)) {
        assert_eq!(a.size(), b.size());
        assert!(difference(a, b) < 1.0);
    }
}

#[test]
fn threads_do_not_change_the_bytes() {
    let source = photo(700, 500);
    let specs = ["500x500", "400x300:webp", "200x0:png", "50x50", "120x90:pad:png"]
        .map(|text| text.parse().unwrap());
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| made(&source, JPEG, &specs))
    };
    let alone = with(1);
    for threads in [2, 4] {
        assert_eq!(with(threads), alone);
    }
}

#[test]
fn a_raised_flag_stops_the_work() {
    let cancel = Cancellation::new();
    cancel.cancel();
    let source = photo(20, 20);
    let facts = SourceFacts { shown: source.size(), ..JPEG };
    let rules = RenditionRules::default();
    let specs = [RenditionSpec::cover(10, 10)];
    assert_eq!(render(&source, facts, &specs, &rules, &cancel), Err(RenderStop::Cancelled));
    assert_eq!(render(&source, facts, &[], &rules, &cancel), Ok(Vec::new()));
}

#[cfg(feature = "libwebp")]
#[test]
fn lossy_webp_obeys_the_quality_and_keeps_alpha() {
    let source = photo(300, 200);
    let spec = RenditionSpec::contain(150, 150).format(OutputFormat::WebP);
    let [low, high] = [20, 90].map(|quality| one(&source, JPEG, spec.quality(quality)));
    assert!(low.bytes().len() * 2 < high.bytes().len());
    let clear = pixels((40, 40), Layout::Rgba8, |x, _| [200, 9, 9, (x * 6) as u8]);
    let rendition = one(&clear, JPEG, spec);
    assert!(decoded(&rendition).1);
    assert_eq!(pixel(&rendition, 20, 20)[3], 120);
}
