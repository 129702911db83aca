//! Keys: those of a process end with it, those of a service stay in its folder, and no command makes
//! a folder by mistake.

use gatefold::service::{Assets, Role, Settings};

use crate::folder::Folder;
use crate::serving::{PICTURE, Service};

const GIVEN: &str = "trial:secret";

fn keys(folder: &Folder) -> Vec<serde_json::Value> {
    folder.gatefold(["keys", "list", "--json"]).rows()
}

/// Stores a key as an embedder, or an earlier version, does.
fn store(folder: &Folder, id: &str, roles: &[Role]) {
    let work = async {
        let data = folder.join("gatefold-data");
        let assets = Assets::open(&data, Settings::default()).await.unwrap();
        assets.keyring().put(id, "stored", roles, None, None).await.unwrap();
        assets.close().await;
    };
    tokio::runtime::Runtime::new().unwrap().block_on(work);
}

#[test]
fn a_key_that_a_process_was_given_ends_with_it() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--key", GIVEN]);
    assert_eq!(service.upload(GIVEN, PICTURE).0, 200);
    assert_eq!(service.upload("trial:wrong", PICTURE).0, 401);
    assert_eq!(keys(&folder), [] as [serde_json::Value; 0]);
    service.end();

    let mut service = Service::start(&folder, &[]);
    let first = service.first_key();
    assert_eq!(service.upload(GIVEN, PICTURE).0, 401);
    assert_eq!(service.upload(&first, PICTURE).0, 200);
    service.end();

    let service = Service::start(&folder, &["--key", "other:secret"]);
    assert_eq!(service.upload(GIVEN, PICTURE).0, 401);
    assert_eq!(service.upload(&first, PICTURE).0, 200);
    let (log, _) = service.end();
    assert!(!log.contains("WARN"), "{log}");
}

#[test]
fn a_given_key_that_an_earlier_version_stored_is_told_and_ended() {
    let folder = Folder::new();
    store(&folder, "trial", &Role::ALL);
    // Without --key it works on, but not in silence.
    let service = Service::start(&folder, &[]);
    assert_eq!(service.upload("trial:stored", PICTURE).0, 200);
    let (log, _) = service.end();
    assert!(log.contains("WARN") && log.contains("trial") && log.contains("revoke"), "{log}");

    let service = Service::start(&folder, &["--key", GIVEN]);
    assert_eq!(service.upload("trial:stored", PICTURE).0, 401);
    assert_eq!(service.upload(GIVEN, PICTURE).0, 200);
    let (log, _) = service.end();
    assert!(log.contains("WARN") && log.contains("trial") && log.contains("revoked"), "{log}");
    assert!(keys(&folder)[0]["revoked_at"].is_string());

    let service = Service::start(&folder, &[]);
    assert_eq!(service.upload("trial:stored", PICTURE).0, 401);
    assert_eq!(service.upload(GIVEN, PICTURE).0, 401);
}

#[test]
fn a_key_that_was_made_to_stay_is_not_ended_by_giving_its_id() {
    let folder = Folder::new();
    let mut service = Service::start(&folder, &[]);
    let made = service.first_key();
    service.end();
    store(&folder, "reports", &[Role::Reader]);
    let (id, _) = made.split_once(':').unwrap();
    for id in [id, "reports"] {
        let given = format!("{id}:hidden");
        let args = ["serve", "--listen", "127.0.0.1:0", "--key", &given];
        let ran = folder.gatefold(args);
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains(id) && !ran.err.contains("hidden"), "{}", ran.err);
    }
    let service = Service::start(&folder, &[]);
    assert_eq!(service.upload(&made, PICTURE).0, 200);
}

#[test]
fn keys_of_a_folder_without_a_service_are_refused_and_nothing_is_made() {
    let folder = Folder::new().with("pictures/a.txt", b"mine").with("empty/catalog.sqlite", b"");
    for data in ["typo", "pictures", "empty", "pictures/a.txt"] {
        for args in [&["create", "--role", "reader"][..], &["list"], &["revoke", "a"]] {
            let ran = folder.gatefold([&["keys"], args, &["--data", data]].concat());
            assert_eq!(ran.code, 3, "{data} {args:?}: {}", ran.err);
            assert!(ran.err.contains(data) && ran.out.is_empty(), "{}", ran.err);
        }
    }
    let ran = folder.gatefold(["keys", "create", "--role", "reader", "--data", "typo"]);
    assert!(ran.err.contains("gatefold serve"), "{}", ran.err);
    assert_eq!(folder.list("."), ["empty", "pictures"]);
    assert_eq!(folder.list("pictures"), ["a.txt"]);
    assert_eq!(folder.list("empty"), ["catalog.sqlite"]);
    assert_eq!(std::fs::read(folder.join("empty/catalog.sqlite")).unwrap(), b"");
}

#[test]
fn links_that_nobody_else_can_follow_are_warned_of() {
    let folder = Folder::new();
    let log = |address: &str, url: &[&str]| {
        let all = [&["--listen", address, "--key", GIVEN], url].concat();
        Service::listen(&folder, &all).end().0
    };
    let (all, own) = ("0.0.0.0:0", "127.0.0.1:0");
    let warned = log(all, &[]);
    assert!(warned.contains("WARN") && warned.contains("--public-url"), "{warned}");
    let local = ["--public-url", "http://localhost:8080"];
    assert!(log(all, &local).contains("WARN"));
    assert!(!log(all, &["--public-url", "https://images.example"]).contains("WARN"));
    assert!(!log(own, &[]).contains("WARN"));
    assert!(!log(own, &local).contains("WARN"));
}
