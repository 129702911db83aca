//! The service as routers for axum, and a server for them.
//!
//! ```no_run
//! use gatefold::http::{self, Options};
//! use gatefold::service::{Assets, Settings};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let assets = Assets::open("gatefold-data".as_ref(), Settings::default()).await?;
//! let options = Options::default();
//! let router = http::app(assets, options.clone());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! let stop = async { drop(tokio::signal::ctrl_c().await) };
//! http::serve(listener, router, &options, stop).await?;
//! # Ok(()) }
//! ```
//!
//! [`app`] mounts everything; [`surfaces`] leaves out what an operator asks for, and each API has a
//! router of its own, such as [`moov::router`], to be nested under any prefix of a larger application.
//! Every answer carries `x-request-id`; every error the stable code of what went wrong in
//! `x-gatefold-code`, and a body in the words of its API.

pub mod audicient;
pub mod audiodelivery;
pub mod backoffice;
mod colors;
mod common;
pub mod library;
mod metrics;
pub mod moov;
mod network;
mod ops;
mod options;
mod page;
mod public;
mod server;
mod starting;

use std::sync::Arc;

use axum::Router;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use self::common::Context;
pub use self::network::{Network, NetworkError};
pub use self::options::Options;
pub use self::server::serve;
pub use self::starting::{Opening, starting};
use crate::service::Assets;

/// All APIs at their places, under one set of [`Options`].
pub fn surfaces(assets: Assets, options: Options) -> Router {
    surfaces_api(&Context::new(assets, options)).into()
}

/// All APIs, what an operator asks for (`/healthz`, `/readyz`, `/metrics` and `/openapi.json`), and a
/// page at `/` to try it with.
pub fn app(assets: Assets, options: Options) -> Router {
    let context = Context::new(assets, options);
    let routes = surfaces_api(&context).merge(ops::api(&context)).merge(ops::counters(&context));
    whole(&context, routes)
}

/// [`app`] without `/metrics`, and `/metrics` by itself: to be served at an address that only those
/// who watch can reach.
pub fn app_and_metrics(assets: Assets, options: Options) -> (Router, Router) {
    let context = Context::new(assets, options);
    let routes = surfaces_api(&context).merge(ops::api(&context));
    (whole(&context, routes), ops::counters(&context).into())
}

/// These routes with their description and the page.
fn whole(context: &Context, mut routes: OpenApiRouter) -> Router {
    let description = described(routes.to_openapi());
    // Serialising what serde has derived for plain structs cannot fail.
    let text: Arc<str> = description.to_pretty_json().unwrap_or_default().into();
    routes.merge(ops::openapi(context, text)).merge(page::api(context)).into()
}

/// The OpenAPI 3.1 description of [`app`], as JSON.
pub fn openapi(assets: Assets) -> String {
    let context = Context::new(assets, Options::default());
    let routes = surfaces_api(&context).merge(ops::api(&context)).merge(ops::counters(&context));
    described(routes.into_openapi()).to_pretty_json().unwrap_or_default()
}

fn surfaces_api(context: &Context) -> OpenApiRouter {
    OpenApiRouter::default()
        .merge(moov::api(context))
        .merge(audiodelivery::api(context))
        .merge(audicient::api(context))
        .merge(backoffice::api(context))
        .merge(library::api(context))
}

fn described(api: OpenApi) -> OpenApi {
    let info = InfoBuilder::new()
        .title("gatefold")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Image uploads: validated, stored and served."))
        .build();
    let mut whole = OpenApiBuilder::new().info(info).build();
    whole.merge(api);
    let components = whole.components.get_or_insert_default();
    let basic = SecurityScheme::Http(Http::new(HttpAuthScheme::Basic));
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("basic", basic);
    components.add_security_scheme("bearer", bearer);
    whole
}
