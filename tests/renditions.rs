//! Renditions through the pipeline, compared with what its decoder and its own resampling of pixels
//! give.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod make;

use gatefold::{Fit, FocalPoint, OutputFormat, Pipeline, Pixels, Policy, RenditionSpec, Upload};

/// The file with an orientation in EXIF, right behind its first marker.
fn turned(file: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation]];
    let body = [b"Exif\0\0", tiff.concat().as_slice(), &[0; 6]].concat();
    let length = (body.len() as u16 + 2).to_be_bytes();
    [&file[..2], &[0xff, 0xe1], &length, &body, &file[2..]].concat()
}

fn renditions(policy: Policy, specs: &[RenditionSpec], file: &[u8]) -> Vec<Pixels> {
    let mut builder = Pipeline::builder(policy).image_colors(false).perceptual_hash(false);
    for spec in specs {
        builder = builder.rendition(*spec);
    }
    let mut report = builder.build().unwrap().process(&Upload::new(file)).unwrap();
    let decoder = Pipeline::builder(Policy::default()).build().unwrap();
    let made = report.take_renditions().into_iter();
    made.map(|made| decoder.decode(&Upload::new(made.into_bytes())).unwrap()).collect()
}

/// Peak signal-to-noise ratio in decibels.
fn psnr(a: &Pixels, b: &Pixels) -> f64 {
    assert_eq!((a.size(), a.layout()), (b.size(), b.layout()));
    let pairs = a.samples().iter().zip(b.samples());
    let squares: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0_f64.powi(2) * a.samples().len() as f64 / squares.max(1.0)).log10()
}

#[test]
fn components_and_pixels_give_the_same_renditions_however_the_picture_is_turned() {
    let spec = |width, height| RenditionSpec::cover(width, height).format(OutputFormat::Jpeg);
    // Off the middle, where a wrong turn shows.
    let corner = Fit::Cover(FocalPoint::new(0.1, 0.8));
    let specs = [spec(51, 37).fit(corner), spec(33, 0), spec(20, 31).fit(corner)];
    // Smooth pictures: one of colour differences at half resolution, and one that is grey.
    for name in ["covers/coral-sun.jpg", "jpeg/baseline-420.jpg", "jpeg/grey-orientation-2.jpg"] {
        let file =
            std::fs::read(format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for orientation in 1..=8 {
            let file = turned(&file, orientation);
            // The digest of the pixels asks for all of them.
            let exact = Policy::default().pixel_digest(true);
            let pixels = renditions(exact, &specs, &file);
            let components = renditions(Policy::default(), &specs, &file);
            for (spec, (a, b)) in specs.iter().zip(pixels.iter().zip(&components)) {
                let psnr = psnr(a, b);
                assert!(psnr > 28.0, "{name}, orientation {orientation}, {spec}: {psnr:.1} dB");
            }
        }
    }
}

#[test]
fn the_smallest_pictures_of_every_sampling_have_renditions() {
    use jpeg_encoder::SamplingFactor::{F_1_1, F_1_2, F_2_1, F_2_2, F_4_1, F_4_2};

    // From pictures twice as large on, components are resampled by themselves.
    let side = |side: u16| u32::from(side).div_ceil(2);
    for sampling in [F_1_1, F_2_1, F_1_2, F_2_2, F_4_1, F_4_2] {
        for (width, height) in (1..=19).flat_map(|w| [(w, 1), (w, 2), (w, w), (2, w), (33, w)]) {
            let file = make::jpeg_with(width, height, 1, 95, |encoder| {
                encoder.set_sampling_factor(sampling);
            });
            for orientation in [1, 7] {
                let specs = [
                    RenditionSpec::contain(side(width).max(side(height)), 0),
                    RenditionSpec::exact(1, 1),
                ];
                let file = turned(&file, orientation);
                let made = renditions(Policy::default(), &specs, &file);
                assert_eq!(made.len(), 2, "{width}x{height}, {sampling:?}");
                assert_eq!((made[1].size().width, made[1].size().height), (1, 1));
            }
        }
    }
}
