//! Renditions through the pipeline, compared with what its decoder and its own resampling of pixels
//! give.
#![allow(clippy::unwrap_used, clippy::expect_used)]

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
    let spec = |width, height, quality| {
        RenditionSpec::cover(width, height).quality(quality).format(OutputFormat::Jpeg)
    };
    // Off the middle, where a wrong turn shows.
    let corner = Fit::Cover(FocalPoint::new(0.1, 0.8));
    let specs = [spec(51, 37, 82).fit(corner), spec(33, 0, 95), spec(20, 31, 82).fit(corner)];
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
