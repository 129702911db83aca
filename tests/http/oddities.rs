//! Odd bodies and paths, in the words of every API that takes files.

use axum::body::Body;
use axum::http::{Method, Request, header};

use crate::make;
use crate::support::*;

struct Door {
    name: &'static str,
    path: String,
    method: Method,
    /// The part that takes the file, and the key of the sentence.
    part: &'static str,
    says: &'static str,
}

impl Door {
    fn with_type(&self, content_type: &str, body: impl Into<Body>) -> Request<Body> {
        let head = request(self.method.clone(), &self.path).header("content-type", content_type);
        let head = match self.name {
            "audicient" => head.header(header::AUTHORIZATION, "test:a-secret"),
            "backoffice" => head.header("x-api-key", "test:a-secret"),
            "library" => head.header(header::AUTHORIZATION, basic(KEY)),
            _ => head,
        };
        head.body(body.into()).unwrap()
    }

    fn form(&self, body: impl Into<Body>) -> Request<Body> {
        self.with_type(&format!("multipart/form-data; boundary={BOUNDARY}"), body)
    }
}

async fn doors(app: &App) -> Vec<Door> {
    let collection = app.collection().await;
    let (_, audio, _) = app.track(&collection).await;
    let cover = app.cover_of("collection", &collection).await;
    let door = |name, path: &str, part, says| Door {
        name,
        path: path.to_owned(),
        method: Method::POST,
        part,
        says,
    };
    vec![
        door("cover", &cover, "file", "message"),
        Door { method: Method::PUT, ..door("audio", &audio, "file", "message") },
        door("audicient", "/media/image/upload", "image", "message"),
        door("backoffice", "/upload/image", "image", "error"),
        door("library", "/library/inspect", "file", "error"),
    ]
}

#[tokio::test]
async fn multipart_that_is_none_is_refused_everywhere() {
    let app = App::new().await;
    let image = make::png(9, 9, 1);
    for door in doors(&app).await {
        let part = || Part { name: door.part, ..image_part(&image) };
        let whole = multipart(&[part()]);
        for content_type in ["multipart/form-data", "multipart/mixed; boundary=x"] {
            let answer = app.send(door.with_type(content_type, whole.clone())).await;
            answer.refuses(400, "not_multipart", door.says);
        }
        let cut = whole[..whole.len() - BOUNDARY.len() - 8].to_vec();
        for body in [cut, b"hello".to_vec(), Vec::new()] {
            app.send(door.form(body)).await.refuses(400, "bad_multipart", door.says);
        }
        let twice = multipart(&[part(), part()]);
        app.send(door.form(twice)).await.refuses(400, "duplicate_part", door.says);
        let names: Vec<String> = (0..10_000).map(|n| format!("part{n}")).collect();
        let many: Vec<_> = names.iter().map(|name| Part { name, ..json_part("1") }).collect();
        let many = multipart(&many);
        app.send(door.form(streamed(&many))).await.refuses(400, "too_many_parts", door.says);
        let mut heads =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"\r\n");
        heads.push_str("X-Long: ");
        heads.push_str(&"x".repeat(1024 * 1024));
        let answer = app.send(door.form(streamed(heads.as_bytes()))).await;
        answer.refuses(400, "part_too_large", door.says);
        let other = multipart(&[Part { name: "picture", ..image_part(&image) }]);
        app.send(door.form(other)).await.refuses(400, "missing_file", door.says);
    }
    assert!(app.assets.list("default", None, 0, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn names_and_types_are_only_claims() {
    let app = App::new().await;
    let image = make::png(9, 9, 1);
    for door in doors(&app).await.into_iter().filter(|door| door.name != "audio") {
        let part = Part {
            name: door.part,
            file_name: Some("..\\..\\evil.svg"),
            media_type: Some("image/svg+xml"),
            content: &image,
        };
        let answer = app.send(door.form(multipart(&[part]))).await;
        assert_eq!(answer.status, 200, "{}: {:?}", door.name, answer.body);
    }
    for asset in app.assets.list("default", None, 0, 9).await.unwrap() {
        assert_eq!(asset.file_name.as_deref(), Some("evil.svg"));
    }
}

#[tokio::test]
async fn pages_that_are_not_there_have_a_body() {
    let app = App::new().await;
    for path in [
        "/v1",
        "/v1/collection/",
        "/v1/collection/x/y/z",
        "/media/image",
        "/media/image/x/y",
        "/upload",
        "/uploads/",
        "/uploads/a/b",
        "//",
        "/%2e%2e/%2e%2e/etc/passwd",
    ] {
        let answer = app.send(empty(request(Method::GET, path))).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("x-gatefold-code"), "not_found", "{path}");
        assert!(answer.header("x-request-id").len() >= 8);
        assert!(answer.json().is_object());
    }
}
