//! Whether the links of a service lead to it.

use std::net::{IpAddr, SocketAddr};

/// Whether others reach what listens at `address`, but links name this machine as nobody else can
/// reach it. Without a public URL links name the address, or for all addresses (`0.0.0.0`, `::`) the
/// loopback one.
pub(super) fn lead_nowhere(address: SocketAddr, public_url: Option<&str>) -> bool {
    let named_local = match public_url {
        Some(url) => is_local(host(url)),
        None => address.ip().is_unspecified(),
    };
    !address.ip().to_canonical().is_loopback() && named_local
}

/// The host of a URL (RFC 3986 3.2.2).
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match authority.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        Some((v6, _)) => v6,
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// Whether a host is the loopback (RFC 1122 3.2.1.3, RFC 4291 2.5.3, RFC 6761 6.3) or unspecified.
fn is_local(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback() || ip.is_unspecified(),
        Err(_) => name == "localhost" || name.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::lead_nowhere;

    #[test]
    fn links_lead_nowhere_when_only_this_machine_can_follow_them() {
        let nowhere = [
            ("0.0.0.0:80", None),
            ("[::]:80", None),
            ("0.0.0.0:80", Some("http://localhost:8080")),
            ("0.0.0.0:80", Some("https://LOCALHOST./media")),
            ("10.0.0.7:80", Some("http://127.1.2.3")),
            ("10.0.0.7:80", Some("http://user@[::1]:8080/media")),
            ("[fd00::7]:80", Some("http://images.localhost")),
            ("[::]:80", Some("http://0.0.0.0:80")),
        ];
        for (address, url) in nowhere {
            assert!(lead_nowhere(address.parse().unwrap(), url), "{address} {url:?}");
        }
        let somewhere = [
            ("127.0.0.1:80", None),
            ("[::1]:80", Some("http://localhost")),
            ("[::ffff:127.0.0.1]:80", Some("http://localhost")),
            ("10.0.0.7:80", None),
            ("0.0.0.0:80", Some("https://images.example")),
            ("0.0.0.0:80", Some("https://localhost.example")),
            ("0.0.0.0:80", Some("http://[fd00::7]")),
            ("0.0.0.0:80", Some("http://localhost@images.example")),
        ];
        for (address, url) in somewhere {
            assert!(!lead_nowhere(address.parse().unwrap(), url), "{address} {url:?}");
        }
    }
}
