//! Files that are written: renditions, decoded pictures; and groups of duplicates.

use std::fs;

use gatefold::{Pipeline, Policy, Upload};
use serde_json::json;

use crate::folder::{Folder, jpeg, pixels, png};

/// Format, width and height of a file.
pub(crate) fn facts(bytes: &[u8]) -> (&'static str, u32, u32) {
    let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
    let inspection = pipeline.check(&Upload::new(bytes)).unwrap();
    let size = inspection.size().unwrap();
    (inspection.format().unwrap().name(), size.width, size.height)
}

/// Options, and the format, width and height that come of them.
type Case<'a> = (&'a [&'a str], (&'a str, u32, u32));

#[test]
fn resize_fits_and_converts() {
    let folder = Folder::new().with("in/wide.png", &png(200, 100, 1));
    let cases: [Case<'_>; 7] = [
        (&["--size", "50x50"], ("png", 50, 25)),
        (&["--size", "50x50", "--fit", "cover"], ("png", 50, 50)),
        (&["--size", "50x50", "--fit", "cover", "--focus", "1,1"], ("png", 50, 50)),
        (&["--size", "50x50", "--fit", "pad", "--background", "#123456"], ("png", 50, 50)),
        (&["--size", "50x40", "--fit", "exact", "--format", "jpeg"], ("jpeg", 50, 40)),
        (&["--size", "0x50", "--format", "webp"], ("webp", 100, 50)),
        (&["--size", "400x400", "--enlarge"], ("png", 400, 200)),
    ];
    for (number, (args, expected)) in cases.iter().enumerate() {
        let out = format!("out{number}");
        let ran = folder.gatefold([&["resize", "in", "-o", &out][..], args].concat());
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.out, ran.err);
        let [name] = &folder.list(&out)[..] else { panic!("{args:?}: one file") };
        let extension = if expected.0 == "jpeg" { "jpg" } else { expected.0 };
        assert_eq!(*name, format!("wide.{extension}"));
        assert_eq!(facts(&fs::read(folder.join(&out).join(name)).unwrap()), *expected, "{args:?}");
    }
    let kept = folder.gatefold(["resize", "in", "-o", "kept", "--size", "400x400"]);
    assert_eq!(kept.code, 0);
    assert_eq!(facts(&fs::read(folder.join("kept/wide.png")).unwrap()), ("png", 200, 100));
}

#[test]
fn resize_tells_where_outputs_went() {
    let folder = Folder::new().with("a.jpg", &jpeg(40, 40, 1)).with("b.jpg", b"");
    let ran =
        folder.gatefold(["resize", "--json", "--size", "10x10", "-o", "out", "a.jpg", "b.jpg"]);
    assert_eq!(ran.code, 1);
    let rows = ran.rows();
    let written = fs::read(folder.join("out/a.jpg")).unwrap();
    assert_eq!(
        rows[0]["renditions"],
        json!([{"size": "10x10", "format": "jpeg", "bytes": written.len(), "path": "out/a.jpg"}])
    );
    assert_eq!((&rows[1]["code"], &rows[1]["renditions"]), (&json!("empty"), &json!([])));
}

#[test]
fn process_writes_each_size() {
    let folder = Folder::new().with("in/a.png", &png(64, 64, 1));
    let ran = folder.gatefold([
        "process",
        "--json",
        "--size",
        "32x32",
        "--size",
        "16x8:jpeg:q50",
        "-o",
        "out",
        "in",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(folder.list("out"), ["a-16x8.jpg", "a-32x32.png"]);
    let rows = ran.rows();
    let paths: Vec<&str> = rows[0]["renditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rendition| rendition["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["out/a-32x32.png", "out/a-16x8.jpg"]);
}

#[test]
fn decode_gives_the_pixels_as_png() {
    let folder = Folder::new().with("a.png", &png(12, 9, 1));
    assert_eq!(folder.gatefold(["decode", "--raw", "-o", "raw.png", "a.png"]).code, 0);
    let mut reader =
        png::Decoder::new(std::io::Cursor::new(fs::read(folder.join("raw.png")).unwrap()))
            .read_info()
            .unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut samples).unwrap();
    assert_eq!((info.width, info.height, info.color_type), (12, 9, png::ColorType::Rgba));
    let rgb: Vec<u8> = samples.chunks_exact(4).flat_map(|p| p[..3].to_vec()).collect();
    assert_eq!(rgb, pixels(12, 9, 1));
    assert!(samples.chunks_exact(4).all(|p| p[3] == 255));

    let shown = folder.gatefold(["decode", "-o", "-", "a.png"]);
    assert_eq!(facts(&shown.raw), ("png", 12, 9));
    let broken = folder.gatefold(["decode", "-o", "no.png", "missing.png"]);
    assert_eq!((broken.code, folder.join("no.png").exists()), (3, false));
    let limited = folder.gatefold(["decode", "--max-side", "11", "-o", "no.png", "a.png"]);
    assert_eq!((limited.code, folder.join("no.png").exists()), (1, false));
    assert!(limited.err.contains("side_too_long"), "{}", limited.err);
}
