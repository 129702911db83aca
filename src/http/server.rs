//! A server that bad clients do not wear out: it bounds connections, heads, pauses and the time to
//! stop in.

mod activity;
mod answers;
mod connection;
mod io;
mod lag;
mod places;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use self::connection::Connection;
use self::places::{Place, Places};
use super::metrics::CONNECTIONS;
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
/// Heads that are slow or large, bodies that pause, readers that fall behind, idle connections and
/// those past the limits are dealt with as the [`Options`] say. Every request carries the peer's
/// address as axum's `ConnectInfo<SocketAddr>`. Returns once every connection is closed or
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
    let places = Places::new(&options);
    let draining = Draining::default();
    let (end, ended) = watch::channel(false);
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
            accepted = accept(&listener, &places, &options) => accepted,
        };
        let Some((stream, peer, place)) = accepted else { continue };
        let connection = Connection {
            router: router.clone(),
            peer,
            options: Arc::clone(&options),
            draining: draining.clone(),
            stop: ended.clone(),
            place,
        };
        tokio::spawn(connection.serve(stream));
    }
    drop(listener);
    end.send_replace(true);
    if timeout(options.shutdown_timeout, places.empty()).await.is_err() {
        tracing::warn!("requests were still running when the time to stop was over");
    }
    Ok(())
}

/// The next connection that is not refused, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Places>,
    options: &Options,
) -> Option<(TcpStream, SocketAddr, Place)> {
    let (stream, peer) = match listener.accept().await {
        Ok(accepted) => accepted,
        Err(error) => {
            // Out of file descriptors, most likely: closing connections will give some back.
            tracing::warn!(%error, "a connection could not be accepted");
            sleep(Duration::from_millis(100)).await;
            return None;
        }
    };
    if places.refuses(peer.ip(), options) {
        CONNECTIONS.refused();
        tracing::debug!(%peer, "this address has too many connections");
        return None;
    }
    let place = places.take(peer.ip(), options).await;
    Some((stream, peer, place))
}
