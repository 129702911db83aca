//! What clients see of a store that opens, is damaged, busy or full.

use axum::body::Body;
use axum::http::{Method, header};
use gatefold::http::{self, Options};
use gatefold::service::{Assets, Role, Settings};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::make;
use crate::support::*;

/// An application on a directory of its own.
async fn on_disk(settings: Settings) -> (tempfile::TempDir, App) {
    let directory = tempfile::tempdir().unwrap();
    let assets = Assets::open(directory.path(), settings).await.unwrap();
    assets.keyring().put(KEY.0, KEY.1, &Role::ALL, None, None).await.unwrap();
    let options = Options { requests_per_second: 0.0, ..Options::default() };
    let router = http::app(assets.clone(), options.clone());
    (directory, App { assets, router, options })
}

fn only_blob(directory: &std::path::Path) -> std::path::PathBuf {
    let folders = std::fs::read_dir(directory.join("blobs")).unwrap();
    let folder = folders.map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
}

/// A picture that no compression makes small.
fn noise() -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let samples: Vec<u8> = (0..700 * 700).map(|_| next()).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 700, 700);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&samples).unwrap();
    bytes
}

#[tokio::test]
async fn while_the_store_opens_the_process_is_alive_and_not_ready() {
    let (router, opening) = http::starting();
    let get = |path: &str| send_to(&router, empty(request(Method::GET, path)));
    assert_eq!(get("/healthz").await.status, 200);
    for path in ["/readyz", "/", "/images/x", "/metrics"] {
        let answer = get(path).await;
        assert_eq!(answer.status, 503, "{path}");
        assert_eq!(
            (answer.header("x-gatefold-code"), answer.header("retry-after")),
            ("opening", "1")
        );
    }
    let (_directory, app) = on_disk(Settings::default()).await;
    opening.open(app.router.clone());
    assert_eq!(get("/readyz").await.status, 200);
    assert_eq!(get("/healthz").await.status, 200);
    let answer = send_to(&router, empty(signed(Method::GET, &images()))).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_damaged_original_breaks_off_before_its_end_and_its_ranges_are_served() {
    let mut settings = Settings::default();
    settings.policies.moov.renditions.default_size = None;
    let (directory, app) = on_disk(settings).await;
    let picture = noise();
    let stored = app.upload(&picture).await;
    let path = only_blob(directory.path());
    let mut bytes = std::fs::read(&path).unwrap();
    assert!(bytes.len() > 300_000, "{} bytes are one piece", bytes.len());
    let link = public_path(&stored);
    let original = app.send(empty(request(Method::GET, &link))).await;
    assert_eq!((original.status.as_u16(), original.body.len()), (200, bytes.len()));

    bytes[1000] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let response = app.router.clone().oneshot(empty(request(Method::GET, &link))).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.into_body().collect().await.is_err());
    let part = request(Method::GET, &link).header(header::RANGE, "bytes=0-99");
    assert_eq!(app.send(empty(part)).await.status, 206);

    std::fs::write(&path, &bytes[..500]).unwrap();
    app.send(empty(request(Method::GET, &link))).await.refuses(500, "blob_damaged", "error");
    let part = request(Method::GET, &link).header(header::RANGE, "bytes=0-99");
    app.send(empty(part)).await.refuses(500, "blob_damaged", "error");
    // The refusal of a duplicate has put them right.
    app.send(post_image(&picture)).await.refuses(409, "duplicate", "error");
    assert_eq!(app.send(empty(request(Method::GET, &link))).await.body, original.body);
}

#[tokio::test]
async fn a_busy_database_is_a_504_and_a_full_disk_not_ready() {
    let storage_timeout = std::time::Duration::from_millis(400);
    let settings = Settings { storage_timeout, ..Settings::default() };
    let (directory, app) = on_disk(settings).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new();
    let file = directory.path().join("catalog.sqlite");
    let pool = sqlx::SqlitePool::connect_with(options.filename(file)).await.unwrap();
    let lock = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let told = app.send(post_image(&make::png(9, 9, 1))).await.refuses(504, "timeout", "error");
    assert!(told.contains("database"), "{told}");
    let mut ready = app.send(empty(request(Method::GET, "/readyz"))).await;
    // What was written a moment ago counts for a second.
    while ready.status == 200 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        ready = app.send(empty(request(Method::GET, "/readyz"))).await;
    }
    assert_eq!((ready.status.as_u16(), ready.header("x-gatefold-code")), (503, "timeout"));
    lock.rollback().await.unwrap();
    assert_eq!(app.send(post_image(&make::png(9, 9, 1))).await.status, 201);

    let settings = Settings { min_free_bytes: u64::MAX, ..Settings::default() };
    let (_directory, app) = on_disk(settings).await;
    let ready = app.send(request(Method::GET, "/readyz").body(Body::empty()).unwrap()).await;
    assert_eq!((ready.status.as_u16(), ready.header("x-gatefold-code")), (503, "storage_full"));
}
