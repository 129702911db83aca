//! What an operator asks of a server: is it alive, is it ready, how is it doing, and what does it speak.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::common::{Cause, Context, Credentials, Failure, RequestId, Voice, describe, surface};
use super::server::Draining;

/// How everything that is no API's speaks.
pub(super) struct Plain;

/// What is wrong, in a sentence.
#[derive(Serialize, ToSchema)]
struct PlainError {
    error: String,
}

impl Voice for Plain {
    const NAME: &'static str = "gatefold";
    const CREDENTIALS: Credentials =
        Credentials { basic: false, bearer: false, pair: false, api_key: false };

    fn word(failure: &Failure, _: &RequestId) -> Response {
        let body = PlainError { error: failure.message.clone() };
        (failure.status(), Json(body)).into_response()
    }
}

pub(super) fn api(context: &Context) -> OpenApiRouter {
    let routes = OpenApiRouter::default().routes(routes!(healthz)).routes(routes!(readyz));
    let routes = describe::<PlainError>(routes, "operation", &[405, 500, 503]);
    surface::<Plain>(routes.fallback(nothing), context)
}

pub(super) fn counters(context: &Context) -> OpenApiRouter {
    let routes = OpenApiRouter::default().routes(routes!(metrics));
    let routes = describe::<PlainError>(routes, "operation", &[405, 500, 503]);
    surface::<Plain>(routes, context)
}

/// The description itself, which no description describes.
pub(super) fn openapi(context: &Context, description: Arc<str>) -> OpenApiRouter {
    let answer = move || {
        let description = description.clone();
        async move { ([(CONTENT_TYPE, "application/json")], description.to_string()) }
    };
    let route = OpenApiRouter::default().route("/openapi.json", axum::routing::get(answer));
    surface::<Plain>(route, context)
}

async fn nothing(_: Request) -> Failure {
    Failure::not_found("page")
}

/// Whether the process is alive
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", responses(
    (status = 200, description = "It is.", body = String, content_type = "text/plain")
))]
async fn healthz() -> Response {
    ([(CACHE_CONTROL, "no-store")], "ok\n").into_response()
}

/// Whether requests should be sent here
///
/// 503 when uploads would not be stored (the disk is full, the database is locked, or the database or
/// the blob store does not answer), and while the server starts or stops. An answer holds for a second.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", responses(
    (status = 200, description = "They should.", body = String, content_type = "text/plain")
))]
async fn readyz(
    State(context): State<Context>,
    draining: Option<Extension<Draining>>,
) -> Result<Response, Failure> {
    if draining.is_some_and(|Extension(draining)| draining.is_set()) {
        return Err(Failure::new(Cause::Overloaded, "draining", "the server is stopping"));
    }
    context.assets.ready().await.map_err(|error| {
        let told = Failure::from(error);
        Failure::new(Cause::Overloaded, told.code, told.message)
    })?;
    Ok((StatusCode::OK, [(CACHE_CONTROL, "no-store")], "ready\n").into_response())
}

/// Counters for Prometheus
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", responses(
    (status = 200, description = "OpenMetrics 1.0.", body = String, content_type = "application/openmetrics-text")
))]
async fn metrics(State(context): State<Context>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], context.metrics.text()).into_response()
}
