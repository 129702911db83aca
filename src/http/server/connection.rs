//! One connection, from its first byte to the last that its client sends.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{CONNECTION, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Version};
use axum::response::Response;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::Draining;
use super::activity::{AT_ONCE, Activity, Clocks, Over};
use super::answers::{Open, Streams};
use super::io::{Watched, linger, prepare};
use super::lag::Lag;
use super::places::Place;
use crate::http::options::Options;

/// `Keep-Alive`, which is older than RFC 9112 and still how a client learns the time (RFC 2068
/// 19.7.1.1).
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// What serves a connection.
pub(super) struct Connection {
    pub(super) router: Router,
    pub(super) peer: SocketAddr,
    pub(super) options: Arc<Options>,
    pub(super) draining: Draining,
    /// Becomes true when connections shall end.
    pub(super) stop: watch::Receiver<bool>,
    pub(super) place: Place,
}

impl Connection {
    pub(super) async fn serve(self, stream: TcpStream) {
        let Self { router, peer, options, draining, mut stop, place } = self;
        prepare(&stream);
        let stream = Arc::new(stream);
        let activity = Arc::clone(&place.activity);
        let answering = Answering {
            router,
            peer,
            draining,
            activity: Arc::clone(&activity),
            keep_alive: keep_alive(&options),
        };
        let service = tower::service_fn(move |request: Request<_>| {
            answering.clone().answer(request.map(Body::new))
        });
        let lag = Lag::of(&options);
        let io = TokioIo::new(Watched::new(Arc::clone(&stream), Arc::clone(&activity), lag));
        let builder = builder(&options, Streams::new(Arc::clone(&options), Arc::clone(&activity)));
        let clocks = Clocks::of(&options);
        {
            let service = TowerToHyperService::new(service);
            let mut connection = pin!(builder.serve_connection(io, service));
            let mut closing = false;
            loop {
                let patience = tokio::select! {
                    biased;
                    ended = connection.as_mut() => {
                        if let Err(error) = ended {
                            tracing::debug!(error, "a connection ended early");
                        }
                        break;
                    }
                    _ = stop.wait_for(|stop| *stop), if !closing => clocks.head,
                    () = activity.evicted(), if !closing => AT_ONCE,
                    over = activity.over(clocks) => {
                        if over == Over::Late || closing {
                            return;
                        }
                        clocks.head
                    }
                };
                closing = true;
                activity.close(patience);
                connection.as_mut().graceful_shutdown();
            }
        }
        activity.close(options.linger);
        if let Some(stream) = Arc::into_inner(stream) {
            linger(stream, options.linger, options.max_linger_bytes).await;
        }
    }
}

/// Answers the requests of a connection.
#[derive(Clone)]
struct Answering {
    router: Router,
    peer: SocketAddr,
    draining: Draining,
    activity: Arc<Activity>,
    keep_alive: Option<HeaderValue>,
}

impl Answering {
    async fn answer(self, mut request: Request) -> Result<Response, std::convert::Infallible> {
        let open = Open::begin(&self.activity);
        let keep_alive = self.keep_alive.filter(|_| stays(request.version(), request.headers()));
        request.extensions_mut().insert(self.draining.clone());
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let mut response = self.router.oneshot(request).await?;
        if let Some(value) = keep_alive
            && !self.draining.is_set()
            && !response.headers().contains_key(CONNECTION)
        {
            response.headers_mut().insert(KEEP_ALIVE, value);
            // It is about this connection alone (RFC 9110 7.6.1).
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        }
        Ok(response.map(|body| open.answer(body)))
    }
}

/// Whether the client wants to go on after this request (RFC 9112 9.3).
fn stays(version: Version, headers: &HeaderMap) -> bool {
    let names = |option: &str| {
        let lines = headers.get_all(CONNECTION).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(',')).any(|own| own.trim().eq_ignore_ascii_case(option))
    };
    match version {
        Version::HTTP_11 => !names("close"),
        Version::HTTP_10 => names("keep-alive"),
        _ => false,
    }
}

/// The value of the header `Keep-Alive` for this `keep_alive_timeout`.
fn keep_alive(options: &Options) -> Option<HeaderValue> {
    let seconds = options.keep_alive_timeout.as_secs();
    let told = HeaderValue::from_str(&format!("timeout={seconds}")).ok();
    told.filter(|_| !options.keep_alive_timeout.is_zero())
}

fn builder(options: &Options, streams: Streams) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(streams);
    builder
        .http1()
        .timer(TokioTimer::new())
        // It would count the time between two requests as well: `Activity` has the clocks.
        .header_read_timeout(None)
        .keep_alive(!options.keep_alive_timeout.is_zero())
        // Less than 8 KiB is refused by a panic.
        .max_buf_size(options.max_header_bytes.max(8 * 1024))
        .max_headers(options.max_headers.max(1));
    builder
        .http2()
        .timer(TokioTimer::new())
        // Finds peers that are gone.
        .keep_alive_interval(options.idle_timeout)
        .keep_alive_timeout(options.header_timeout)
        .max_concurrent_streams(128)
        .max_header_list_size(u32::try_from(options.max_header_bytes).unwrap_or(u32::MAX));
    builder
}
