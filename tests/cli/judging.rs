//! Rows: which files get one, in which order, and what stands in it.

use serde_json::json;

use crate::folder::{Folder, jpeg, keys, png};

const CHECK_KEYS: [&str; 12] = [
    "path",
    "verdict",
    "code",
    "message",
    "format",
    "width",
    "height",
    "orientation",
    "frames",
    "has_alpha",
    "bytes",
    "findings",
];

const PROCESS_KEYS: [&str; 5] =
    ["digests", "image_colors", "player_color", "renditions", "duplicate_of"];

#[test]
fn a_row_of_check() {
    let good = jpeg(24, 16, 1);
    let folder = Folder::new().with("good.jpg", &good);
    let ran = folder.gatefold(["check", "--json", "good.jpg"]);
    let expected = json!({
        "path": "good.jpg", "verdict": "accepted", "code": null, "message": null,
        "format": "jpeg", "width": 24, "height": 16, "orientation": 1, "frames": 1,
        "has_alpha": false, "bytes": good.len(), "findings": [],
    });
    assert_eq!(ran.rows(), [expected]);
    assert_eq!(keys(&ran.out), CHECK_KEYS);
}

#[test]
fn every_row_has_every_key() {
    let folder = Folder::new()
        .with("broken.png", &png(8, 8, 1)[..40])
        .with("empty.gif", b"")
        .with("text.jpg", b"hello");
    let paths = ["broken.png", "empty.gif", "text.jpg", "missing.webp"];
    let check = folder.gatefold([&["check", "--json"][..], &paths].concat());
    let process = folder.gatefold([&["process", "--json"][..], &paths].concat());
    assert_eq!(check.texts("path"), paths);
    assert_eq!(check.texts("verdict"), ["rejected"; 4]);
    assert_eq!(check.texts("code")[1..], ["empty", "unknown_format", "io"]);
    assert_eq!(process.texts("code"), check.texts("code"));
    assert!(check.texts("message").iter().all(|message| message.len() > 8));
    for line in check.out.lines() {
        assert_eq!(keys(line), CHECK_KEYS);
    }
    for line in process.out.lines() {
        assert_eq!(keys(line), [&CHECK_KEYS[..], &PROCESS_KEYS].concat());
    }
}

#[test]
fn findings_carry_code_severity_message_and_offset() {
    let picture = png(8, 8, 1);
    let end = picture.len();
    let folder = Folder::new().with("tail.jpg", &[&picture[..], b"<script>"].concat());
    let ran = folder.gatefold(["check", "--json", "tail.jpg"]);
    let row = &ran.rows()[0];
    assert_eq!((ran.code, row["verdict"].as_str()), (0, Some("accepted")));
    let found = row["findings"].as_array().unwrap();
    let find = |code: &str| found.iter().find(|finding| finding["code"] == code).unwrap();
    assert_eq!(find("trailing_data")["offset"], end);
    assert_eq!(find("trailing_data")["severity"], "warning");
    assert_eq!(find("spoofed_type")["offset"], json!(null));
    assert!(found.iter().all(|finding| finding.as_object().unwrap().len() == 4));

    let strict = folder.gatefold(["check", "--json", "--reject-trailing", "tail.jpg"]);
    assert_eq!((strict.code, strict.texts("code")), (1, vec!["trailing_data".to_owned()]));
    let spoofed = folder.gatefold(["check", "--reject-spoofed", "tail.jpg"]);
    assert_eq!(spoofed.code, 1);
}

#[test]
fn a_row_of_process() {
    let folder = Folder::new().with("a.png", &png(64, 48, 1)).with("b.png", &png(64, 48, 1));
    let ran = folder.gatefold(["process", "--json", "--size", "16x16", "--pixel-digest", "."]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let rows = ran.rows();
    let row = &rows[0];
    for (digest, digits) in [("bytes", 64), ("image", 64), ("pixels", 64), ("perceptual", 16)] {
        let text = row["digests"][digest].as_str().unwrap();
        assert!(text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit()), "{digest}");
    }
    let hex = |value: &serde_json::Value| {
        let text = value.as_str().unwrap();
        text.len() == 7 && text.starts_with('#')
    };
    let colors = row["image_colors"].as_array().unwrap();
    assert!(!colors.is_empty() && colors.iter().all(|color| hex(&color["hex"])));
    let shares: f64 = colors.iter().map(|color| color["share"].as_f64().unwrap()).sum();
    assert!(shares > 0.3 && shares < 1.000_001, "{shares}");
    let player = &row["player_color"];
    assert!(["hex", "text", "light", "dark"].iter().all(|key| hex(&player[key])));
    assert!(player["contrast"].as_f64().unwrap() >= 4.5);
    let rendition = &row["renditions"][0];
    assert_eq!(
        (rendition["size"].as_str(), rendition["format"].as_str()),
        (Some("16x16"), Some("png"))
    );
    assert!(rendition["bytes"].as_u64().unwrap() > 60 && rendition.get("path").is_none());
    assert_eq!(row["duplicate_of"], json!(null));
    assert_eq!(rows[1]["duplicate_of"], "./a.png");

    let plain = folder.gatefold(["process", "--json", "a.png"]);
    assert_eq!(plain.rows()[0]["digests"]["pixels"], json!(null));
}

#[test]
fn a_row_of_colors() {
    let folder = Folder::new().with("a.png", &png(32, 32, 1)).with("b.png", b"");
    let ran = folder.gatefold(["colors", "--json", "a.png", "b.png"]);
    for line in ran.out.lines() {
        assert_eq!(keys(line), ["path", "image_colors", "player_color", "code", "message"]);
    }
    let rows = ran.rows();
    assert_eq!(rows[0]["code"], json!(null));
    assert!(rows[0]["player_color"]["hex"].is_string());
    assert_eq!((&rows[1]["code"], &rows[1]["image_colors"]), (&json!("empty"), &json!([])));
}

#[test]
fn duplicates_are_reported_unless_the_policy_rejects_them() {
    let folder = Folder::new()
        .with("1.png", &png(40, 40, 7))
        .with("2.png", &png(40, 40, 8))
        .with("3.png", &png(40, 40, 7));
    let reported = folder.gatefold(["process", "--json", "."]);
    assert_eq!(reported.code, 0);
    assert_eq!(reported.texts("duplicate_of"), ["null", "null", "./1.png"]);
    for args in [&["--reject-duplicates"][..], &["--policy", "moov"]] {
        let rejected = folder.gatefold([&["process", "--json", "."][..], args].concat());
        assert_eq!(rejected.code, 1, "{args:?}");
        assert_eq!(rejected.texts("code"), ["null", "null", "duplicate"], "{args:?}");
        assert_eq!(rejected.texts("duplicate_of"), ["null", "null", "./1.png"], "{args:?}");
    }
    // A surface that allows duplicates still has them told here.
    let allowed = folder.gatefold(["process", "--json", "--policy", "backoffice", "."]);
    assert_eq!((allowed.code, allowed.texts("duplicate_of")[2].as_str()), (0, "./1.png"));
    // Files that are only checked are not compared.
    assert_eq!(folder.gatefold(["check", "--policy", "moov", "."]).code, 0);
}

#[test]
fn rows_do_not_depend_on_threads() {
    let mut folder = Folder::new();
    for number in 0..24 {
        let bytes = if number % 5 == 4 { b"x".to_vec() } else { png(60, 50, number % 7) };
        folder = folder.with(&format!("{number:02}"), &bytes);
    }
    let args = ["process", "--json", "--size", "20x20", "--jobs"];
    let one = folder.gatefold([&args[..], &["1", "."]].concat());
    let four = folder.gatefold([&args[..], &["4", "."]].concat());
    assert_eq!(one.rows().len(), 24);
    assert_eq!(one.out, four.out);
    let tight = folder.gatefold([&args[..], &["4", "--memory", "1kB", "."]].concat());
    assert_eq!(one.out, tight.out);
}

#[test]
fn folders_are_walked_in_order_whatever_files_are_called() {
    let folder = Folder::new()
        .with("in/b.txt", &png(8, 8, 1))
        .with("in/a/z", &png(8, 8, 2))
        .with("in/a/.hidden", &png(8, 8, 3))
        .with("in/c.png", b"")
        .with("first.png", &png(8, 8, 4));
    let ran = folder.gatefold(["check", "--json", "first.png", "in"]);
    assert_eq!(ran.texts("path"), ["first.png", "in/a/.hidden", "in/a/z", "in/b.txt", "in/c.png"]);
    let empty = Folder::new();
    let ran = empty.gatefold(["check", "."]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert!(ran.err.contains("no files"));
}

#[cfg(unix)]
#[test]
fn links_are_followed_to_files_and_never_round_in_circles() {
    use std::os::unix::fs::symlink;
    let folder =
        Folder::new().with("in/sub/a.png", &png(8, 8, 1)).with("elsewhere.png", &png(8, 8, 2));
    symlink("..", folder.join("in/sub/up")).unwrap();
    symlink("../elsewhere.png", folder.join("in/link.png")).unwrap();
    symlink("nowhere", folder.join("in/dangling.png")).unwrap();
    symlink("self", folder.join("in/self")).unwrap();
    let ran = folder.gatefold(["check", "--json", "in"]);
    assert_eq!(ran.texts("path"), ["in/dangling.png", "in/link.png", "in/self", "in/sub/a.png"]);
    assert_eq!(ran.texts("code"), ["io", "null", "io", "null"]);
    assert_eq!(ran.code, 3);
}

#[test]
fn standard_input_is_a_file_like_others() {
    let folder = Folder::new().with("a.png", &png(8, 8, 1));
    let ran = folder.piped(["check", "--json", "a.png", "-"], &jpeg(8, 8, 1));
    assert_eq!((ran.code, ran.texts("path")), (0, vec!["a.png".to_owned(), "-".to_owned()]));
    assert_eq!(ran.texts("format"), ["png", "jpeg"]);
    let capped = folder.piped(["check", "--json", "--max-bytes", "10", "-"], &[0; 20]);
    assert_eq!(capped.texts("code"), ["too_many_bytes"]);
    let explained = folder.piped(["explain", "-"], &png(8, 8, 1));
    assert!(explained.out.contains("IHDR"), "{}", explained.out);
}

#[test]
fn options_beat_the_policy_file_which_beats_its_preset() {
    let folder = Folder::new()
        .with("a.png", &png(20, 10, 1))
        .with("own.toml", b"preset = \"moov\"\nsquare = true\n[limits]\nmax_side = 15\n");
    let code = |args: &[&str]| {
        let ran = folder.gatefold([&["check", "--json", "a.png"][..], args].concat());
        ran.texts("code").remove(0)
    };
    assert_eq!(code(&[]), "null");
    assert_eq!(code(&["--policy", "own.toml"]), "side_too_long");
    assert_eq!(code(&["--policy", "own.toml", "--max-side", "20"]), "not_square");
    assert_eq!(code(&["--max-side", "19"]), "side_too_long");
    assert_eq!(code(&["--max-pixels", "199"]), "too_many_pixels");
    assert_eq!(code(&["--max-pixels", "200"]), "null");
    assert_eq!(code(&["--min-side", "11"]), "side_too_short");
    assert_eq!(code(&["--square"]), "not_square");
    assert_eq!(code(&["--formats", "jpeg,gif"]), "format_not_accepted");
    assert_eq!(code(&["--max-bytes", "20"]), "too_many_bytes");
    assert_eq!(code(&["--color-model", "cmyk"]), "wrong_color_model");
}

#[test]
fn text_rows_are_short_and_obey_nobody() {
    let folder = Folder::new().with("a.png", &png(8, 8, 1)).with("b.png", b"");
    let ran = folder.gatefold(["check", "a.png", "b.png"]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("accepted  png   ") && lines[0].ends_with("a.png"), "{}", ran.out);
    assert!(lines[1].starts_with("rejected") && lines[1].contains("b.png"));
    assert!(lines[2].contains("empty"));
    assert_eq!(lines[3], "1 accepted, 1 rejected");
    let hostile = folder.gatefold(["check", "a\x1b[2J.png"]);
    assert!(hostile.out.contains("a\\u{1b}[2J.png") && !hostile.out.contains('\x1b'));
}
