//! What the surfaces have in common.
//!
//! A surface is a list of handlers and a [`Voice`]: its name, the credentials that it takes, and how
//! it words an error. A handler is an ordinary axum handler with [`Context`] as its state:
//!
//! ```text
//! #[utoipa::path(post, path = "/things/{id}", responses((status = 200, body = Thing)))]
//! async fn put_thing(
//!     State(context): State<Context>,
//!     caller: Caller<Mine>,                  // 401 and 429 before anything else is looked at
//!     Segments(id): Segments<String>,        // a path that is no text is a 404
//!     request: Request,
//! ) -> Result<Response, Failure> {
//!     let tenant = caller.tenant_wide(Role::Uploader)?;        // 403
//!     let id = uuid_in_path(&id, "thing")?;                    // 404 when not well-formed
//!     let rules = BodyRules::image(&context, Surface::Backoffice, &["file", "image"]);
//!     let upload = receive(&context, request, &rules).await?;  // multipart or raw, spooled
//!     let file = upload.file()?;                               // 400 `missing_file` without one
//!     let asset = context.assets.store(new, file.body).await?; // ServiceError becomes Failure
//!     ...
//! }
//!
//! pub(crate) fn api(context: &Context) -> OpenApiRouter {
//!     surface::<Mine>(OpenApiRouter::default().routes(routes!(put_thing)), context)
//! }
//! ```
//!
//! [`surface`] puts one seam around all of a surface's routes. There a request gets its id, span and
//! metrics; there a panic becomes a 500; and there every [`Failure`], from wherever it came, is worded by
//! the surface's [`Voice`], so that a handler never writes an error's body itself.
//!
//! - `auth`      credentials in all their spellings → [`Caller`]; `access` what its key reaches
//! - `client`    the client's address, also behind trusted proxies → [`ClientAddress`]
//! - `rate`      so many requests per second, by key, link or address
//! - `body`      bodies piece by piece under caps and clocks; `multipart` on top of it
//! - `failure`   what went wrong, before it is worded
//! - `accept`    which format a client wants; `conditional` preconditions and ranges; `serving` joins
//!   them
//! - `seam`      described above; `describe` documents it in OpenAPI
//! - `links`     sizes, versions and signatures of links to pictures
//! - `input`     path segments, queries and JSON bodies; `json` reads these
//! - `cross`     pages of other origins

mod accept;
mod access;
mod auth;
mod body;
mod client;
mod conditional;
mod cross;
mod describe;
mod failure;
mod input;
mod json;
mod links;
mod multipart;
mod rate;
mod request_id;
mod seam;
mod serving;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

pub(crate) use auth::{Caller, Credentials};
pub(crate) use body::{BodyRules, Received, ReceivedFile, receive};
pub(crate) use client::ClientAddress;
pub(crate) use conditional::Validators;
pub(crate) use cross::{allow_origins, any_origin, any_origin_may_read};
pub(crate) use describe::{WITH_KEY, describe};
pub(crate) use failure::{Cause, Failure};
pub(crate) use input::{Segments, json_body, number, query, uuid_in_path};
pub(crate) use json::parse as parse_json;
pub(crate) use links::{Link, LinkQuery};
pub(crate) use rate::Shown;
pub(crate) use request_id::RequestId;
pub(crate) use seam::surface;
pub(crate) use serving::{
    Asked, Caching, serve_picture, serve_told, told_validators, version_wanted,
};

use axum::http::Extensions;
use axum::response::Response;

use super::metrics::Metrics;
use super::options::Options;
use crate::service::{Assets, Client};

/// What every handler has at hand.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) assets: Assets,
    pub(crate) options: Arc<Options>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) rates: Arc<rate::Rates>,
}

impl Context {
    pub(crate) fn new(assets: Assets, options: Options) -> Self {
        let rates = rate::Rates::new(&options);
        Self {
            assets,
            options: Arc::new(options),
            metrics: Arc::new(Metrics::new()),
            rates: Arc::new(rates),
        }
    }

    /// The same for a request without a key: its work waits in the turn of its client's address.
    pub(crate) fn for_reader(&self, request: &Extensions) -> Self {
        let address = request.get::<ClientAddress>().and_then(|ClientAddress(address)| *address);
        // Those of whom nothing is known have one turn together.
        let address = address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        let assets = self.assets.acting_for(Client::Address(address));
        Self { assets, ..self.clone() }
    }
}

/// How a surface speaks.
pub(crate) trait Voice: Send + Sync + 'static {
    /// Its name in logs and metrics.
    const NAME: &'static str;
    /// The credentials that it takes.
    const CREDENTIALS: Credentials;

    /// Words a failure. Only the status, the body and its content type are looked at: the seam adds
    /// the headers that every surface has.
    fn word(failure: &Failure, id: &RequestId) -> Response;
}

/// A time in RFC 3339, in UTC, always with milliseconds: as text, a later one is the greater.
pub(crate) fn time(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}
