//! Editors' files: uploaded with a key, served to anybody who knows theirs.

use axum::body::Body;
use axum::http::{Method, header};
use axum::{Router, http::Request};
use gatefold::http::backoffice;
use gatefold::service::{Role, Settings};
use uuid::Uuid;

use crate::make;
use crate::support::*;

const UPLOAD: &str = "/upload/image";

fn keyed(method: Method, path: &str) -> axum::http::request::Builder {
    request(method, path).header("x-api-key", format!("{}:{}", KEY.0, KEY.1))
}

fn sent(bytes: &[u8]) -> Request<Body> {
    formed(keyed(Method::POST, UPLOAD), &[image_part(bytes)])
}

impl Answer {
    /// The path of the key that a success tells.
    #[track_caller]
    fn key(&self) -> String {
        assert_eq!(self.status, 200, "{:?}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        let told = self.json();
        let key = told["data"]["key"].as_str().unwrap();
        assert_eq!(told, serde_json::json!({"data": {"key": key}}));
        let name = key.strip_prefix("uploads/").unwrap();
        let (id, _) = name.split_once('.').unwrap();
        assert_eq!(Uuid::try_parse(id).unwrap().to_string(), id);
        format!("/{key}")
    }

    #[track_caller]
    fn bad(&self, status: u16, code: &str) -> String {
        let message = self.refuses(status, code, "error");
        assert_eq!(self.json().as_object().unwrap().len(), 1);
        message
    }
}

async fn open(app: &App, path: &str) -> Answer {
    app.send(empty(request(Method::GET, path))).await
}

#[tokio::test]
async fn the_key_ends_as_the_content_does() {
    let app = App::new().await;
    for (bytes, extension, media_type) in [
        (make::jpeg(40, 30, 1), "jpg", "image/jpeg"),
        (make::png(40, 30, 1), "png", "image/png"),
        (make::gif(40, 30, 2), "gif", "image/gif"),
        (make::webp(40, 30, 1), "webp", "image/webp"),
    ] {
        let part = Part {
            file_name: Some("../../../etc/passwd.php"),
            media_type: Some("text/html"),
            ..image_part(&bytes)
        };
        let key = app.send(formed(keyed(Method::POST, UPLOAD), &[part])).await.key();
        assert_eq!(key.rsplit_once('.').unwrap().1, extension);
        let file = open(&app, &key).await;
        assert_eq!((file.status.as_u16(), file.header("content-type")), (200, media_type));
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        assert_eq!(file.body, bytes);
        // Two uploads are two files.
        assert_ne!(app.send(sent(&bytes)).await.key(), key);

        let sized = open(&app, &format!("{key}?size=20x0")).await;
        assert_eq!(sized.status, 200);
        assert_ne!(sized.header("etag"), file.header("etag"));
        assert!(sized.body.len() < 40 * 30 * 3);
        for size in ["0x0", "big", "4000x4000"] {
            open(&app, &format!("{key}?size={size}")).await.bad(400, "invalid");
        }
        let has = request(Method::GET, &key).header(header::IF_NONE_MATCH, file.header("etag"));
        assert_eq!(app.send(empty(has)).await.status, 304);
        let part = request(Method::GET, &key).header(header::RANGE, "bytes=-4");
        let part = app.send(empty(part)).await;
        assert_eq!((part.status.as_u16(), &part.body[..]), (206, &bytes[bytes.len() - 4..]));
    }
}

#[tokio::test]
async fn guessed_names_lead_nowhere() {
    let app = App::new().await;
    let key = app.send(sent(&make::png(40, 30, 1))).await.key();
    let (id, _) = key.rsplit_once('.').unwrap();
    let id = id.rsplit_once('/').unwrap().1;
    let product = app.upload(&make::png(9, 9, 1)).await;
    let product = product["imageID"].as_str().unwrap();
    for name in [
        id.to_owned(),
        format!("{id}.jpg"),
        format!("{id}.PNG"),
        format!("{id}.png.png"),
        format!("{id}."),
        format!("{}.png", id.to_uppercase()),
        format!("{}.png", id.replace('-', "")),
        format!("{product}.png"),
        format!("{}.png", Uuid::new_v4()),
        "..%2f..%2fcatalog.sqlite".to_owned(),
        "..%5c..%5cx.png".to_owned(),
        "%00.png".to_owned(),
        "%ff".to_owned(),
    ] {
        open(&app, &format!("/uploads/{name}")).await.bad(404, "not_found");
    }
    assert_eq!(open(&app, "/uploads/../catalog.sqlite").await.status, 404);
    let answer = app.send(empty(request(Method::DELETE, &key))).await;
    answer.bad(405, "method_not_allowed");
}

#[tokio::test]
async fn who_may_upload() {
    let app = App::new().await;
    app.key("reader", &[Role::Reader], "default", None).await;
    app.key("scoped", &Role::ALL, "default", Some(Uuid::new_v4())).await;
    let picture = make::png(9, 9, 1);
    let with = |path: &str, key: Option<&str>| {
        let mut head = request(Method::POST, path);
        if let Some(key) = key {
            head = head.header("x-api-key", key);
        }
        app.send(formed(head, &[image_part(&picture)]))
    };
    with(UPLOAD, Some("test:a-secret")).await.key();
    with(&format!("{UPLOAD}?x-api-key=test:a-secret"), None).await.key();
    with(&format!("{UPLOAD}?x-api-key=test%3Aa-secret&other=1"), None).await.key();
    for wrong in ["", "test", "test:", "test:wrong", "nobody:a-secret", "a-secret"] {
        with(UPLOAD, Some(wrong)).await.bad(401, "unauthenticated");
        with(&format!("{UPLOAD}?x-api-key={wrong}"), None).await.bad(401, "unauthenticated");
    }
    let answer = with(UPLOAD, None).await;
    let message = answer.bad(401, "unauthenticated");
    assert!(message.contains("x-api-key"), "{message}");
    assert!(!answer.header("www-authenticate").is_empty());
    for scheme in [basic(KEY), "Bearer test:a-secret".to_owned(), "test:a-secret".to_owned()] {
        let head = request(Method::POST, UPLOAD).header(header::AUTHORIZATION, scheme);
        app.send(formed(head, &[image_part(&picture)])).await.bad(401, "unauthenticated");
    }
    with(UPLOAD, Some("reader:s")).await.bad(403, "forbidden");
    with(UPLOAD, Some("scoped:s")).await.bad(403, "forbidden");
    app.assets.keyring().revoke("test").await.unwrap();
    with(UPLOAD, Some("test:a-secret")).await.bad(401, "unauthenticated");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_file_is_a_bad_request() {
    let mut settings = Settings::default();
    let large = make::png(60, 60, 1);
    settings.policies.backoffice.limits.max_bytes = large.len() as u64 - 1;
    let app = App::set(settings).await;
    let message = app.send(sent(&large)).await.bad(400, "too_many_bytes");
    assert!(message.contains(&(large.len() - 1).to_string()), "{message}");
    let (head, _) = sent(b"").into_parts();
    let body = streamed(&multipart(&[image_part(&large)]));
    app.send(Request::from_parts(head, body)).await.bad(400, "too_many_bytes");
    let mut declared = sent(b"");
    declared.headers_mut().insert(header::CONTENT_LENGTH, "99999999999".parse().unwrap());
    app.send(declared).await.bad(400, "too_many_bytes");
    app.send(sent(b"hello")).await.bad(400, "unknown_format");
    app.send(sent(b"")).await.bad(400, "empty");
    app.send(formed(keyed(Method::POST, UPLOAD), &[file_part(b"x")]))
        .await
        .bad(400, "missing_file");
    let raw = keyed(Method::POST, UPLOAD).body(Body::from(make::png(9, 9, 1))).unwrap();
    let message = app.send(raw).await.bad(400, "not_multipart");
    assert!(message.contains("image"), "{message}");
    app.send(empty(keyed(Method::GET, UPLOAD))).await.bad(405, "method_not_allowed");
    assert!(app.assets.list("default", None, 0, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn pages_of_other_origins_may_show_files() {
    let app = App::new().await;
    let key = app.send(sent(&make::png(40, 30, 1))).await.key();
    let asked = request(Method::GET, &key).header(header::ORIGIN, "https://news.example");
    assert_eq!(app.send(empty(asked)).await.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn the_router_alone_has_no_prefix() {
    let app = App::new().await;
    let own = Router::new().nest("/assets", backoffice::router(app.assets.clone()));
    let posted = formed(keyed(Method::POST, "/assets/image"), &[image_part(&make::png(9, 9, 1))]);
    let key = send_to(&own, posted).await.key();
    let file = send_to(&own, empty(request(Method::GET, &format!("/assets{key}")))).await;
    assert_eq!((file.status.as_u16(), file.header("content-type")), (200, "image/png"));
}
