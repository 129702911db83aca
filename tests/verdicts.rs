//! Every test picture the whole way, against what independent decoders say of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::collections::BTreeMap;

use common::{File, manifest};
use gatefold::{ColorModel, Error, Finding, Pipeline, Pixels, Policy, Report, Upload};

fn processed(file: &File, policy: Policy) -> Result<Report, Error> {
    let bytes = file.read();
    let policy = policy.pixel_digest(true);
    let pipeline = Pipeline::builder(policy).build().unwrap();
    let upload = Upload::new(&bytes).claiming_name(file.name());
    let processed = pipeline.process(&upload);
    // All depths that read every byte agree.
    let checked = pipeline.check(&upload);
    match (&processed, &checked) {
        (Ok(_), Ok(_)) => {}
        (Err(a), Err(b)) => assert_eq!(a.code(), b.code(), "{}", file.path),
        (a, b) => panic!("{}: process says {a:?}, check {b:?}", file.path),
    }
    processed
}

#[test]
fn verdicts_findings_and_facts() {
    for file in manifest() {
        let path = &file.path;
        match processed(&file, Policy::default()) {
            Ok(report) => {
                assert!(file.is_accepted(), "{path} is accepted: {:?}", report.findings());
                let mut codes: Vec<_> = report.findings().iter().map(Finding::code).collect();
                codes.sort_unstable();
                codes.dedup();
                assert_eq!(codes, file.findings, "{path}: {:?}", report.findings());
                let inspection = report.inspection();
                let structure = inspection.structure().unwrap();
                let stored = structure.stored_size();
                assert_eq!(Some([stored.width, stored.height]), file.stored, "{path}");
                let shown = report.size();
                assert_eq!(Some([shown.width, shown.height]), file.shown, "{path}");
                let orientation = u16::from(inspection.orientation().exif());
                assert_eq!(Some(orientation), file.orientation, "{path}");
                assert_eq!(Some(inspection.frames()), file.frames, "{path}");
                assert_eq!(Some(inspection.has_alpha()), file.has_alpha, "{path}");
                assert_eq!(Some(report.format().name()), file.format.as_deref(), "{path}");
                let model = match structure.color_model() {
                    ColorModel::Grey => "grey",
                    ColorModel::Cmyk => "cmyk",
                    _ => "rgb",
                };
                assert_eq!(Some(model), file.color_model.as_deref(), "{path}");
            }
            Err(error) => {
                assert!(!file.is_accepted(), "{path} is rejected: {error}");
                assert_eq!(Some(error.code()), file.code.as_deref(), "{path}: {error}");
                assert_eq!(error.inspection().unwrap().bytes(), file.bytes, "{path}");
            }
        }
    }
}

#[test]
fn verdicts_under_presets() {
    for file in manifest() {
        for (preset, wanted) in &file.under {
            let result = processed(&file, Policy::preset(preset).unwrap());
            let codes: Vec<_> = match &result {
                Ok(_) => vec!["accepted"],
                Err(error) => {
                    let findings = error.inspection().unwrap().findings().iter();
                    findings.filter(|finding| finding.is_error()).map(Finding::code).collect()
                }
            };
            assert!(codes.contains(&wanted.as_str()), "{} under {preset}: {codes:?}", file.path);
        }
    }
}

/// The mean colour of each quarter, on white.
fn quarters(pixels: &Pixels) -> [[f64; 3]; 4] {
    let (width, height) = (pixels.size().width as usize, pixels.size().height as usize);
    let mut sums = [[0.0; 3]; 4];
    let mut counts = [0.0; 4];
    for y in 0..height {
        let row = pixels.row(y as u32).unwrap();
        for (x, pixel) in row.chunks_exact(pixels.layout().channels()).enumerate() {
            let quarter = usize::from(y >= height / 2) * 2 + usize::from(x >= width / 2);
            let alpha = f64::from(pixel.get(3).copied().unwrap_or(255)) / 255.0;
            for (sum, sample) in sums[quarter].iter_mut().zip(pixel) {
                *sum += f64::from(*sample) * alpha + 255.0 * (1.0 - alpha);
            }
            counts[quarter] += 1.0;
        }
    }
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum = sum.map(|value| value / count);
    }
    sums
}

#[test]
fn pictures_are_shown_upright_and_in_srgb() {
    let mut compared = 0;
    for file in manifest() {
        let Some(wanted) = file.quarters.as_ref().filter(|_| file.is_accepted()) else { continue };
        let bytes = file.read();
        let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
        let pixels = pipeline.decode(&Upload::new(&bytes)).unwrap();
        for (number, (actual, wanted)) in quarters(&pixels).iter().zip(wanted).enumerate() {
            let wanted = u32::from_str_radix(wanted.trim_start_matches('#'), 16).unwrap();
            for (channel, value) in actual.iter().enumerate() {
                let wanted = f64::from(wanted >> (16 - 8 * channel) & 0xff);
                let gap = (value - wanted).abs();
                assert!(gap <= 6.0, "{} quarter {number}: {actual:?}, not {wanted}", file.path);
            }
        }
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn colors_of_covers() {
    for file in manifest().iter().filter(|file| file.player_hue.is_some() || file.player_grey) {
        let report = processed(file, Policy::default()).unwrap();
        let player = report.player_color().unwrap();
        assert!(player.contrast() >= 4.5, "{}", file.path);
        let hsl = player.rgb().hsl();
        if file.player_grey {
            assert!(hsl.saturation < 0.12, "{}: {player:?}", file.path);
        }
        if let Some([from, to]) = file.player_hue {
            let inside = (f64::from(from)..f64::from(to)).contains(&(f64::from(hsl.hue) * 360.0));
            assert!(inside, "{}: {player:?}", file.path);
        }
        let shares: f64 = report.image_colors().iter().map(|color| color.share()).sum();
        assert!((shares - 1.0).abs() < 1e-6, "{}: {shares}", file.path);
    }
}

#[test]
fn equal_images_equal_pixels_and_near_pictures() {
    let accepted: BTreeMap<String, Report> = manifest()
        .into_iter()
        .filter_map(|file| Some((file.path.clone(), processed(&file, Policy::default()).ok()?)))
        .collect();
    let mut compared = [0; 3];
    for file in manifest().iter().filter(|file| accepted.contains_key(&file.path)) {
        let digests = accepted[&file.path].digests();
        if let Some(other) = file.same_image_as.as_ref().and_then(|path| accepted.get(path)) {
            assert_eq!(digests.image, other.digests().image, "{}", file.path);
            assert_ne!(digests.bytes, other.digests().bytes, "{}", file.path);
            compared[0] += 1;
        }
        if let Some(other) = file.same_pixels_as.as_ref().and_then(|path| accepted.get(path)) {
            assert_eq!(digests.pixels, other.digests().pixels, "{}", file.path);
            assert_ne!(digests.image, other.digests().image, "{}", file.path);
            compared[1] += 1;
        }
        if let Some(other) = file.near.as_ref().and_then(|path| accepted.get(path)) {
            let (a, b) = (digests.perceptual.unwrap(), other.digests().perceptual.unwrap());
            assert!(a.distance(b) <= 10, "{}: {}", file.path, a.distance(b));
            compared[2] += 1;
        }
    }
    assert!(compared.iter().all(|count| *count > 0), "{compared:?}");
}
