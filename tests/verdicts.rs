//! Every test picture through the public API: verdicts, facts, pixels, sameness and colours, as the
//! manifest has them from independent decoders.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::collections::BTreeMap;

use common::{File, manifest};
use gatefold::{Digests, Inspection, Layout, Pipeline, Policy, Rgb, Severity, Upload};

/// The rejecting code, when there is one, and what is known of the file either way.
fn check(pipeline: &Pipeline, file: &File, bytes: &[u8]) -> (Option<&'static str>, Inspection) {
    match pipeline.check(&Upload::new(bytes).claiming_name(file.name())) {
        Ok(inspection) => (None, inspection),
        Err(error) => match error.inspection() {
            Some(inspection) => (Some(error.code()), inspection.clone()),
            None => panic!("{}: {error}", file.path),
        },
    }
}

fn default_pipeline() -> Pipeline {
    Pipeline::builder(Policy::default()).build().unwrap()
}

/// Codes of one severity, sorted, each once.
fn codes(inspection: &Inspection, severity: Severity) -> Vec<&'static str> {
    let findings = inspection.findings().iter().filter(|f| f.severity() == severity);
    let mut codes: Vec<_> = findings.map(gatefold::Finding::code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// All disagreements at once: one change often has one cause and many files.
fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn verdicts_and_codes() {
    let pipeline = default_pipeline();
    let mut wrong = Vec::new();
    for f in manifest() {
        let (code, inspection) = check(&pipeline, &f, &f.read());
        if code != f.code.as_deref() {
            wrong.push(format!("{}: {code:?}, not {:?}", f.path, f.code));
        }
        if code.is_none() {
            let warnings = codes(&inspection, Severity::Warning);
            if warnings != f.findings {
                wrong.push(format!("{}: warns of {warnings:?}, not {:?}", f.path, f.findings));
            }
        }
    }
    report(&wrong);
}

#[test]
fn facts_of_accepted_files_and_of_what_is_left_of_others() {
    let pipeline = default_pipeline();
    let mut wrong = Vec::new();
    for f in manifest() {
        let (_, inspection) = check(&pipeline, &f, &f.read());
        let mut expect = |what: &str, actual: String, expected: String| {
            if actual != expected {
                wrong.push(format!("{}: {what} {actual}, not {expected}", f.path));
            }
        };
        let format = inspection.format().map(gatefold::Format::name);
        expect("format", format!("{format:?}"), format!("{:?}", f.format.as_deref()));
        expect("bytes", inspection.bytes().to_string(), f.bytes.to_string());
        let (Some(stored), Some(shown)) = (f.stored, f.shown) else { continue };
        let structure = inspection.structure().unwrap();
        let size = structure.stored_size();
        expect("stored", format!("{:?}", [size.width, size.height]), format!("{stored:?}"));
        let size = inspection.size().map(|s| [s.width, s.height]);
        expect("shown", format!("{size:?}"), format!("{:?}", Some(shown)));
        let orientation = u16::from(inspection.orientation().exif());
        expect("orientation", format!("{:?}", Some(orientation)), format!("{:?}", f.orientation));
        // A cut animation may show fewer frames than it had: frames are facts of whole files.
        if f.is_accepted() {
            expect("frames", format!("{:?}", Some(inspection.frames())), format!("{:?}", f.frames));
            expect(
                "alpha",
                format!("{:?}", Some(inspection.has_alpha())),
                format!("{:?}", f.has_alpha),
            );
        }
        let model = structure.color_model().to_string().to_lowercase();
        expect("model", format!("{:?}", Some(model)), format!("{:?}", f.color_model));
    }
    report(&wrong);
}

#[test]
fn verdicts_under_presets() {
    let mut wrong = Vec::new();
    for f in manifest() {
        for (preset, expected) in &f.under {
            let pipeline = Pipeline::builder(Policy::preset(preset).unwrap()).build().unwrap();
            let (code, inspection) = check(&pipeline, &f, &f.read());
            let right = match expected.as_str() {
                "accepted" => code.is_none(),
                expected => codes(&inspection, Severity::Error).contains(&expected),
            };
            if !right {
                wrong.push(format!("{} under {preset}: not {expected}", f.path));
            }
        }
    }
    report(&wrong);
}

#[test]
fn strict_rejects_every_file_that_is_warned_of() {
    let pipeline = Pipeline::builder(Policy::strict()).build().unwrap();
    let mut wrong = Vec::new();
    for f in manifest().iter().filter(|f| !f.findings.is_empty()) {
        if check(&pipeline, f, &f.read()).0.is_none() {
            wrong.push(format!("{}: {:?}", f.path, f.findings));
        }
    }
    report(&wrong);
}

/// Mean colours of the four quarters on white: top left, top right, bottom left, bottom right.
fn quarters(pixels: &gatefold::Pixels) -> [[f64; 3]; 4] {
    let (w, h) = (pixels.size().width, pixels.size().height);
    let channels = pixels.layout().channels();
    let mean = |left: u32, top: u32| {
        let mut sums = [0.0; 3];
        for y in top..top + h / 2 {
            let row = pixels.row(y).unwrap();
            for pixel in row.chunks_exact(channels).skip(left as usize).take((w / 2) as usize) {
                let alpha = if pixels.layout() == Layout::Rgba8 {
                    f64::from(pixel[3]) / 255.0
                } else {
                    1.0
                };
                for (sum, v) in sums.iter_mut().zip(pixel) {
                    *sum += f64::from(*v) * alpha + 255.0 * (1.0 - alpha);
                }
            }
        }
        sums.map(|s| s / f64::from((w / 2) * (h / 2)))
    };
    let (right, bottom) = (w - w / 2, h - h / 2);
    [mean(0, 0), mean(right, 0), mean(0, bottom), mean(right, bottom)]
}

fn channels_of(hex: &str) -> [f64; 3] {
    [1, 3, 5].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()))
}

#[test]
fn pixels_are_upright_and_in_srgb() {
    let pipeline = default_pipeline();
    let mut wrong = Vec::new();
    for f in manifest() {
        let Some(expected) = &f.quarters else { continue };
        let bytes = f.read();
        let pixels = match pipeline.decode(&Upload::new(&bytes)) {
            Ok(pixels) => pixels,
            Err(error) => {
                wrong.push(format!("{}: {error}", f.path));
                continue;
            }
        };
        let expected = expected.each_ref().map(|hex| channels_of(hex));
        let pairs = quarters(&pixels).into_iter().flatten().zip(expected.into_iter().flatten());
        let off = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if off > 6.0 {
            wrong.push(format!("{}: a quarter is off by {off:.1}", f.path));
        }
    }
    report(&wrong);
}

/// The digests of every accepted file; those that cannot be processed are told in `wrong`.
fn digests(wrong: &mut Vec<String>) -> BTreeMap<String, (File, Digests)> {
    let pipeline = Pipeline::builder(Policy::default().pixel_digest(true)).build().unwrap();
    let mut digests = BTreeMap::new();
    for f in manifest().into_iter().filter(File::is_accepted) {
        let bytes = f.read();
        match pipeline.process(&Upload::new(&bytes)) {
            Ok(report) => _ = digests.insert(f.path.clone(), (f, *report.digests())),
            Err(error) => wrong.push(format!("{}: {error}", f.path)),
        }
    }
    digests
}

/// The start of a chain of references: files of one group share it.
fn root<'a>(
    files: &'a BTreeMap<String, (File, Digests)>,
    path: &'a str,
    next: fn(&File) -> Option<&String>,
) -> &'a str {
    next(&files[path].0).map_or(path, |other| root(files, other, next))
}

fn by_image(file: &File) -> Option<&String> {
    file.same_image_as.as_ref()
}

/// The same coded image has the same pixels, too.
fn by_pixels(file: &File) -> Option<&String> {
    file.same_pixels_as.as_ref().or(file.same_image_as.as_ref())
}

#[test]
fn equal_images_and_pixels_are_found_and_no_others() {
    let mut wrong = Vec::new();
    let files = digests(&mut wrong);
    for (a, (_, left)) in &files {
        for (b, (_, right)) in files.range(a.clone()..).skip(1) {
            let image = root(&files, a, by_image) == root(&files, b, by_image);
            let pixels = root(&files, a, by_pixels) == root(&files, b, by_pixels);
            for (what, actual, expected) in [
                ("bytes", left.bytes == right.bytes, false),
                ("image", left.image == right.image, image),
                // Animations have no pixel digest: they equal nothing.
                ("pixels", left.pixels.is_some() && left.pixels == right.pixels, pixels),
            ] {
                if actual != expected {
                    let word = if expected { "differ" } else { "are equal" };
                    wrong.push(format!("{what} digests of {a} and {b} {word}"));
                }
            }
        }
    }
    report(&wrong);
}

#[test]
fn near_pictures_are_near_and_other_scenes_are_far() {
    /// Of 64 bits: what an index looks through by default.
    const RADIUS: u32 = 10;
    let mut wrong = Vec::new();
    let files = digests(&mut wrong);
    let hash = |path: &str| files[path].1.perceptual;
    for (path, (f, _)) in &files {
        if let Some(other) = &f.near {
            match (hash(path), hash(other)) {
                (Some(a), Some(b)) if a.distance(b) <= RADIUS => {}
                (a, b) => wrong.push(format!("{path} is not near {other}: {a:?}, {b:?}")),
            }
        }
        for (other, (g, _)) in &files {
            let apart = matches!((&f.scene, &g.scene), (Some(a), Some(b)) if a != b);
            if let (true, Some(a), Some(b)) = (apart && path < other, hash(path), hash(other))
                && a.distance(b) <= RADIUS
            {
                wrong.push(format!("{path} is near {other}: {}", a.distance(b)));
            }
        }
    }
    report(&wrong);
}

#[test]
fn player_colors_are_of_the_plain_accent() {
    let pipeline = default_pipeline();
    let mut wrong = Vec::new();
    for f in manifest() {
        let bytes = f.read();
        let player = |upload: &Upload<'_>| -> Rgb {
            pipeline.process(upload).unwrap().player_color().unwrap().rgb()
        };
        if f.player_grey {
            let Rgb { red, green, blue, .. } = player(&Upload::new(&bytes));
            let spread = red.max(green).max(blue) - red.min(green).min(blue);
            if spread > 4 {
                wrong.push(format!("{}: ({red}, {green}, {blue}) is no grey", f.path));
            }
        }
        if let Some([from, to]) = f.player_hue {
            let color = player(&Upload::new(&bytes));
            let hue = f64::from(color.hsl().hue) * 360.0;
            let (from, to) = (f64::from(from), f64::from(to));
            let inside =
                if from <= to { (from..to).contains(&hue) } else { hue >= from || hue < to };
            if !inside {
                wrong.push(format!(
                    "{}: {} has hue {hue:.0}, not {from}..{to}",
                    f.path,
                    color.to_hex()
                ));
            }
        }
    }
    report(&wrong);
}
