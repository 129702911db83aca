//! Public links: sizes, formats, tags.

use axum::body::Body;
use axum::http::{Method, header};
use gatefold::{Format, Pipeline, Policy, Upload};

use crate::make;
use crate::support::*;

fn open(path: &str) -> axum::http::request::Builder {
    request(Method::GET, path)
}

fn size_of(bytes: &[u8]) -> (Format, String) {
    let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
    let inspection = pipeline.inspect(&Upload::new(bytes)).unwrap();
    (inspection.format().unwrap(), inspection.size().unwrap().to_string())
}

#[tokio::test]
async fn sizes_are_served_as_asked() {
    let app = App::new().await;
    let path = public_path(&app.upload(&make::jpeg(900, 600, 1)).await);
    for (query, size) in [
        ("", "400x400"),
        ("?size=300x200", "300x200"),
        ("?size=90x0", "90x60"),
        ("?size=0x90", "135x90"),
        ("?size=2048x1024", "900x450"),
    ] {
        let answer = app.send(open(&format!("{path}{query}")).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 200, "{query}: {:?}", answer.body);
        assert_eq!(answer.header("content-type"), "image/jpeg");
        assert_eq!(answer.header("vary"), "Accept");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("cache-control").starts_with("public, max-age="));
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        assert_eq!(size_of(&answer.body), (Format::Jpeg, size.to_owned()), "{query}");
    }
    for size in
        ["0x0", "2049x1", "1x2049", "400", "axb", "", "-1x4", "400X400", "4e2x4", "400x400x400"]
    {
        let path = format!("{path}?size={size}");
        let answer = app.send(open(&path).body(Body::empty()).unwrap()).await;
        answer.refuses(400, "invalid", "error");
    }
    let twice = open(&format!("{path}?size=1x1&size=2x2")).body(Body::empty()).unwrap();
    app.send(twice).await.refuses(400, "invalid", "error");
}

#[tokio::test]
async fn formats_are_negotiated() {
    let app = App::new().await;
    let opaque = public_path(&app.upload(&make::png(64, 64, 1)).await);
    let photo = public_path(&app.upload(&make::jpeg(64, 64, 2)).await);
    let alpha = make::png_with(64, 64, 3, |encoder| encoder.set_trns(&[0, 1, 0, 2, 0, 3][..]));
    let alpha = public_path(&app.upload(&alpha).await);
    let sdk = "image/jpeg;q=1, image/png;q=0.7, image/webp;q=0";
    let chrome = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
    for (path, accept, expected) in [
        (&opaque, sdk, "image/jpeg"),
        (&photo, sdk, "image/jpeg"),
        (&alpha, sdk, "image/png"),
        (&opaque, chrome, "image/png"),
        (&photo, chrome, "image/jpeg"),
        (&photo, "image/webp", "image/webp"),
        (&photo, "image/png", "image/png"),
        (&alpha, "image/jpeg", "image/jpeg"),
        (&alpha, "image/webp", "image/webp"),
        (&photo, "image/*;q=0.5, image/jpeg;q=0", "image/png"),
    ] {
        let asked = open(&format!("{path}?size=32x32")).header(header::ACCEPT, accept);
        let answer = app.send(asked.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 200, "{accept}");
        assert_eq!(answer.header("content-type"), expected, "{path} {accept}");
        assert_eq!(size_of(&answer.body).0.media_type(), expected);
    }
    for accept in ["text/html", "image/jpeg;q=0, image/png;q=0, image/webp;q=0", "image/avif"] {
        let asked = open(&photo).header(header::ACCEPT, accept).body(Body::empty()).unwrap();
        let answer = app.send(asked).await;
        answer.refuses(406, "not_acceptable", "error");
        assert_eq!(answer.header("vary"), "Accept");
    }
}

#[tokio::test]
async fn tags_name_what_is_served() {
    let app = App::new().await;
    let image = app.upload(&make::jpeg(90, 60, 1)).await;
    let path = public_path(&image);
    let answer = app.send(open(&path).body(Body::empty()).unwrap()).await;
    let etag = answer.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'));
    let has = |tags: &str, path: &str| {
        let asked = open(path).header(header::IF_NONE_MATCH, tags);
        app.send(asked.body(Body::empty()).unwrap())
    };
    for tags in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        let answer = has(&tags, &path).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0), "{tags}");
        assert_eq!(answer.header("etag"), etag);
        assert_eq!(answer.header("vary"), "Accept");
        assert!(answer.header("cache-control").starts_with("public"));
        assert!(answer.headers.get("content-type").is_none());
        assert!(answer.header("x-request-id").len() >= 8);
    }
    assert_eq!(has("\"x\"", &path).await.status, 200);
    assert_eq!(has(&etag, &format!("{path}?size=10x10")).await.status, 200);

    let head = request(Method::HEAD, &path).body(Body::empty()).unwrap();
    let head = app.send(head).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), answer.header("content-length"));
    assert_eq!(head.header("etag"), etag);

    let replaced = form(Method::PUT, &own_path(&image), &[image_part(&make::jpeg(90, 60, 2))]);
    assert_eq!(app.send(replaced).await.status, 200);
    let after = has(&etag, &path).await;
    assert_eq!(after.status, 200);
    assert_ne!(after.header("etag"), etag);
    assert_ne!(after.body, answer.body);
}

#[tokio::test]
async fn pages_of_other_origins_may_read_pictures() {
    let app = App::new().await;
    let path = public_path(&app.upload(&make::jpeg(90, 60, 1)).await);
    let asked = open(&path).header(header::ORIGIN, "https://shop.example");
    let answer = app.send(asked.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let asked = open(&format!("{path}?size=0x0")).header(header::ORIGIN, "https://shop.example");
    let answer = app.send(asked.body(Body::empty()).unwrap()).await;
    answer.refuses(400, "invalid", "error");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let before = request(Method::OPTIONS, &path)
        .header(header::ORIGIN, "https://shop.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET");
    let answer = app.send(before.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("access-control-allow-methods").contains("GET"));
}

#[tokio::test]
async fn a_picture_is_served_in_so_many_sizes_and_no_more() {
    let rules = "[policies.moov.renditions]\nmax_sizes = 2";
    let app = App::set(toml::from_str(rules).unwrap()).await;
    let path = public_path(&app.upload(&make::jpeg(90, 60, 1)).await);
    let asked = |size: &str| get(&format!("{path}?size={size}"));
    for size in ["10x10", "0x20"] {
        assert_eq!(app.send(asked(size)).await.status, 200);
    }
    let message = app.send(asked("11x11")).await.refuses(400, "too_many_sizes", "error");
    assert!(message.contains("2 sizes already, and at most 2"), "{message}");
    // What it has, and the size that links have by default, go on.
    for path in [format!("{path}?size=10x10"), path.clone()] {
        assert_eq!(app.send(get(&path)).await.status, 200);
    }
}

#[tokio::test]
async fn a_policy_may_name_the_sizes_of_its_links() {
    let rules = "[policies.moov.renditions]\nsizes = [\"20x0\"]";
    let app = App::set(toml::from_str(rules).unwrap()).await;
    let path = public_path(&app.upload(&make::jpeg(90, 60, 1)).await);
    for (query, status) in [("?size=20x0", 200), ("", 200), ("?size=20x20", 400)] {
        assert_eq!(app.send(get(&format!("{path}{query}"))).await.status, status, "{query}");
    }
}
