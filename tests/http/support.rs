//! An application in memory, and requests to it.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use gatefold::http::{self, Options};
use gatefold::service::{Assets, Clock, ManualClock, Role, Settings};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use uuid::Uuid;

pub(crate) const ACCOUNT: &str = "310f4f19-45cf-4429-9aae-8e93827ecb0d";
pub(crate) const KEY: (&str, &str) = ("test", "a-secret");
pub(crate) const BOUNDARY: &str = "a-boundary";

pub(crate) struct App {
    pub(crate) assets: Assets,
    pub(crate) router: Router,
    pub(crate) options: Options,
}

impl App {
    pub(crate) async fn new() -> Self {
        Self::with(Options { requests_per_second: 0.0, ..Options::default() }).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        Self::of(Settings::default(), options).await
    }

    /// With settings of its own, and no rate.
    pub(crate) async fn set(settings: Settings) -> Self {
        Self::of(settings, Options { requests_per_second: 0.0, ..Options::default() }).await
    }

    /// By a clock that the test moves.
    pub(crate) async fn timed() -> (Self, ManualClock) {
        Self::timed_with(Settings::default()).await
    }

    /// By a clock that the test moves, with settings of its own.
    pub(crate) async fn timed_with(settings: Settings) -> (Self, ManualClock) {
        let clock = ManualClock::new();
        let settings = Settings { clock: Clock::Manual(clock.clone()), ..settings };
        (Self::set(settings).await, clock)
    }

    async fn of(settings: Settings, options: Options) -> Self {
        let assets = Assets::in_memory(settings).await.unwrap();
        assets.keyring().put(KEY.0, KEY.1, &Role::ALL, None, None).await.unwrap();
        let router = http::app(assets.clone(), options.clone());
        Self { assets, router, options }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        send_to(&self.router, request).await
    }

    /// Another key, `ID:s`, for one tenant and perhaps one collection of it.
    pub(crate) async fn key(&self, id: &str, roles: &[Role], tenant: &str, of: Option<Uuid>) {
        let tenants = Some(vec![tenant.to_owned()]);
        self.assets.keyring().put(id, "s", roles, tenants, of).await.unwrap();
    }

    /// Serves on a port of its own until the test ends.
    pub(crate) async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (router, options) = (self.router.clone(), self.options.clone());
        tokio::spawn(async move {
            http::serve(listener, router, &options, std::future::pending()).await
        });
        address
    }

    pub(crate) async fn upload(&self, image: &[u8]) -> Value {
        let answer = self.send(post_image(image)).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        answer.json()
    }
}

pub(crate) async fn send_to(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}: {:?}", self.status, self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status, code, and the one sentence under this key.
    #[track_caller]
    pub(crate) fn refuses(&self, status: u16, code: &str, key: &str) -> String {
        assert_eq!(self.status, status, "{:?}", self.body);
        assert_eq!(self.header("x-gatefold-code"), code, "{:?}", self.body);
        assert!(self.header("x-request-id").len() >= 8);
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        let json = self.json();
        json[key].as_str().unwrap_or_else(|| panic!("no {key} in {json}")).to_owned()
    }
}

pub(crate) fn basic((id, secret): (&str, &str)) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

pub(crate) fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

pub(crate) fn signed(method: Method, path: &str) -> axum::http::request::Builder {
    request(method, path).header(header::AUTHORIZATION, basic(KEY))
}

/// With the key as `Bearer ID:SECRET`.
pub(crate) fn bearer(method: Method, path: &str) -> axum::http::request::Builder {
    with_bearer(method, path, &format!("{}:{}", KEY.0, KEY.1))
}

pub(crate) fn with_bearer(method: Method, path: &str, key: &str) -> axum::http::request::Builder {
    request(method, path).header(header::AUTHORIZATION, format!("Bearer {key}"))
}

/// Without a body.
pub(crate) fn empty(head: axum::http::request::Builder) -> Request<Body> {
    head.body(Body::empty()).unwrap()
}

pub(crate) fn with_json(head: axum::http::request::Builder, body: &Value) -> Request<Body> {
    head.header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap()
}

pub(crate) fn formed(head: axum::http::request::Builder, parts: &[Part<'_>]) -> Request<Body> {
    head.header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(Body::from(multipart(parts)))
        .unwrap()
}

/// With its length declared, as every client of ours sends it.
pub(crate) fn sized(mut request: Request<Body>) -> Request<Body> {
    let length = axum::body::HttpBody::size_hint(request.body()).exact().unwrap();
    request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    request
}

/// A body that declares no length.
pub(crate) fn streamed(bytes: &[u8]) -> Body {
    let pieces: Vec<_> = bytes
        .chunks(1000)
        .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
        .collect();
    Body::from_stream(stream::iter(pieces))
}

pub(crate) fn get(path: &str) -> Request<Body> {
    signed(Method::GET, path).body(Body::empty()).unwrap()
}

pub(crate) fn images() -> String {
    format!("/accounts/{ACCOUNT}/images")
}

pub(crate) struct Part<'a> {
    pub(crate) name: &'a str,
    pub(crate) file_name: Option<&'a str>,
    pub(crate) media_type: Option<&'a str>,
    pub(crate) content: &'a [u8],
}

pub(crate) fn image_part(content: &[u8]) -> Part<'_> {
    Part {
        name: "image",
        file_name: Some("example.file"),
        media_type: Some("application/octet-stream"),
        content,
    }
}

pub(crate) fn file_part(content: &[u8]) -> Part<'_> {
    Part { name: "file", ..image_part(content) }
}

pub(crate) fn json_part(content: &str) -> Part<'_> {
    Part {
        name: "metadata",
        file_name: None,
        media_type: Some("application/json"),
        content: content.as_bytes(),
    }
}

pub(crate) fn multipart(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend(format!("--{BOUNDARY}\r\n").bytes());
        body.extend(format!("Content-Disposition: form-data; name=\"{}\"", part.name).bytes());
        if let Some(name) = part.file_name {
            body.extend(format!("; filename=\"{name}\"").bytes());
        }
        body.extend(b"\r\n");
        if let Some(media_type) = part.media_type {
            body.extend(format!("Content-Type: {media_type}\r\n").bytes());
        }
        body.extend(b"\r\n");
        body.extend(part.content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}

pub(crate) fn form(method: Method, path: &str, parts: &[Part<'_>]) -> Request<Body> {
    signed(method, path)
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(Body::from(multipart(parts)))
        .unwrap()
}

pub(crate) fn post_image(image: &[u8]) -> Request<Body> {
    form(Method::POST, &images(), &[image_part(image)])
}

pub(crate) fn put_json(path: &str, body: &str) -> Request<Body> {
    signed(Method::PUT, path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

/// The path of an image's public link.
pub(crate) fn public_path(metadata: &Value) -> String {
    format!("/images/{}", metadata["publicID"].as_str().unwrap())
}

pub(crate) fn own_path(metadata: &Value) -> String {
    format!("{}/{}", images(), metadata["imageID"].as_str().unwrap())
}
