//! Pages of other origins: a browser asks before it uploads, and whether a page may see the answer
//! (the Fetch standard's CORS protocol). Nothing here rides on cookies, so any origin may.

use std::time::Duration;

use axum::http::{HeaderName, Method};
use tower_http::cors::{Any, CorsLayer};

/// Headers of ours that a page may read.
const READABLE: [HeaderName; 6] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("x-gatefold-code"),
    HeaderName::from_static("etag"),
    HeaderName::from_static("retry-after"),
    HeaderName::from_static("content-length"),
    HeaderName::from_static("content-range"),
];

/// For links that a page uploads to. `OPTIONS` is answered by the layer itself.
pub(crate) fn any_origin() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_headers(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT])
        .expose_headers(READABLE)
        .max_age(Duration::from_secs(3600))
}

/// For pictures that a page reads, to paint them on a canvas.
pub(crate) fn any_origin_may_read() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_headers(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .expose_headers(READABLE)
        .max_age(Duration::from_secs(3600))
}
