//! Pages of other origins: a browser asks before it uploads, and whether a page may see the answer
//! (the Fetch standard's CORS protocol). Links that are credentials themselves are for pages of any
//! origin. What a key is needed for is for those of [`Options::allowed_origins`], and a page of any
//! other that rides on the credentials which a browser sends by itself is refused.
//!
//! [`Options::allowed_origins`]: crate::http::Options::allowed_origins

use std::time::Duration;

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};
use utoipa_axum::router::OpenApiRouter;

use super::Context;
use super::failure::{Cause, Failure};

/// Whether pages of other origins may show what is served (the Fetch standard, section 3.7).
pub(super) const RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// Headers of ours that a page may read.
const READABLE: [HeaderName; 7] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("x-gatefold-code"),
    HeaderName::from_static("etag"),
    HeaderName::from_static("allow"),
    HeaderName::from_static("retry-after"),
    HeaderName::from_static("content-length"),
    HeaderName::from_static("content-range"),
];

/// For links that a page uploads to. `OPTIONS` is answered by the layer itself.
pub(crate) fn any_origin() -> CorsLayer {
    layer(&[Method::GET, Method::HEAD, Method::POST, Method::PUT]).allow_origin(Any).vary([])
}

/// For pictures that a page reads, to paint them on a canvas.
pub(crate) fn any_origin_may_read() -> CorsLayer {
    layer(&[Method::GET, Method::HEAD]).allow_origin(Any).vary([])
}

/// Lets pages of the allowed origins use routes that a key is needed for.
pub(crate) fn allow_origins(
    routes: OpenApiRouter<Context>,
    context: &Context,
) -> OpenApiRouter<Context> {
    let origins: Vec<_> = context
        .options
        .allowed_origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin.trim_end_matches('/')).ok())
        .collect();
    if origins.is_empty() {
        return routes;
    }
    let methods =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    routes.layer(layer(&methods).allow_origin(origins).allow_credentials(true).vary([ORIGIN]))
}

/// Headers are permitted by their names: `*` would not cover `Authorization`.
fn layer(methods: &[Method]) -> CorsLayer {
    CorsLayer::new()
        .allow_headers(AllowHeaders::mirror_request())
        .allow_methods(methods.to_vec())
        .expose_headers(READABLE)
        .max_age(Duration::from_secs(3600))
}

/// Refuses what a page of another origin makes a browser send together with credentials that it has
/// kept (HTTP Basic), unless nothing is changed by it. `Sec-Fetch-Site` says so, or else `Origin`,
/// which must be that of [`Settings::public_url`], the one that the request went to, or an allowed
/// one; clients that are no browsers send neither.
///
/// [`Settings::public_url`]: crate::service::Settings::public_url
pub(super) fn refuse_foreign_pages(parts: &Parts, context: &Context) -> Result<(), Failure> {
    if parts.method.is_safe() {
        return Ok(());
    }
    let text = |name: HeaderName| {
        parts.headers.get(name).map(|value| value.to_str().unwrap_or("null").to_ascii_lowercase())
    };
    let site = text(HeaderName::from_static("sec-fetch-site"));
    if matches!(site.as_deref(), Some("same-origin" | "none")) {
        return Ok(());
    }
    let Some(origin) = text(ORIGIN) else {
        return if site.is_none() { Ok(()) } else { Err(foreign()) };
    };
    let known = |own: &str| {
        let own = own.trim_end_matches('/').to_ascii_lowercase();
        own == origin || origin_of(&own).is_some_and(|own| own == origin)
    };
    let options = &context.options.allowed_origins;
    if known(&context.assets.settings().public_url) || options.iter().any(|own| known(own)) {
        return Ok(());
    }
    // Where the request went to: without a scheme, which a proxy in front of us may have changed.
    let host = parts.uri.authority().map(|authority| authority.as_str().to_ascii_lowercase());
    let host = text(HOST).or(host);
    let (_, of_origin) = origin.split_once("://").unwrap_or_default();
    if site.is_none() && !of_origin.is_empty() && host.as_deref() == Some(of_origin) {
        return Ok(());
    }
    Err(foreign())
}

/// Scheme, host and port of a URL.
fn origin_of(url: &str) -> Option<&str> {
    let start = url.find("://")? + 3;
    let end = url.get(start..)?.find('/').map_or(url.len(), |at| start + at);
    url.get(..end)
}

fn foreign() -> Failure {
    let message = "a page of another origin must not change anything with the credentials that a \
                   browser keeps; send a Bearer token, or have the origin allowed";
    Failure::new(Cause::Forbidden, "cross_origin", message)
}
