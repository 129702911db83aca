//! The seam between a surface and the rest of the world.

use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as Task, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::{MatchedPath, Request, State};
use axum::http::Version;
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::{self, Next};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use tracing::Instrument as _;
use utoipa_axum::router::OpenApiRouter;

use super::client::ClientAddress;
use super::cross::RESOURCE_POLICY;
use super::failure::Failure;
use super::request_id::{self, RequestId};
use super::{Context, Voice};
use crate::http::options::Options;

/// `x-gatefold-code`.
const CODE: HeaderName = HeaderName::from_static("x-gatefold-code");
/// A refused body of up to this many bytes is read to its end, so that the connection can be used
/// again; behind a larger one it is closed.
const READ_ON: u64 = 256 * 1024;
/// For at most this long.
const READ_ON_FOR: Duration = Duration::from_secs(2);

/// Puts the seam around all routes of a surface.
pub(crate) fn surface<V: Voice>(
    routes: OpenApiRouter<Context>,
    context: &Context,
) -> OpenApiRouter {
    let state = (context.clone(), PhantomData::<V>);
    routes.layer(middleware::from_fn_with_state(state, seam::<V>)).with_state(context.clone())
}

async fn seam<V: Voice>(
    State((context, _)): State<(Context, PhantomData<V>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id.clone());
    let client = ClientAddress::of(request.extensions(), request.headers(), &context.options);
    request.extensions_mut().insert(client);
    let method = request.method().clone();
    // The route, never the URL: a query may hold a key, a path a ticket.
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let span = tracing::info_span!("request", id = id.as_str(), surface = V::NAME, %method, route);
    let (request, rest) = Rest::of(request);

    let answered = AssertUnwindSafe(next.run(request).instrument(span.clone())).catch_unwind();
    let response = answered.await.unwrap_or_else(|_| {
        let _in = span.enter();
        tracing::error!("a handler panicked");
        axum::response::IntoResponse::into_response(Failure::internal())
    });
    let (mut response, code) = worded::<V>(response, &id);
    let close = rest.read_on(&context.options).await;

    let headers = response.headers_mut();
    headers.insert(request_id::HEADER, id.header());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Public pictures say otherwise.
    headers.entry(RESOURCE_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    if close {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let status = response.status();
    context.metrics.answered(V::NAME, &method, status, code, started.elapsed());
    let _in = span.enter();
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    tracing::info!(status = status.as_u16(), code = code.unwrap_or("-"), micros, "answered");
    response
}

/// Words what is a failure; leaves alone what is not.
fn worded<V: Voice>(mut response: Response, id: &RequestId) -> (Response, Option<&'static str>) {
    let failure = response.extensions_mut().remove::<Failure>();
    let failure = match failure {
        Some(failure) => failure,
        None if response.status().is_client_error() || response.status().is_server_error() => {
            Failure::of_status(response.status())
        }
        None => return (response, None),
    };
    if failure.is_ours() {
        tracing::warn!(id = id.as_str(), code = failure.code, "a request failed on our side");
    }
    let mut worded = V::word(&failure, id);
    let headers = worded.headers_mut();
    for (name, value) in response.headers() {
        // What layers inside the seam have added (CORS, Allow) stays.
        if name != CONTENT_TYPE && name != CONTENT_LENGTH && !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
    headers.extend(failure.headers);
    headers.insert(CODE, HeaderValue::from_static(failure.code));
    (worded, Some(failure.code))
}

/// What a handler left unread of its request's body.
struct Rest {
    body: Slot,
    length: Option<u64>,
    waits: bool,
    version: Version,
}

type Slot = Arc<Mutex<Option<BodyDataStream>>>;

impl Rest {
    fn of(request: Request) -> (Request, Self) {
        let (parts, body) = request.into_parts();
        let slot = Slot::default();
        let rest = Self {
            body: Arc::clone(&slot),
            length: body.size_hint().exact(),
            waits: parts.headers.contains_key(EXPECT),
            version: parts.version,
        };
        // A body that nobody sends needs no watching, and most requests have none.
        if body.is_end_stream() {
            return (Request::from_parts(parts, body), rest);
        }
        let lent = Lent { body: Some(body.into_data_stream()), slot };
        (Request::from_parts(parts, Body::from_stream(lent)), rest)
    }

    /// Reads a little on, so that a client which sends before it listens hears the answer. True when
    /// the connection must be closed instead; a server that lingers (as ours does) then makes sure
    /// that the answer arrives.
    async fn read_on(self, options: &Options) -> bool {
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut body) = body.filter(|body| !body.is_end_stream()) else {
            return false;
        };
        if self.version > Version::HTTP_11 {
            // The answer goes out while the rest is read. A stream that is reset before its client has
            // sent everything loses the answer in many libraries, though RFC 9113 8.1 forbids that.
            tokio::spawn(read_away(body, options.max_linger_bytes, options.linger));
            return false;
        }
        if self.waits || self.length.is_some_and(|length| length > READ_ON) {
            return true;
        }
        let to_the_end = async {
            let mut left = READ_ON;
            while let Some(Ok(piece)) = body.next().await {
                match left.checked_sub(piece.len() as u64) {
                    Some(less) => left = less,
                    None => return true,
                }
            }
            false
        };
        // Where no length was declared, more may come for ever.
        let patience = if self.length.is_some() { READ_ON_FOR } else { READ_ON_FOR / 10 };
        tokio::time::timeout(patience, to_the_end).await.unwrap_or(true)
    }
}

/// Reads a body and throws it away, up to so many bytes and for so long.
async fn read_away(mut body: BodyDataStream, max_bytes: u64, patience: Duration) {
    let to_the_end = async {
        let mut left = max_bytes;
        while let Some(Ok(piece)) = body.next().await {
            let Some(less) = left.checked_sub(piece.len() as u64) else { return };
            left = less;
        }
    };
    let _ = tokio::time::timeout(patience, to_the_end).await;
}

/// A body that comes back when it is dropped.
struct Lent {
    body: Option<BodyDataStream>,
    slot: Slot,
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.body {
            Some(body) => body.poll_next_unpin(task),
            None => Poll::Ready(None),
        }
    }
}
