//! A server that bad clients do not wear out: it bounds connections, heads, pauses and the time to
//! stop in.

mod io;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;

use self::io::{Patient, linger};
use super::options::Options;

/// Set once the server was told to stop; every request carries it as an extension.
#[derive(Debug, Clone, Default)]
pub(super) struct Draining(Arc<AtomicBool>);

impl Draining {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Serves HTTP/1 and HTTP/2 on `listener` until `shutdown` is done, then finishes what was accepted.
///
/// Heads that are slow or large, bodies that pause, readers that do not read and connections past the
/// limit are dealt with as the [`Options`] say. Returns once every connection is closed or
/// [`Options::shutdown_timeout`] has passed.
///
/// # Errors
/// Never for a single connection; accepting goes on when it fails, after a pause.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    options: &Options,
    shutdown: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    let options = Arc::new(options.clone());
    let slots = Arc::new(Semaphore::new(options.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
    let draining = Draining::default();
    let open = GracefulShutdown::new();
    let stop = async {
        shutdown.await;
        draining.0.store(true, Ordering::Relaxed);
        tracing::info!("stopping");
        sleep(options.drain_delay).await;
    };
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, peer, slot)) = accepted else { continue };
        let connection = Connection {
            router: router.clone(),
            peer,
            options: Arc::clone(&options),
            draining: draining.clone(),
            watcher: open.watcher(),
            _slot: slot,
        };
        tokio::spawn(connection.serve(stream));
    }
    drop(listener);
    if timeout(options.shutdown_timeout, open.shutdown()).await.is_err() {
        tracing::warn!("requests were still running when the time to stop was over");
    }
    Ok(())
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, slot)),
        Err(error) => {
            // Out of file descriptors, most likely: closing connections will give some back.
            tracing::warn!(%error, "a connection could not be accepted");
            sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

struct Connection {
    router: Router,
    peer: SocketAddr,
    options: Arc<Options>,
    draining: Draining,
    watcher: Watcher,
    _slot: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let Self { router, peer, options, draining, watcher, _slot } = self;
        // Answers are written whole: waiting to fill a segment would only delay them.
        let _ = stream.set_nodelay(true);
        let stream = Arc::new(stream);
        let first = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&first);
        let service = tower::service_fn(move |request: Request<_>| {
            seen.store(true, Ordering::Relaxed);
            let mut request = request.map(axum::body::Body::new);
            request.extensions_mut().insert(draining.clone());
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        let builder = builder(&options);
        let io = TokioIo::new(Patient::new(Arc::clone(&stream), options.idle_timeout));
        let connection = builder.serve_connection(io, TowerToHyperService::new(service));
        let connection = watcher.watch(connection.into_owned());
        // Until the protocol is known no timer of the server's runs.
        let silent = async {
            sleep(options.header_timeout).await;
            if first.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            ended = connection => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
            }
            () = silent => return,
        }
        if let Some(stream) = Arc::into_inner(stream) {
            linger(stream, options.linger, options.max_linger_bytes).await;
        }
    }
}

fn builder(options: &Options) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        // Less than 8 KiB is refused by a panic.
        .max_buf_size(options.max_header_bytes.max(8 * 1024))
        .max_headers(options.max_headers.max(1));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(options.idle_timeout)
        .keep_alive_timeout(options.header_timeout)
        .max_concurrent_streams(128)
        .max_header_list_size(u32::try_from(options.max_header_bytes).unwrap_or(u32::MAX));
    builder
}
