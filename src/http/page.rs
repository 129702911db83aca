//! A page to try the service with: plain HTML, CSS and JavaScript, from the binary.

use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;

use super::common::{Context, Failure, surface};
use super::ops::Plain;

/// Nothing but what this page brings; `blob:` is how a page shows a file that was dropped on it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const INDEX: &str = include_str!("page/index.html");
const FILES: [(&str, &str, &str); 6] = [
    ("api.js", "text/javascript", include_str!("page/api.js")),
    ("card.js", "text/javascript", include_str!("page/card.js")),
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("main.js", "text/javascript", include_str!("page/main.js")),
    ("player.js", "text/javascript", include_str!("page/player.js")),
    ("style.css", "text/css", include_str!("page/style.css")),
];

pub(super) fn api(context: &Context) -> OpenApiRouter {
    let routes = OpenApiRouter::default().route("/", get(index)).route("/page/{file}", get(file));
    surface::<Plain>(routes, context)
}

async fn index() -> Response {
    answer("text/html", INDEX)
}

async fn file(Path(name): Path<String>) -> Result<Response, Failure> {
    let found = FILES.iter().find(|(own, ..)| *own == name);
    found.map(|(_, kind, text)| answer(kind, text)).ok_or_else(|| Failure::not_found("page"))
}

fn answer(kind: &str, text: &'static str) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&format!("{kind}; charset=utf-8")) {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // A new version of the service is a new page.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
