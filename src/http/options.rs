//! What an operator may choose about the requests themselves.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::HeaderName;
use serde::Deserialize;
use serde::de::Error;

use super::network::Network;

/// How requests are taken. All fields have defaults; a TOML file may give any of them.
///
/// ```
/// let options = gatefold::http::Options { requests_per_second: 5.0, ..Default::default() };
/// assert_eq!(options.max_header_bytes, 64 * 1024);
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Origins such as `https://editor.example` whose pages may use the APIs with a key or with
    /// credentials that the browser keeps. Default none; links for uploads and public pictures are for
    /// pages of any origin all the same.
    pub allowed_origins: Vec<String>,
    /// Requests that one key or upload session may make per second, on average. Default 50; 0 sets
    /// no rate.
    pub requests_per_second: f64,
    /// Requests that one key or upload session may make at once before its rate holds. Default 200.
    pub burst: u32,
    /// Requests to one upload link (a ticket) per second, on average. Default 1; 0 sets no rate.
    pub ticket_requests_per_second: f64,
    /// Requests to one upload link at once before its rate holds. Default 20.
    pub ticket_burst: u32,
    /// Requests without a key that one client address may make per second, on average: through
    /// upload links and sessions, and through public links for what is not at hand in memory. An
    /// IPv6 client is counted by its /64. Default 100; 0 sets no rate.
    pub address_requests_per_second: f64,
    /// Requests without a key that one client address may make at once before its rate holds.
    /// Default 2 000.
    pub address_burst: u32,
    /// Wrong keys that one client address may show in a minute before it is refused unseen.
    /// Default 60; 0 sets no limit.
    pub authentication_failures_per_minute: u32,
    /// How many keys, links and addresses are remembered for their rate, of each kind. When there
    /// are more, those with the fewest recent requests are forgotten. Default 65 536.
    pub max_rated_keys: usize,
    /// Addresses and networks of the proxies in front of this service, as `10.0.0.0/8` or `::1`.
    /// What they say in `client_address_header` is believed, and nobody else. Default none.
    pub trusted_proxies: Vec<Network>,
    /// The header in which trusted proxies name the client: `x-forwarded-for`, `forwarded`
    /// (RFC 7239), or one with a single address, as `x-real-ip`. Default `x-forwarded-for`.
    #[serde(deserialize_with = "header_name")]
    pub client_address_header: HeaderName,
    /// How long a request's head may take, counted from its first byte. Default 10 s.
    #[serde(deserialize_with = "seconds")]
    pub header_timeout: Duration,
    /// Bytes of a request's head. Default 64 KiB.
    pub max_header_bytes: usize,
    /// Headers of a request. Default 100.
    pub max_headers: usize,
    /// How long a connection may stay open with nothing asked on it; told to HTTP/1 clients in the
    /// header `Keep-Alive`. Default 75 s; 0 closes each connection after one request.
    #[serde(deserialize_with = "seconds")]
    pub keep_alive_timeout: Duration,
    /// How long a body may pause. Default 30 s.
    #[serde(deserialize_with = "seconds")]
    pub idle_timeout: Duration,
    /// Bytes per second that a body must keep up on average once `idle_timeout` has passed.
    /// Default 1 KiB.
    pub min_body_rate: u64,
    /// Bytes per second that a reader of a response must take; 0 asks only that it takes something
    /// in each `max_response_lag`. Default 1 KiB.
    pub min_response_rate: u64,
    /// How long a reader may fall behind `min_response_rate`: in that time it is given up when it
    /// takes nothing. Default 60 s.
    #[serde(deserialize_with = "seconds")]
    pub max_response_lag: Duration,
    /// How long a body may take altogether. Default 1 h.
    #[serde(deserialize_with = "seconds")]
    pub body_timeout: Duration,
    /// Parts of a multipart body. Default 16.
    pub max_parts: usize,
    /// Bytes of a multipart part that is no file, and of a part's headers. Default 64 KiB.
    pub max_part_bytes: usize,
    /// Bytes of a JSON body. Default 256 KiB.
    pub max_json_bytes: usize,
    /// How long others may keep a picture that a public link served. Default 300 s.
    #[serde(deserialize_with = "seconds")]
    pub cache_max_age: Duration,
    /// How much longer others may show a picture that a public link served while they ask for it
    /// anew (RFC 5861). Default 1 h; 0 s leaves it out.
    #[serde(deserialize_with = "seconds")]
    pub stale_while_revalidate: Duration,
    /// Connections that are served at once; more wait to be accepted, and idle ones are closed for
    /// them. Default 4 096.
    pub max_connections: usize,
    /// Connections that one address may have (an IPv6 client: its /64); more are closed at once.
    /// Trusted proxies may have any number. Default 256; 0 sets no limit.
    pub max_connections_per_address: usize,
    /// How long a client may go on sending after it was refused, so that it sees the answer and not
    /// a broken connection. Default 15 s.
    #[serde(deserialize_with = "seconds")]
    pub linger: Duration,
    /// Bytes that are read and thrown away from a client that was refused. Default 64 MiB.
    pub max_linger_bytes: u64,
    /// How long the server goes on accepting after it was told to stop, while `/readyz` says that
    /// it will. Default 0 s.
    #[serde(deserialize_with = "seconds")]
    pub drain_delay: Duration,
    /// How long requests may take to finish after that. Default 30 s.
    #[serde(deserialize_with = "seconds")]
    pub shutdown_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            requests_per_second: 50.0,
            burst: 200,
            ticket_requests_per_second: 1.0,
            ticket_burst: 20,
            address_requests_per_second: 100.0,
            address_burst: 2000,
            authentication_failures_per_minute: 60,
            max_rated_keys: 65_536,
            trusted_proxies: Vec::new(),
            client_address_header: HeaderName::from_static("x-forwarded-for"),
            header_timeout: Duration::from_secs(10),
            max_header_bytes: 64 * 1024,
            max_headers: 100,
            keep_alive_timeout: Duration::from_secs(75),
            idle_timeout: Duration::from_secs(30),
            min_body_rate: 1024,
            min_response_rate: 1024,
            max_response_lag: Duration::from_secs(60),
            body_timeout: Duration::from_secs(3600),
            max_parts: 16,
            max_part_bytes: 64 * 1024,
            max_json_bytes: 256 * 1024,
            cache_max_age: Duration::from_secs(300),
            stale_while_revalidate: Duration::from_secs(3600),
            max_connections: 4096,
            max_connections_per_address: 256,
            linger: Duration::from_secs(15),
            max_linger_bytes: 64 * 1024 * 1024,
            drain_delay: Duration::ZERO,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

impl Options {
    /// Whether this is the address of a trusted proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(address))
    }
}

fn header_name<'de, D: serde::Deserializer<'de>>(from: D) -> Result<HeaderName, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|_| D::Error::custom(format!("\"{text}\" is no name of a header")))
}

/// Durations in configuration are whole seconds.
fn seconds<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_secs)
}
