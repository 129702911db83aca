//! `explain`.

use crate::folder::{Folder, keys, png, png_in_pieces};

#[test]
fn parts_are_listed_with_offsets_and_folded_where_they_repeat() {
    let folder = Folder::new().with("a.png", &png_in_pieces(16, 16, 1));
    let folded = folder.gatefold(["explain", "a.png"]);
    assert_eq!(folded.code, 0, "{}", folded.out);
    let lines = |text: &str, what: &str| text.lines().filter(|line| line.contains(what)).count();
    assert_eq!(lines(&folded.out, "IDAT"), 1, "{}", folded.out);
    assert_eq!(lines(&folded.out, "IHDR"), 1);
    assert!(folded.out.contains('\u{d7}') && folded.out.contains("accepted under the policy"));
    let all = folder.gatefold(["explain", "--all", "a.png"]);
    assert!(lines(&all.out, "IDAT") > 100);

    let json = folder.gatefold(["explain", "--json", "a.png"]);
    let row = &json.rows()[0];
    let parts = row["parts"].as_array().unwrap();
    let header = parts.iter().find(|part| part["name"] == "IHDR").unwrap();
    assert_eq!((header["offset"].as_u64(), header["bytes"].as_u64()), (Some(8), Some(25)));
    assert_eq!(header["payload_bytes"], 13);
    assert_eq!(header["kind"], "header");
    assert_eq!(lines(&all.out, "IDAT"), parts.iter().filter(|part| part["name"] == "IDAT").count());
    assert_eq!(keys(&json.out)[..2], ["path", "verdict"]);
}

#[test]
fn findings_stand_where_they_were_found() {
    let picture = png(16, 16, 1);
    let folder = Folder::new().with("a.png", &[&picture[..], b"PK\x03\x04 and more"].concat());
    let ran = folder.gatefold(["explain", "--policy", "strict", "a.png"]);
    assert_eq!(ran.code, 1);
    let at = |what: &str| ran.out.find(what).unwrap_or_else(|| panic!("{what}: {}", ran.out));
    assert!(at("IEND") < at("trailing_data"));
    assert!(at("trailing_data") < at("50 4b 03 04"), "{}", ran.out);
    assert!(at("50 4b 03 04") < at("rejected under the policy \"strict\" as trailing_data"));
}

#[test]
fn a_rejected_file_is_explained_too() {
    let folder = Folder::new().with("a.png", &png(30, 20, 1));
    let ran = folder.gatefold(["explain", "--max-side", "29", "--square", "a.png"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("IHDR") && ran.out.contains("IDAT"), "{}", ran.out);
    let line = ran.out.lines().find(|line| line.trim_start().starts_with("NO  side")).unwrap();
    assert!(line.contains("30") && line.contains("at most 29"), "{line}");
    assert!(ran.out.lines().any(|line| line.trim_start().starts_with("NO  square")));

    let json = folder.gatefold(["explain", "--json", "--max-side", "29", "a.png"]);
    let row = &json.rows()[0];
    let limits = row["limits"].as_array().unwrap();
    let side = limits.iter().find(|limit| limit["name"] == "side").unwrap();
    assert_eq!((side["actual"].as_u64(), side["max"].as_u64()), (Some(30), Some(29)));
    assert_eq!(side["passed"], false);
    assert!(row["parts"].as_array().unwrap().len() >= 3);
}

#[test]
fn what_is_no_picture_is_explained_as_far_as_it_goes() {
    let folder = Folder::new().with("a.png", b"plain text").with("b.png", b"");
    for (name, code) in [("a.png", "unknown_format"), ("b.png", "empty")] {
        let ran = folder.gatefold(["explain", name]);
        assert_eq!(ran.code, 1);
        assert!(ran.out.contains(code), "{}", ran.out);
    }
}
