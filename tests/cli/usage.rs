//! Exit codes, usage, and what is not about any one file.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::folder::{Folder, png};

#[test]
fn the_exit_status_tells_how_it_went() {
    let folder = Folder::new().with("good.png", &png(8, 8, 1)).with("bad.png", b"not a picture");
    assert_eq!(folder.gatefold(["check", "good.png"]).code, 0);
    assert_eq!(folder.gatefold(["check", "good.png", "bad.png"]).code, 1);
    assert_eq!(folder.gatefold(["check", "good.png", "missing.png"]).code, 3);
    // What could not be read is the stronger of the two, in either order.
    assert_eq!(folder.gatefold(["check", "missing.png", "bad.png"]).code, 3);
    assert_eq!(folder.gatefold(["check", "bad.png", "missing.png"]).code, 3);
    for command in ["process", "colors", "explain", "duplicates"] {
        assert_eq!(folder.gatefold([command, "good.png"]).code, 0, "{command}");
        assert_eq!(folder.gatefold([command, "bad.png"]).code, 1, "{command}");
        assert_eq!(folder.gatefold([command, "missing.png"]).code, 3, "{command}");
    }
}

#[test]
fn what_makes_no_sense_is_usage() {
    let folder =
        Folder::new().with("good.png", &png(8, 8, 1)).with("wrong.toml", b"sqare = true\n");
    let wrong: [&[&str]; 16] = [
        &[],
        &["chek"],
        &["check"],
        &["check", "--no-such-option", "good.png"],
        &["check", "--policy", "mov", "good.png"],
        &["check", "--policy", "wrong.toml", "good.png"],
        &["check", "--max-bytes", "many", "good.png"],
        &["check", "--formats", "tiff", "good.png"],
        &["check", "-", "-"],
        &["check", "--jobs", "0", "good.png"],
        &["resize", "good.png", "-o", "out"],
        &["resize", "--size", "0x0", "-o", "out", "good.png"],
        &["resize", "--size", "10x10", "--quality", "0", "-o", "out", "good.png"],
        &["resize", "--size", "10x10", "--focus", "0,0", "-o", "out", "good.png"],
        &["process", "--size", "10x10:round", "good.png"],
        &["process", "-o", "out", "good.png"],
    ];
    for args in wrong {
        let ran = folder.gatefold(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{args:?}");
    }
    // Nothing was made on the way to the mistake.
    assert!(!folder.join("out").exists());
}

#[test]
fn help_names_defaults_units_and_examples() {
    let folder = Folder::new();
    for command in ["check", "process", "colors", "resize", "explain", "duplicates", "decode"] {
        let help = folder.gatefold([command, "--help"]);
        assert_eq!(help.code, 0);
        assert!(help.out.contains("Examples:"), "{command}");
        assert!(help.out.contains("[default policy: 20MiB]"), "{command}");
    }
    let version = folder.gatefold(["--version"]);
    assert_eq!(version.out.trim(), format!("gatefold {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_and_manual_pages() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.gatefold(["completions", shell]);
        assert_eq!(script.code, 0, "{shell}");
        assert!(script.out.contains("duplicates"), "{shell}");
    }
    let page = folder.gatefold(["man"]);
    assert!(page.out.contains(".TH GATEFOLD 1"), "{}", &page.out[..200]);
    let page = folder.gatefold(["man", "resize"]);
    assert!(page.out.contains(".TH GATEFOLD-RESIZE 1") && page.out.contains("background"));
    assert_eq!(folder.gatefold(["man", "chek"]).code, 2);
}

#[test]
fn quiet_says_nothing_but_the_status() {
    let folder = Folder::new().with("a.png", &png(8, 8, 1)).with("b.png", b"broken");
    for command in ["check", "process", "colors", "explain", "duplicates"] {
        let path = if command == "explain" { "b.png" } else { "." };
        let ran = folder.gatefold([command, "--quiet", path]);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (1, "", ""), "{command}");
    }
    // JSON was asked for, so it comes.
    assert_eq!(folder.gatefold(["check", "-q", "--json", "."]).rows().len(), 2);
}

#[test]
fn colors_only_where_they_can_be_seen() {
    let folder = Folder::new().with("a.png", &png(8, 8, 1));
    let escape = '\x1b';
    for command in ["check", "process", "colors", "explain", "duplicates"] {
        let piped = folder.gatefold([command, "a.png"]);
        assert!(!piped.out.contains(escape), "{command}");
        let never = folder.gatefold([command, "--color", "never", "a.png"]);
        assert_eq!(never.out, piped.out, "{command}");
    }
    let always = folder.gatefold(["colors", "--color", "always", "a.png"]);
    assert!(always.out.contains("\x1b[48;2;"), "true colour swatches");
    let unset = folder.command(["colors", "a.png"]).env("NO_COLOR", "1").output().unwrap();
    assert!(!unset.stdout.contains(&(escape as u8)));
}

#[test]
fn a_reader_that_has_enough_ends_the_run_quietly() {
    let mut folder = Folder::new();
    for number in 0..300 {
        folder = folder.with(&format!("{number:03}.png"), &png(8, 8, number));
    }
    for args in [&["check", "--json", "."][..], &["process", "."]] {
        let mut child =
            folder.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.contains("000.png"));
        let ended = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{args:?}");
        assert_eq!(ended.status.code(), Some(0), "{args:?}");
    }
}
