//! A server for the vendors' own clients, where the command is not at hand.

use gatefold::http::{self, Options};
use gatefold::service::{Assets, Role, Settings};
use tokio::net::TcpListener;

/// Serves in memory on the address in `GATEFOLD_LISTEN`, with the key `test:a-secret`, which may make
/// `GATEFOLD_RATE` requests per second, or any number of them when that is 0.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "serves until it is killed"]
async fn serve_in_memory() {
    let address = std::env::var("GATEFOLD_LISTEN").unwrap_or("127.0.0.1:8089".to_owned());
    let public_url = format!("http://{address}");
    let settings = Settings { public_url, ..Settings::default() };
    let assets = Assets::in_memory(settings).await.unwrap();
    assets.keyring().put("test", "a-secret", &Role::ALL, None, None).await.unwrap();
    let rate = std::env::var("GATEFOLD_RATE").map(|rate| rate.parse().unwrap());
    let default = Options::default();
    let requests_per_second = rate.unwrap_or(default.requests_per_second);
    let options = Options { requests_per_second, ..default };
    let listener = TcpListener::bind(address).await.unwrap();
    let router = http::app(assets, options.clone());
    http::serve(listener, router, &options, std::future::pending()).await.unwrap();
}
