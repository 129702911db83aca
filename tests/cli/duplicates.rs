//! Groups of duplicates; and that one file is no copy of itself, whatever its paths.

use std::fs;

use crate::folder::{Folder, jpeg, pixels, png};

#[test]
fn duplicates_in_groups() {
    let folder = Folder::new()
        .with("1.png", &png(96, 96, 1))
        .with("2.png", &png(96, 96, 2))
        .with("3.png", &png(96, 96, 1))
        .with("4.jpg", &jpeg(192, 192, 1))
        .with("5.png", b"");
    let ran = folder.gatefold(["duplicates", "--json", "."]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("5.png") && ran.err.contains("empty"));
    let [group] = &ran.rows()[..] else { panic!("one group: {}", ran.out) };
    assert_eq!(group["kind"], "near");
    let files: Vec<(&str, u64)> = group["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file["path"].as_str().unwrap(), file["set"].as_u64().unwrap()))
        .collect();
    assert_eq!(files, [("./1.png", 0), ("./3.png", 0), ("./4.jpg", 1)]);

    let exact =
        folder.gatefold(["duplicates", "--exact", "--json", "1.png", "2.png", "3.png", "4.jpg"]);
    assert_eq!((exact.code, exact.rows().len()), (0, 1));
    assert_eq!(exact.rows()[0]["kind"], "exact");
    let text = folder.gatefold(["duplicates", "."]);
    assert!(text.out.contains("4 files compared: 1 groups exact, 1 near"), "{}", text.out);
    let text = folder.gatefold(["duplicates", "--exact", "1.png", "3.png"]);
    assert!(text.out.starts_with("exact  2 files\n"), "{}", text.out);
}

#[test]
fn the_same_pixels_in_another_format_are_exact_when_asked() {
    let webp = {
        let mut file = Vec::new();
        image_webp::WebPEncoder::new(&mut file)
            .encode(&pixels(80, 80, 3), 80, 80, image_webp::ColorType::Rgb8)
            .unwrap();
        file
    };
    let folder = Folder::new().with("a.png", &png(80, 80, 3)).with("b.webp", &webp);
    let by_image = folder.gatefold(["duplicates", "--exact", "--json", "."]);
    assert_eq!(by_image.rows().len(), 0, "{}", by_image.out);
    let by_pixels = folder.gatefold(["duplicates", "--exact", "--json", "--pixel-digest", "."]);
    assert_eq!(by_pixels.rows().len(), 1);
}

/// A PNG of `bits`, one large flat square for each: the sort of picture whose hash is far from others'.
fn dark_cover(word: u32) -> Vec<u8> {
    let samples: Vec<u8> = (0..96 * 96_u32)
        .map(|at| {
            let (x, y) = (at % 96, at / 96);
            let lit = (40..56).contains(&y) && (word >> (x / 8)) & 1 == 1;
            if lit { 250 } else { 8 + u8::try_from((x + y) / 32).unwrap() }
        })
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, 96, 96);
    encoder.set_color(::png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&samples).unwrap();
    bytes
}

#[test]
fn every_file_of_a_near_group_is_within_the_radius_of_its_first() {
    let mut folder = Folder::new();
    for number in 0..20 {
        folder = folder.with(&format!("{number:02}.png"), &dark_cover(0x0a5 ^ (number * 0x49)));
    }
    let mut near = 0;
    for radius in [2_u64, 6, 10, 16] {
        let ran = folder.gatefold(["duplicates", "--json", "--radius", &radius.to_string(), "."]);
        let mut seen = Vec::new();
        for group in ran.rows() {
            for file in group["files"].as_array().unwrap() {
                assert!(file["distance"].as_u64().unwrap() <= radius, "{group}");
                seen.push(file["path"].as_str().unwrap().to_owned());
                near += 1;
            }
        }
        let files = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), files, "a file is in one group");
    }
    assert!(near > 20, "next to no groups");
}

/// The example of the help that lists copies, run by a shell; `None` where there is no `jq`.
#[cfg(unix)]
fn listed_copies(folder: &Folder, paths: &str) -> Option<Vec<String>> {
    use std::process::{Command, Stdio};

    let help = folder.gatefold(["duplicates", "--help"]).out;
    let example = help.lines().map(str::trim).find(|line| line.contains("| jq")).unwrap();
    assert!(example.contains(" photos/ "), "{example}");
    let has_jq = Command::new("jq").arg("--version").stdout(Stdio::null()).status();
    if !has_jq.is_ok_and(|status| status.success()) {
        return None;
    }
    let script = example.replace("gatefold", "\"$0\"").replace(" photos/ ", &format!(" {paths} "));
    let ran = folder.wrapped(["sh", "-c", &script], [""; 0]).output().unwrap();
    assert!(ran.status.success(), "{script}: {}", String::from_utf8_lossy(&ran.stderr));
    Some(String::from_utf8(ran.stdout).unwrap().lines().map(str::to_owned).collect())
}

#[cfg(unix)]
#[test]
fn the_pipeline_of_the_help_deletes_copies_and_never_an_original() {
    use std::os::unix::fs::symlink;

    let (one, two) = (png(96, 96, 1), png(96, 96, 2));
    let folder = Folder::new()
        // Looks like 1.png, but is another picture.
        .with("p/near.jpg", &jpeg(192, 192, 1))
        // The same picture with other metadata: an original of its own.
        .with("p/tagged.png", &with_text(&one))
        .with("p/1.png", &one)
        .with("p/copy of 1.png", &one)
        .with("p/sub/1.png", &one)
        // An original with links to it, and a copy that sorts before it.
        .with("p/y/2.png", &two)
        .with("p/x/2.png", &two)
        .with("elsewhere/3.png", &png(96, 96, 3));
    symlink("y/2.png", folder.join("p/a-link.png")).unwrap();
    symlink("2.png", folder.join("p/y/z-link.png")).unwrap();
    symlink("p", folder.join("q")).unwrap();
    fs::hard_link(folder.join("p/1.png"), folder.join("p/hard.png")).unwrap();
    // Of these there is no copy: each is one file with several paths.
    symlink("../elsewhere/3.png", folder.join("p/3.png")).unwrap();
    symlink("../elsewhere/3.png", folder.join("p/4.png")).unwrap();

    for paths in ["p", "p p/../p", "q/ p/sub/1.png p", "p p/1.png p/y/2.png elsewhere"] {
        let Some(copies) = listed_copies(&folder, paths) else { return };
        let mut copies: Vec<&str> =
            copies.iter().map(|path| path.trim_start_matches(['p', 'q', '/', '.'])).collect();
        copies.sort_unstable();
        assert_eq!(copies, ["copy of 1.png", "sub/1.png", "x/2.png"], "{paths}");
    }
    for path in listed_copies(&folder, "q/ p/sub/1.png p").unwrap_or_default() {
        fs::remove_file(folder.join(&path)).unwrap();
    }
    for (path, bytes) in [("p/1.png", &one), ("p/hard.png", &one), ("p/a-link.png", &two)] {
        assert!(fs::read(folder.join(path)).unwrap() == *bytes, "{path}");
    }
    for path in ["p/near.jpg", "p/tagged.png", "p/y/2.png", "p/y/z-link.png", "p/3.png", "p/4.png"]
    {
        assert!(folder.join(path).exists(), "{path}");
    }
    assert_eq!(listed_copies(&folder, "p"), Some(Vec::new()));
}

/// A copy of a PNG with a chunk of text before its end.
#[cfg(unix)]
fn with_text(png: &[u8]) -> Vec<u8> {
    let chunk = b"tEXtComment\0taken by me";
    let length = u32::try_from(chunk.len() - 4).unwrap().to_be_bytes();
    let (picture, end) = png.split_at(png.len() - 12);
    [picture, &length, chunk, &crc32fast::hash(chunk).to_be_bytes(), end].concat()
}

#[cfg(unix)]
#[test]
fn what_does_not_stay_is_not_what_a_copy_is_of() {
    use std::os::unix::ffi::OsStrExt as _;

    let picture = png(96, 96, 1);
    let folder = Folder::new().with("a.png", &picture);
    // Standard input is gone after the run, whatever was in it.
    let ran = folder.piped(["duplicates", "--json", "-", "a.png"], &picture);
    let files = ran.rows()[0]["files"].clone();
    assert_eq!((files[0]["path"].as_str(), files[1]["path"].as_str()), (Some("-"), Some("a.png")));
    assert!(files[0]["copy_of"].is_null() && files[1]["copy_of"].is_null(), "{files}");
    // A name that JSON cannot hold may be that of another file there.
    let name = std::ffi::OsStr::from_bytes(b"z\xff.png");
    if fs::write(folder.join("").join(name), &picture).is_ok() {
        let files = folder.gatefold(["duplicates", "--json", "."]).rows()[0]["files"].clone();
        assert_eq!(files[0]["copy_of"], files[1]["path"]);
        assert!(files[1]["copy_of"].is_null());
    }
}

#[cfg(unix)]
#[test]
fn one_file_under_several_paths_is_one_file() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new().with("d/a.png", &png(64, 64, 1)).with("d/b.png", &png(64, 64, 2));
    symlink("a.png", folder.join("d/0.png")).unwrap();
    fs::hard_link(folder.join("d/a.png"), folder.join("d/c.png")).unwrap();
    let paths = ["d", "d/a.png", "d/a.png", "d/../d/b.png"];
    let ran = folder.gatefold([&["duplicates", "--json"], &paths[..]].concat());
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert!(ran.err.contains("d/a.png is one file, also seen as d/0.png, d/c.png"), "{}", ran.err);
    let ran = folder.gatefold([&["duplicates"], &paths[..]].concat());
    assert!(ran.out.contains("2 files compared: 0 groups exact, 0 near"), "{}", ran.out);
    assert_eq!(folder.gatefold([&["duplicates", "-q"], &paths[..]].concat()).err, "");

    for options in [&[][..], &["--reject-duplicates"], &["--policy", "moov"]] {
        let ran = folder.gatefold([&["process", "--json"], options, &paths[..]].concat());
        assert_eq!(ran.code, 0, "{options:?}: {}{}", ran.out, ran.err);
        let rows = ran.rows();
        assert_eq!(rows.len(), 2, "{}", ran.out);
        let others = ["d/0.png", "d/c.png", "d/a.png", "d/a.png"];
        assert_eq!(rows[0]["path"], "d/a.png");
        assert_eq!(rows[0]["other_paths"], serde_json::json!(others));
        assert_eq!(rows[1]["other_paths"], serde_json::json!(["d/../d/b.png"]));
        assert!(rows.iter().all(|row| row["duplicate_of"].is_null()));
    }
    // A real copy is one, by whatever path it is seen.
    fs::copy(folder.join("d/a.png"), folder.join("d/copy.png")).unwrap();
    let ran = folder.gatefold(["process", "--json", "--reject-duplicates", "d", "d/copy.png"]);
    assert_eq!(ran.code, 1);
    let copy = ran.rows().into_iter().find(|row| row["path"] == "d/copy.png").unwrap();
    assert_eq!((&copy["code"], &copy["duplicate_of"]), (&"duplicate".into(), &"d/a.png".into()));
    let ran = folder.gatefold(["process", "d"]);
    assert!(ran.out.contains("the same file as d/0.png"), "{}", ran.out);
}
