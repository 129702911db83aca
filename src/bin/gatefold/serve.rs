//! `gatefold serve`: the asset service with all its APIs, on one machine.

mod config;
mod links;
mod log;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use gatefold::http;
use gatefold::service::{ApiKey, Assets, Keyring, Role, ServiceError};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

pub(crate) use config::ServeTask;

use crate::config::Setting;
use crate::console::{Shape, print};
use crate::outcome::{Exit, Failure};

/// Time that is left for closing when requests have to end: at most this, and a quarter of all.
const CLOSING: Duration = Duration::from_secs(2);

/// Runs a future on all processors.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    runtime()?.block_on(work)
}

fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io(format!("the threads do not start: {error}")))
}

pub(crate) fn run(setting: &Setting, mut task: ServeTask) -> Result<Exit, Failure> {
    log::begin(task.log, &task.log_filter)?;
    // The last part of the time to stop in is for closing the store, and for threads that still work.
    let closing = CLOSING.min(task.options.shutdown_timeout / 4);
    task.options.shutdown_timeout = task.options.shutdown_timeout.saturating_sub(closing);
    let runtime = runtime()?;
    let served = runtime.block_on(serve(setting, task, closing / 2));
    // Dropping it would wait for every thread, whatever it does.
    runtime.shutdown_timeout(closing / 2);
    served?;
    Ok(Exit::Accepted)
}

async fn serve(setting: &Setting, task: ServeTask, closing: Duration) -> Result<(), Failure> {
    // Listened for first: an end that comes while the service starts is not missed.
    let stop = stop()?;
    let (listener, address) = listen(&task.listen).await?;
    let url = url_of(address);
    let metrics = match &task.metrics_listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };

    if links::lead_nowhere(address, task.public_url.as_deref()) {
        let links = task.public_url.as_ref().unwrap_or(&url);
        tracing::warn!(
            %address,
            %links,
            "others can reach this service, but its links name an address that only this machine \
             can reach; set --public-url"
        );
    }
    let mut settings = task.settings;
    settings.public_url = task.public_url.unwrap_or_else(|| url.clone());
    let (router, opening) = http::starting();
    let opened = OnceLock::new();
    let metrics_url = metrics.as_ref().map(|(_, address)| url_of(*address));
    let work = async {
        // Whoever watches the process is answered while the store opens.
        let assets = Assets::open(&task.data, settings).await;
        let assets = assets.map_err(|error| Failure::io(told(&task.data, &error)))?;
        let assets = opened.get_or_init(|| assets);
        let key = first_key(assets, task.key).await?;
        let counters = match metrics {
            None => {
                opening.open(http::app(assets.clone(), task.options.clone()));
                None
            }
            Some((listener, _)) => {
                let (app, own) = http::app_and_metrics(assets.clone(), task.options.clone());
                opening.open(app);
                Some((listener, own))
            }
        };
        if setting.console.wants(Shape::Text) {
            let version = env!("CARGO_PKG_VERSION");
            let data = task.data.display();
            print(format!("gatefold {version} serves {url} and keeps {data}\n").as_bytes())?;
        }
        if let Some((id, secret)) = key {
            // Whatever else is wanted quiet: there is no other time to learn it.
            print(format!("API key, which is shown this once: {id}:{secret}\n").as_bytes())?;
        }
        if let Some(url) = metrics_url {
            tracing::info!(%url, "serving metrics");
        }
        tracing::info!(%url, version = env!("CARGO_PKG_VERSION"), "serving");
        let watched = async {
            if let Some((listener, own)) = counters {
                let _ = http::serve(listener, own, &task.options, std::future::pending()).await;
            }
        };
        tokio::join!(watched, sweep(assets, task.sweep_interval));
        Ok(())
    };
    let served = tokio::select! {
        served = http::serve(listener, router, &task.options, stop) => {
            served.map_err(|error| Failure::io(format!("serving failed: {error}")))
        }
        failed = work => failed,
    };
    if let Some(assets) = opened.get()
        && tokio::time::timeout(closing, assets.close()).await.is_err()
    {
        tracing::warn!("work on the store was still running when the time to stop was over");
    }
    tracing::info!("stopped");
    served
}

/// An error in the folder, and what is behind it.
pub(crate) fn told(data: &std::path::Path, error: &ServiceError) -> String {
    match error {
        // It names the folder itself.
        ServiceError::StoreRefused { .. } => error.to_string(),
        _ => format!("{}: {}", data.display(), chain(error)),
    }
}

/// Listens at an address, of which the port may be any.
async fn listen(address: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let cannot = |error| Failure::io(format!("cannot listen at {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    Ok((listener, address))
}

/// An error and what is behind it: this is told to the operator, who may know of paths.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// Takes the key that was given, which ends with the process, or makes a first one for a service
/// without any.
async fn first_key(
    assets: &Assets,
    given: Option<(String, String)>,
) -> Result<Option<(String, String)>, Failure> {
    let keyring = assets.keyring();
    let stored = keyring.list().await.map_err(Failure::io)?;
    let living = || stored.iter().filter(|key| key.revoked_at.is_none());
    if let Some((id, secret)) = given {
        if let Some(key) = living().find(|key| key.id == id) {
            end_stored(keyring, key).await?;
        }
        keyring.put_temporary(&id, &secret, &Role::ALL, None, None).map_err(Failure::usage)?;
        warn_of_stored(living().filter(|key| key.id != id));
        return Ok(None);
    }
    warn_of_stored(living());
    if !stored.is_empty() {
        return Ok(None);
    }
    let (key, secret) = keyring.create(&Role::ALL, None, None).await.map_err(Failure::io)?;
    Ok(Some((key.id, secret)))
}

/// Whether this is a key as earlier versions stored those of `--key`: it reaches everything, and its
/// id is not one that the service makes.
fn was_given(key: &ApiKey) -> bool {
    let made = key.id.len() == 12 && key.id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let everything = key.tenants.is_none() && key.collection.is_none();
    !made && everything && Role::ALL.iter().all(|role| key.roles.contains(role))
}

/// Ends the key that an earlier version stored under the id of the one that is given now. Any other
/// key of this id was made to stay, and the start is refused.
async fn end_stored(keyring: &Keyring, key: &ApiKey) -> Result<(), Failure> {
    if !was_given(key) {
        let id = &key.id;
        return Err(Failure::usage(format!(
            "--key: \"{id}\" is the id of a key that the service keeps; give another id, or end \
             that key first with `gatefold keys revoke {id}`"
        )));
    }
    keyring.revoke(&key.id).await.map_err(Failure::io)?;
    tracing::warn!(
        key = %key.id,
        "an earlier version of gatefold had stored this key; that one is revoked, and the key that \
         was given ends with this process"
    );
    Ok(())
}

/// Nobody may remember a key that was meant for one run of an earlier version.
fn warn_of_stored<'a>(keys: impl Iterator<Item = &'a ApiKey>) {
    for key in keys.filter(|key| was_given(key)) {
        tracing::warn!(
            key = %key.id,
            "this stored key reaches everything and was not made by `gatefold keys create`; if it \
             was given to an earlier version with --key, end it with `gatefold keys revoke`"
        );
    }
}

/// Sweeps again and again; a sweep that fails is told, and the next one tries once more.
async fn sweep(assets: &Assets, interval: Duration) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick is now: a start should not be slow.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        match assets.sweep().await {
            Ok(swept) => tracing::debug!(?swept, "swept"),
            Err(error) => tracing::error!(code = error.code(), %error, "a sweep failed"),
        }
    }
}

/// Where a browser on this machine reaches what listens here.
fn url_of(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// Done when the process is asked to end.
fn stop() -> Result<impl Future<Output = ()> + Send, Failure> {
    #[cfg(unix)]
    let mut ended = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate()).map_err(Failure::io)?
    };
    Ok(async move {
        #[cfg(unix)]
        let ended = ended.recv();
        #[cfg(not(unix))]
        let ended = std::future::pending::<Option<()>>();
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = ended => {}
        }
    })
}
