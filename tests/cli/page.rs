//! The page of `process --report`.

use std::fs;

use crate::folder::{Folder, jpeg, png};

fn page(folder: &Folder, args: &[&str]) -> String {
    let ran = folder.gatefold([&["process", "--report", "page.html"][..], args].concat());
    assert!(ran.code <= 1, "{}{}", ran.out, ran.err);
    fs::read_to_string(folder.join("page.html")).unwrap()
}

#[test]
fn every_file_has_a_card_and_nothing_is_loaded() {
    let folder = Folder::new()
        .with("in/1.jpg", &jpeg(300, 200, 1))
        .with("in/2.png", &png(100, 100, 2))
        .with("in/3.jpg", &jpeg(300, 200, 1))
        .with("in/4.png", b"no picture");
    let html = page(&folder, &["--size", "50x50", "in"]);
    assert_eq!(html.matches("<article").count(), 4);
    assert_eq!(html.matches("<article class=\"accepted").count(), 3);
    assert_eq!(html.matches("class=\"player ").count(), 9, "three for each accepted picture");
    assert!(html.contains("unknown_format"));
    // The duplicate leads to the card of the first one.
    assert!(html.contains("id=\"f1\"") && html.contains("<a href=\"#f1\">in/1.jpg</a>"));
    assert!(html.contains("50 \u{d7} 50 jpeg"));
    // Nothing but data and places on the page itself is referred to.
    for attribute in ["src=\"", "href=\""] {
        for (at, _) in html.match_indices(attribute) {
            let target = &html[at + attribute.len()..];
            assert!(
                target.starts_with("data:image/") || target.starts_with("#f"),
                "{}",
                &target[..40]
            );
        }
    }
    assert!(!html.contains("url(") && !html.contains("@import") && !html.contains("<script"));
    assert!(!html.contains("{{"), "a place was not filled");
    // Pictures are small renditions, not the originals.
    assert!(folder.list(".").contains(&"page.html".to_owned()));
    assert_eq!(folder.list("."), ["in", "page.html"], "no half-written file is left");
}

#[test]
fn the_extra_pictures_of_the_page_stay_out_of_the_rows() {
    let folder = Folder::new().with("a.png", &png(80, 80, 1));
    let ran =
        folder.gatefold(["process", "--json", "--report", "p.html", "--size", "20x20", "a.png"]);
    assert_eq!(ran.rows()[0]["renditions"].as_array().unwrap().len(), 1);
}

#[cfg(unix)]
#[test]
fn hostile_names_stay_text() {
    let names = [
        "\"><img src=x onerror=alert(1)>.png",
        "' onmouseover='alert(1)'.png",
        "{{style}}.png",
        "&lt;b&gt;.png",
        "<svg onload=alert(1)>.gif",
    ];
    let mut folder = Folder::new();
    for (number, name) in (1..).zip(names) {
        let bytes =
            if name.ends_with("gif") { b"no picture".to_vec() } else { png(20, 20, number) };
        folder = folder.with(&format!("in/{name}"), &bytes);
    }
    // Spoofed names end up in messages, too.
    folder = folder.with("in/<i>.jpg", &png(20, 20, 9));
    let html = page(&folder, &["in"]);
    assert_eq!(html.matches("<article").count(), 6);
    for raw in ["<img src=x", "<svg onload", "' onmouseover", "<i>.jpg", "<b>.png"] {
        assert!(!html.contains(raw), "{raw}");
    }
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"));
    assert!(html.contains("{{style}}.png") && html.contains("&amp;lt;b&amp;gt;.png"));
    assert_eq!(html.matches("</style>").count(), 1);
}

#[test]
fn a_report_that_cannot_be_written_is_a_failure() {
    let folder = Folder::new().with("a.png", &png(20, 20, 1));
    let ran = folder.gatefold(["process", "--report", "no/such/folder/p.html", "a.png"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("p.html"), "{}", ran.err);
}
