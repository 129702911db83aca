//! `gatefold backup`, `restore` and `store`, beside a service that runs.

use std::process::Stdio;

use crate::folder::{Folder, png};
use crate::serving::Service;

const KEY: &str = "trial:secret";

/// Uploads, and tells the path of each original.
fn uploaded(service: &Service, numbers: std::ops::Range<u32>) -> Vec<String> {
    let upload = |number| {
        let (status, _, body) = service.upload(KEY, &png(20, 20, number));
        assert_eq!(status, 200);
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        format!("/{}", body["data"]["key"].as_str().unwrap())
    };
    numbers.map(upload).collect()
}

#[test]
fn what_is_backed_up_while_the_service_runs_is_restored_and_served() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--key", KEY, "--data", "kept"]);
    let paths = uploaded(&service, 1..6);
    let ran = folder.gatefold(["backup", "copy", "--data", "kept"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("5 blobs, 5 of them new"), "{}", ran.out);
    let more = uploaded(&service, 6..8);
    let ran = folder.gatefold(["backup", "copy", "--data", "kept"]);
    assert!(ran.out.contains("7 blobs, 2 of them new"), "{}{}", ran.out, ran.err);
    let ran = folder.gatefold(["store", "check", "--data", "copy"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);

    let ran = folder.gatefold(["restore", "copy", "--data", "anew"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let restored = Service::start(&folder, &["--key", KEY, "--data", "anew"]);
    for path in paths.iter().chain(&more) {
        let (first, second) = (service.get(path), restored.get(path));
        assert_eq!((first.0, second.0), (200, 200));
        assert!(first.2 == second.2, "{path}");
    }
    uploaded(&restored, 20..21);
    for args in [["restore", "copy", "--data", "anew"], ["restore", "kept", "--data", "other"]] {
        let ran = folder.gatefold(args);
        assert_eq!(ran.code, 3, "{}", ran.err);
    }
    assert!(!folder.join("other").exists());
    let ran = folder.gatefold(["serve", "--listen", "127.0.0.1:0", "--data", "copy"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("is a backup"), "{}", ran.err);
}

#[test]
fn a_check_tells_what_is_wrong_by_its_exit_status() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--key", KEY]);
    uploaded(&service, 1..4);
    let check = |more: &[&str]| folder.gatefold([&["store", "check"], more].concat());
    let ran = check(&[]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("3 blobs that records name"), "{}", ran.out);

    std::fs::write(folder.join("gatefold-data/blobs/whose"), b"?").unwrap();
    let ran = check(&["--json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let rows: Vec<serde_json::Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), &rows[0]["fault"]), (2, &"unnamed".into()));
    assert_eq!((&rows[0]["path"], &rows[1]["unnamed"]), (&"blobs/whose".into(), &1.into()));
    // Nothing is moved beneath a service.
    assert_eq!(check(&["--repair"]).code, 3);
    drop(service);
    let ran = check(&["--repair"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("now set-aside/"), "{}", ran.out);
    assert!(!folder.join("gatefold-data/blobs/whose").exists());
    assert_eq!(check(&["--quick"]).code, 0);
}

#[test]
fn a_start_without_its_database_tells_what_to_do_and_removes_nothing() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--key", KEY]);
    uploaded(&service, 1..21);
    drop(service);
    for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
        let _ = std::fs::remove_file(folder.join("gatefold-data").join(name));
    }
    let files = || {
        let folders = std::fs::read_dir(folder.join("gatefold-data/blobs")).unwrap();
        let folders = folders.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
        folders.map(|path| std::fs::read_dir(path).unwrap().count()).sum::<usize>()
    };
    assert_eq!(files(), 20);
    let mut command = folder.command(["serve", "--listen", "127.0.0.1:0"]);
    let ran = command.env_remove("GATEFOLD_DATA").stdout(Stdio::piped()).output().unwrap();
    let told = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(3), "{told}");
    assert!(told.contains("missing or empty") && told.contains("gatefold restore"), "{told}");
    assert_eq!(files(), 20);
    for args in [&["store", "check"][..], &["backup", "copy"], &["store", "adopt"]] {
        assert_eq!(folder.gatefold(args).code, 3, "{args:?}");
    }
    assert!(!folder.join("copy").exists());
}

#[test]
fn keys_and_copies_of_a_folder_that_is_no_store_make_nothing() {
    let folder = Folder::new();
    for args in [
        &["keys", "create", "--role", "reader", "--data", "typo"][..],
        &["keys", "list", "--data", "typo"],
        &["keys", "revoke", "a", "--data", "typo"],
        &["backup", "copy", "--data", "typo"],
        &["restore", "typo", "--data", "anew"],
        &["store", "check", "--data", "typo"],
        &["store", "adopt", "--data", "typo"],
    ] {
        let ran = folder.gatefold(args);
        assert_eq!(ran.code, 3, "{args:?}: {}", ran.err);
        assert!(ran.err.contains("typo"), "{args:?}: {}", ran.err);
    }
    for name in ["typo", "copy", "anew"] {
        assert!(!folder.join(name).exists(), "{name}");
    }
}
