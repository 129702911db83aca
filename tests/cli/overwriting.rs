//! No output replaces an input, nor any file that gatefold did not make unless that is asked for. What
//! would is refused before any work, with exit status 2 and the names.

use std::fs;

use crate::folder::{Folder, Ran, jpeg, png};
use crate::outputs::facts;

/// Refused before any work: nothing on standard output, and all of these words in the message.
fn refused(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    assert_eq!(ran.out, "");
    for word in words {
        assert!(ran.err.contains(word), "{word}: {}", ran.err);
    }
}

#[test]
fn nothing_is_overwritten_by_accident() {
    let folder = Folder::new()
        .with("x/cover.png", &png(30, 30, 1))
        .with("y/cover.png", &png(30, 30, 2))
        .with("z/COVER.jpg", &jpeg(30, 30, 3));
    let args = ["resize", "--size", "10x10", "-o", "out", "x", "y", "z"];
    assert_eq!(folder.gatefold(args).code, 0);
    // The same stem twice in one run: both are kept, in the order of the inputs.
    assert_eq!(folder.list("out"), ["COVER.jpg", "cover-2.png", "cover.png"]);

    // What was there before the run stays, and nothing is made beside it.
    fs::write(folder.join("out/cover.png"), "mine").unwrap();
    fs::remove_file(folder.join("out/COVER.jpg")).unwrap();
    let again = folder.gatefold(args);
    refused(&again, &["x/cover.png", "out/cover.png", "out/cover-2.png", "--overwrite"]);
    assert_eq!(fs::read(folder.join("out/cover.png")).unwrap(), b"mine");
    assert_eq!(folder.list("out"), ["cover-2.png", "cover.png"]);

    let forced = folder.gatefold([&args[..], &["--overwrite"]].concat());
    assert_eq!(forced.code, 0, "{}", forced.err);
    assert_eq!(facts(&fs::read(folder.join("out/cover.png")).unwrap()), ("png", 10, 10));
}

#[test]
fn resize_replaces_no_input_whatever_is_said() {
    let (one, two) = (png(30, 30, 1), png(30, 30, 2));
    let folder = Folder::new().with("a.png", &one).with("in/a.png", &two).with("in/sub/b.gif", b"");
    for overwrite in [&[][..], &["--overwrite"]] {
        let resize = |args: &[&str]| {
            let all = [&["resize", "--size", "10x10"][..], args, overwrite].concat();
            folder.gatefold(all)
        };
        refused(&resize(&["-o", ".", "./a.png"]), &["./a.png", "./a.png"]);
        // The output of one input would replace another one.
        refused(&resize(&["-o", "in", "a.png", "in/sub", "in/a.png"]), &["a.png", "in/a.png"]);
        refused(&resize(&["-o", "in/sub/..", "in"]), &["in/a.png", "in/sub/../a.png"]);
        // The second of one stem would be called a-2.png.
        fs::write(folder.join("in/a-2.png"), &one).unwrap();
        refused(&resize(&["-o", "in", "in"]), &["in/a-2.png"]);
        fs::remove_file(folder.join("in/a-2.png")).unwrap();
    }
    let ran = folder.gatefold(["process", "--size", "9x9", "-o", "a.png", "in"]);
    refused(&ran, &["a.png", "not a folder"]);
    assert_eq!(fs::read(folder.join("a.png")).unwrap(), one);
    assert_eq!(fs::read(folder.join("in/a.png")).unwrap(), two);
    assert_eq!(folder.list("."), ["a.png", "in"]);
}

#[test]
fn what_an_output_is_called_is_told_by_the_content_of_the_input() {
    let folder = Folder::new()
        .with("in/a.jpg", &png(30, 30, 1))
        .with("in/b.png", b"no picture")
        .with("out/a.jpg", b"mine")
        .with("out/b.png", b"mine");
    let ran = folder.gatefold(["resize", "--size", "10x10", "-o", "out", "in"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(folder.list("out"), ["a.jpg", "a.png", "b.png"]);
    assert_eq!(fs::read(folder.join("out/a.jpg")).unwrap(), b"mine");
}

#[test]
fn a_report_replaces_no_picture_and_nothing_but_an_earlier_report() {
    let picture = jpeg(40, 40, 1);
    let folder = Folder::new()
        .with("1.jpg", &picture)
        .with("2.jpg", &jpeg(40, 40, 2))
        .with("notes.html", b"<!doctype html><title>gatefold</title>")
        .with("rules.toml", b"square = true\n");
    // As a shell expands `--report *.jpg`.
    refused(&folder.gatefold(["process", "--report", "1.jpg", "2.jpg"]), &["--report 1.jpg"]);
    refused(
        &folder.gatefold(["process", "--overwrite", "--report", "1.jpg", "2.jpg"]),
        &["--report 1.jpg"],
    );
    for overwrite in [&[][..], &["--overwrite"]] {
        let process = |args: &[&str]| folder.gatefold([&["process"][..], args, overwrite].concat());
        refused(&process(&["--report", "./1.jpg", "1.jpg"]), &["./1.jpg", " 1.jpg"]);
        refused(&process(&["--report", "notes.html", "."]), &["notes.html", "./notes.html"]);
        let args = ["--policy", "rules.toml", "--report", "rules.toml", "1.jpg"];
        refused(&process(&args), &["rules.toml"]);
        refused(&process(&["--report", "-", "1.jpg"]), &["--report"]);
        // A rendition's name, in another spelling, and before there is a folder.
        let args = ["--size", "9x9", "-o", "out", "--report", "./out/1-9X9.jpg", "1.jpg"];
        refused(&process(&args), &["1.jpg", "out/1-9x9.jpg", "--report"]);
    }
    refused(&folder.gatefold(["process", "--report", "notes.html", "1.jpg"]), &["notes.html"]);
    assert!(folder.gatefold(["process", "--overwrite", "1.jpg"]).code == 2);
    assert_eq!(folder.list("."), ["1.jpg", "2.jpg", "notes.html", "rules.toml"]);
    assert_eq!(fs::read(folder.join("1.jpg")).unwrap(), picture);

    // A report takes the place of an earlier one, which is no input of the folder it lies in.
    for _ in 0..2 {
        let ran = folder.gatefold(["process", "--report", "page.html", "1.jpg"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    let ran = folder.gatefold(["process", "--json", "--report", "page.html", "."]);
    assert_eq!(ran.rows().len(), 4, "{}", ran.out);
    assert!(ran.err.contains("./page.html is left out"), "{}", ran.err);
    refused(&folder.gatefold(["process", "--report", "page.html", "page.html"]), &["page.html"]);
    let ran = folder.gatefold(["process", "--overwrite", "--report", "notes.html", "1.jpg"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn decode_replaces_no_input_and_nothing_without_being_asked() {
    let picture = png(12, 9, 1);
    let folder = Folder::new().with("a.png", &picture).with("b.png", b"mine");
    fs::create_dir(folder.join("out")).unwrap();
    refused(&folder.gatefold(["decode", "-o", "./a.png", "a.png"]), &["./a.png", " a.png"]);
    let ran = folder.gatefold(["decode", "--overwrite", "-o", "a.png", "./a.png"]);
    refused(&ran, &["a.png", "./a.png"]);
    refused(&folder.gatefold(["decode", "-o", "b.png", "a.png"]), &["b.png", "--overwrite"]);
    refused(&folder.gatefold(["decode", "--overwrite", "-o", "out", "a.png"]), &["out"]);
    assert_eq!(fs::read(folder.join("b.png")).unwrap(), b"mine");
    assert_eq!(folder.gatefold(["decode", "--overwrite", "-o", "b.png", "a.png"]).code, 0);
    assert_eq!(facts(&fs::read(folder.join("b.png")).unwrap()), ("png", 12, 9));
    assert_eq!(fs::read(folder.join("a.png")).unwrap(), picture);
}

#[test]
fn scripts_and_manual_pages_go_to_standard_output_alone() {
    let folder = Folder::new().with("bash", b"mine").with("resize", b"mine");
    assert_eq!(folder.gatefold(["completions", "bash"]).code, 0);
    assert_eq!(folder.gatefold(["man", "resize"]).code, 0);
    assert_eq!(folder.list("."), ["bash", "resize"]);
    assert_eq!(fs::read(folder.join("bash")).unwrap(), b"mine");
    assert_eq!(fs::read(folder.join("resize")).unwrap(), b"mine");
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, OpenOptions};
    use std::os::unix::fs::symlink;
    use std::process::Stdio;

    use super::{Folder, facts, jpeg, png, refused};

    #[test]
    fn an_input_under_another_name_is_still_an_input() {
        let picture = png(30, 30, 1);
        let folder = Folder::new().with("in/a.png", &picture).with("in/rules.toml", b"");
        fs::create_dir(folder.join("out")).unwrap();
        symlink("in", folder.join("same")).unwrap();
        fs::hard_link(folder.join("in/a.png"), folder.join("out/a.png")).unwrap();
        fs::hard_link(folder.join("in/a.png"), folder.join("out/a-9x9.png")).unwrap();
        symlink("../in/a.png", folder.join("out/link")).unwrap();
        symlink("../nowhere.png", folder.join("out/lost.png")).unwrap();
        for overwrite in [&[][..], &["--overwrite"]] {
            let run = |args: &[&str]| folder.gatefold([args, overwrite].concat());
            let (a, policy) = ("in/a.png", "same/rules.toml");
            refused(&run(&["resize", "--size", "9x9", "-o", "out", a]), &["out/a.png", a]);
            refused(&run(&["resize", "--size", "9x9", "-o", "same", a]), &["same/a.png", a]);
            refused(&run(&["process", "--size", "9x9", "-o", "out", a]), &["out/a-9x9.png", a]);
            for name in ["out/a.png", "out/link", "same/a.png"] {
                refused(&run(&["decode", "-o", name, a]), &[name, a]);
                refused(&run(&["process", "--report", name, a]), &[name, a]);
            }
            let args = ["process", "--policy", policy, "--report", "in/rules.toml", a];
            refused(&run(&args), &["in/rules.toml", policy]);
        }
        refused(&folder.gatefold(["decode", "-o", "out/lost.png", "in/a.png"]), &["out/lost.png"]);
        assert_eq!(fs::read(folder.join("in/a.png")).unwrap(), picture);

        // A link to another file is written through.
        fs::write(folder.join("nowhere.png"), "old").unwrap();
        let args = ["decode", "--overwrite", "-o", "out/lost.png", "in/a.png"];
        assert_eq!(folder.gatefold(args).code, 0);
        assert!(folder.join("out/lost.png").is_symlink());
        assert_eq!(facts(&fs::read(folder.join("nowhere.png")).unwrap()), ("png", 30, 30));
    }

    #[test]
    fn standard_output_into_an_input_is_refused() {
        let picture = jpeg(40, 40, 1);
        let folder = Folder::new().with("a.jpg", &picture).with("b.jpg", &jpeg(40, 40, 2));
        symlink("a.jpg", folder.join("link")).unwrap();
        let append = |name: &str| OpenOptions::new().append(true).open(folder.join(name)).unwrap();
        for args in [
            &["check", "b.jpg", "a.jpg"][..],
            &["check", "."],
            &["process", "--json", "link"],
            &["colors", "a.jpg"],
            &["duplicates", "a.jpg", "b.jpg"],
            &["explain", "a.jpg"],
            &["decode", "-o", "-", "a.jpg"],
            &["resize", "--size", "9x9", "-o", "out", "a.jpg"],
        ] {
            let ran = folder.command(args).stdout(append("a.jpg")).output().unwrap();
            let told = String::from_utf8_lossy(&ran.stderr);
            assert_eq!(ran.status.code(), Some(2), "{args:?}: {told}");
            assert!(told.contains("standard output"), "{told}");
            assert_eq!(fs::read(folder.join("a.jpg")).unwrap(), picture);
        }
        // Rows may be kept beside the pictures that they are about.
        fs::write(folder.join("rows"), "").unwrap();
        let ran = folder.command(["check", "--json", "."]).stdout(append("rows")).output().unwrap();
        assert_eq!(ran.status.code(), Some(0));
        assert_eq!(fs::read_to_string(folder.join("rows")).unwrap().lines().count(), 3);
    }

    #[test]
    fn standard_input_from_a_file_is_that_file() {
        let picture = png(30, 30, 1);
        let folder = Folder::new().with("a.png", &picture);
        let from = fs::File::open(folder.join("a.png")).unwrap();
        let args = ["decode", "--overwrite", "-o", "a.png", "-"];
        let ran = folder.command(args).stdin(from).output().unwrap();
        assert_eq!(ran.status.code(), Some(2));
        assert_eq!(fs::read(folder.join("a.png")).unwrap(), picture);
    }

    #[test]
    fn devices_and_pipes_are_written_and_not_replaced() {
        let folder = Folder::new().with("a.png", &png(12, 9, 1));
        for name in ["/dev/stdout", "/dev/fd/1", "-"] {
            let ran = folder.gatefold(["decode", "-o", name, "a.png"]);
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert_eq!(facts(&ran.raw), ("png", 12, 9), "{name}");
            // The shell has made the file: it is written, not replaced.
            let made = fs::File::create(folder.join("out")).unwrap();
            let ran = folder.command(["decode", "-o", name, "a.png"]).stdout(made).output();
            assert_eq!(ran.unwrap().status.code(), Some(0));
            assert_eq!(facts(&fs::read(folder.join("out")).unwrap()), ("png", 12, 9), "{name}");
        }
        assert_eq!(folder.gatefold(["decode", "-o", "/dev/null", "a.png"]).code, 0);
        let ran = folder.gatefold(["process", "--quiet", "--report", "/dev/stdout", "a.png"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.starts_with("<!doctype html>") && ran.out.ends_with("</html>\n"));

        let made = std::process::Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap();
        assert!(made.success());
        let reader = std::process::Command::new("cat")
            .arg(folder.join("pipe"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        assert_eq!(folder.gatefold(["decode", "-o", "pipe", "a.png"]).code, 0);
        assert_eq!(facts(&reader.wait_with_output().unwrap().stdout), ("png", 12, 9));
    }
}
