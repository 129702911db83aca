//! Pictures that die unless something claims them.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, header};
use gatefold::service::{Role, Settings};
use serde_json::Value;
use uuid::Uuid;

use crate::make;
use crate::support::*;

const UPLOAD: &str = "/media/image/upload";
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;
const DAY: Duration = Duration::from_millis(DAY_MILLIS);

fn pair(method: Method, path: &str) -> axum::http::request::Builder {
    request(method, path).header(header::AUTHORIZATION, format!("{}:{}", KEY.0, KEY.1))
}

fn sent(path: &str, body: impl Into<Body>) -> Request<Body> {
    pair(Method::POST, path).body(body.into()).unwrap()
}

fn picture(seed: u32) -> Vec<u8> {
    make::png(120, 80, seed)
}

impl Answer {
    /// The bare id of a success.
    #[track_caller]
    fn bare(&self) -> Uuid {
        assert_eq!(self.status, 200, "{:?}", self.body);
        assert!(self.header("content-type").starts_with("text/plain"));
        assert!(self.header("x-request-id").len() >= 8);
        let text = std::str::from_utf8(&self.body).unwrap();
        assert_eq!(text.len(), 36, "nothing else");
        text.parse().unwrap()
    }

    #[track_caller]
    fn fails(&self, status: u16, code: &str) -> String {
        let message = self.refuses(status, code, "message");
        let told = self.json();
        assert_eq!(told.as_object().unwrap().len(), 4, "{told}");
        assert_eq!(
            (&told["status"], &told["success"]),
            (&Value::from(status), &Value::from(false))
        );
        assert_eq!(told.get("data"), Some(&Value::Null));
        message
    }
}

fn of(id: Uuid) -> String {
    format!("/media/image/{id}")
}

async fn got(app: &App, id: Uuid) -> Answer {
    app.send(empty(pair(Method::GET, &of(id)))).await
}

#[tokio::test]
async fn a_picture_is_stored_and_replaced_under_its_id() {
    let app = App::new().await;
    let (first, second) = (picture(1), make::jpeg(60, 60, 2));
    let id = app.send(sent(&format!("{UPLOAD}?isTemp=true"), first.clone())).await.bare();
    let stored = got(&app, id).await;
    assert_eq!((stored.status.as_u16(), stored.header("content-type")), (200, "image/png"));
    assert_eq!(stored.body, first);
    for part in [file_part(&second), image_part(&second)] {
        let path = format!("{UPLOAD}/{id}");
        let replaced = app.send(formed(pair(Method::POST, &path), &[part])).await.bare();
        assert_eq!(replaced, id);
    }
    let after = got(&app, id).await;
    assert_eq!((after.header("content-type"), after.body.len()), ("image/jpeg", second.len()));
    assert_ne!(after.header("etag"), stored.header("etag"));
    // The same again is another image here.
    let again = app.send(sent(UPLOAD, second.clone())).await.bare();
    assert_ne!(again, id);
    for bytes in [make::webp(30, 30, 1), make::gif(30, 30, 2)] {
        app.send(sent(UPLOAD, streamed(&bytes))).await.bare();
    }
}

#[tokio::test]
async fn pictures_are_served_whole_sized_and_in_part() {
    let app = App::new().await;
    let bytes = picture(1);
    let id = app.send(sent(UPLOAD, bytes.clone())).await.bare();
    let asked = |query: &str, name: header::HeaderName, value: &str| {
        let head = pair(Method::GET, &format!("{}{query}", of(id))).header(name, value);
        app.send(empty(head))
    };
    let sized = asked("?size=60x0", header::ACCEPT, "*/*").await;
    assert_eq!((sized.status.as_u16(), sized.header("content-type")), (200, "image/png"));
    assert_eq!(sized.body[16..24], [0, 0, 0, 60, 0, 0, 0, 40]);
    assert!(sized.header("cache-control").starts_with("private"));
    let same = asked("?size=60x0", header::IF_NONE_MATCH, sized.header("etag")).await;
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
    let part = asked("", header::RANGE, "bytes=0-7").await;
    assert_eq!((part.status.as_u16(), &part.body[..]), (206, &bytes[..8]));
    assert_eq!(part.header("content-range"), format!("bytes 0-7/{}", bytes.len()));
    let beyond = asked("", header::RANGE, "bytes=9999999-").await;
    beyond.fails(416, "range_not_satisfiable");
    assert_eq!(beyond.header("content-range"), format!("bytes */{}", bytes.len()));
    for size in ["0x0", "x", "2049x1", "-1x1"] {
        let answer = asked(&format!("?size={size}"), header::ACCEPT, "*/*").await;
        answer.fails(400, "invalid");
    }
    asked("?size=9x9", header::ACCEPT, "text/html").await.fails(406, "not_acceptable");
    let head = app.send(empty(pair(Method::HEAD, &of(id)))).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), bytes.len().to_string());
}

#[tokio::test]
async fn what_nothing_claims_dies_after_a_day() {
    let (app, clock) = App::timed().await;
    let upload = |query: &str, seed| app.send(sent(&format!("{UPLOAD}{query}"), picture(seed)));
    let silent = upload("", 1).await.bare();
    let temporary = upload("?isTemp=TRUE", 2).await.bare();
    let profile = upload("?isTemp=false", 3).await.bare();
    let claimed = upload("?isTemp=true&isRelease=false", 4).await.bare();
    let claim = |id: Uuid| app.send(empty(pair(Method::POST, &format!("{}/claim", of(id)))));
    assert_eq!(claim(claimed).await.bare(), claimed);
    assert_eq!(claim(claimed).await.bare(), claimed, "a retry");
    // Updating a claimed image keeps it claimed, updating another begins its day anew.
    let update = |id: Uuid, seed| app.send(sent(&format!("{UPLOAD}/{id}"), picture(seed)));
    update(claimed, 5).await.bare();
    clock.advance(Duration::from_millis(DAY_MILLIS - 1));
    for id in [silent, temporary, profile, claimed] {
        assert_eq!(got(&app, id).await.status, 200);
    }
    update(temporary, 6).await.bare();
    clock.advance(Duration::from_millis(1));
    got(&app, silent).await.fails(404, "not_found");
    update(silent, 7).await.fails(404, "not_found");
    claim(silent).await.fails(404, "not_found");
    assert_eq!(got(&app, temporary).await.status, 200);
    assert_eq!(app.assets.sweep().await.unwrap().assets, 1);
    clock.advance(DAY * 30);
    assert_eq!(app.assets.sweep().await.unwrap().assets, 1);
    got(&app, temporary).await.fails(404, "not_found");
    for id in [profile, claimed] {
        assert_eq!(got(&app, id).await.status, 200);
    }
}

#[tokio::test]
async fn artwork_of_releases_has_rules_of_its_own_and_is_temporary() {
    let (app, clock) = App::timed().await;
    let path = format!("{UPLOAD}?isRelease=true&isTemp=false");
    for (bytes, code) in [
        (make::png(3000, 2999, 1), "side_too_short"),
        (make::jpeg(3001, 3000, 1), "not_square"),
        (make::cmyk_jpeg(3000, 3000), "wrong_color_model"),
    ] {
        app.send(sent(&path, bytes)).await.fails(422, code);
    }
    let artwork = make::jpeg(3000, 3000, 1);
    let id = app.send(sent(&path, artwork.clone())).await.bare();
    let plain = app.send(sent(UPLOAD, picture(1))).await.bare();
    // An image may become artwork, and an update says which rules hold.
    app.send(sent(&format!("{UPLOAD}/{plain}?isRelease=true"), picture(2)))
        .await
        .fails(422, "side_too_short");
    app.send(sent(&format!("{UPLOAD}/{plain}?isRelease=true"), artwork)).await.bare();
    app.send(sent(&format!("{UPLOAD}/{id}"), picture(3))).await.bare();
    clock.advance(DAY + Duration::from_secs(1));
    for id in [id, plain] {
        got(&app, id).await.fails(404, "not_found");
    }
}

#[tokio::test]
async fn flags_are_booleans() {
    let app = App::new().await;
    let id = app.send(sent(UPLOAD, picture(1))).await.bare();
    for query in [
        "isTemp=1",
        "isTemp=",
        "isTemp=yes",
        "isRelease=0",
        "isRelease=no",
        "isTemp=true&isTemp=true",
    ] {
        for path in [format!("{UPLOAD}?{query}"), format!("{UPLOAD}/{id}?{query}")] {
            let message = app.send(sent(&path, picture(2))).await.fails(400, "invalid");
            assert!(message.contains(query.split('=').next().unwrap()), "{message}");
        }
    }
    app.send(sent(&format!("{UPLOAD}?isTemp=%ff"), picture(2))).await.fails(400, "invalid");
}

#[tokio::test]
async fn who_may_do_what() {
    let app = App::new().await;
    let id = app.send(sent(UPLOAD, picture(1))).await.bare();
    app.key("reader", &[Role::Reader], "default", None).await;
    app.key("foreign", &Role::ALL, "another", None).await;
    app.key("scoped", &Role::ALL, "default", Some(Uuid::new_v4())).await;
    let asked = |method: Method, path: &str, value: &str| {
        app.send(empty(request(method, path).header(header::AUTHORIZATION, value)))
    };
    for right in [format!("{}:{}", KEY.0, KEY.1), basic(KEY)] {
        assert_eq!(asked(Method::GET, &of(id), &right).await.status, 200);
    }
    let token = format!("Bearer {}:{}", KEY.0, KEY.1);
    for wrong in ["", ":", "test", "test:", ":a-secret", "test:wrong", "Basic x", &token] {
        let answer = asked(Method::GET, &of(id), wrong).await;
        let message = answer.fails(401, "unauthenticated");
        assert!(!message.contains("a-secret") && !message.contains("wrong:"), "{message}");
        assert!(!answer.header("www-authenticate").is_empty());
    }
    app.send(empty(request(Method::GET, &of(id)))).await.fails(401, "unauthenticated");
    let writes = [UPLOAD.to_owned(), format!("{UPLOAD}/{id}"), format!("{}/claim", of(id))];
    for path in &writes {
        asked(Method::POST, path, "reader:s").await.fails(403, "forbidden");
        asked(Method::POST, path, "scoped:s").await.fails(403, "forbidden");
    }
    for path in &writes[1..] {
        asked(Method::POST, path, "foreign:s").await.fails(404, "not_found");
    }
    assert_eq!(asked(Method::GET, &of(id), "reader:s").await.status, 200);
    asked(Method::GET, &of(id), "foreign:s").await.fails(404, "not_found");
    asked(Method::GET, &of(id), "scoped:s").await.fails(403, "forbidden");
    // Nor are the images of other APIs here.
    let product = app.upload(&picture(9)).await;
    let product: Uuid = product["imageID"].as_str().unwrap().parse().unwrap();
    got(&app, product).await.fails(404, "not_found");
    for id in ["x", "..%2f..%2fetc", "%00", "%ff", &Uuid::nil().to_string()] {
        let key = format!("{}:{}", KEY.0, KEY.1);
        asked(Method::GET, &format!("/media/image/{id}"), &key).await.fails(404, "not_found");
        asked(Method::POST, &format!("{UPLOAD}/{id}"), &key).await.fails(404, "not_found");
        let path = format!("/media/image/{id}/claim");
        asked(Method::POST, &path, &key).await.fails(404, "not_found");
    }
    let answer = asked(Method::DELETE, &of(id), &basic(KEY)).await;
    answer.fails(405, "method_not_allowed");
}

#[tokio::test]
async fn what_is_refused() {
    let mut settings = Settings::default();
    let large = picture(1);
    settings.policies.audicient.limits.max_bytes = large.len() as u64 - 1;
    let app = App::set(settings).await;
    for body in [Body::from(large.clone()), streamed(&large)] {
        let message = app.send(sent(UPLOAD, body)).await.fails(413, "too_many_bytes");
        assert!(message.contains(&(large.len() - 1).to_string()), "{message}");
    }
    let as_form = formed(pair(Method::POST, UPLOAD), &[file_part(&large)]);
    app.send(as_form).await.fails(413, "too_many_bytes");
    app.send(sent(UPLOAD, Body::empty())).await.fails(400, "missing_file");
    app.send(sent(UPLOAD, b"hello".to_vec())).await.fails(422, "unknown_format");
    let both = [file_part(b"a"), image_part(b"b")];
    app.send(formed(pair(Method::POST, UPLOAD), &both)).await.fails(400, "duplicate_part");
    assert!(app.assets.list("default", None, 0, 9).await.unwrap().is_empty());
}
