//! The client's address of a request: the peer's, or what trusted proxies say of it
//! (`X-Forwarded-For` and its kin, or `Forwarded`, RFC 7239).

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::FORWARDED;
use axum::http::{Extensions, HeaderMap};

use crate::http::network::Network;
use crate::http::options::Options;

/// Who is counted as one client: an IPv4 address, or the /64 of an IPv6 one. Nothing is known where a
/// router is served without the peer's address (axum's `ConnectInfo<SocketAddr>`).
///
/// The seam puts it into each request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

impl ClientAddress {
    /// What the seam has put into these extensions of a request.
    pub(crate) fn of_request(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self(None))
    }

    /// The client's address of a request with these extensions and headers.
    pub(crate) fn of(extensions: &Extensions, headers: &HeaderMap, options: &Options) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(address)| address.ip());
        Self(peer.map(|peer| Network::of_host(behind(peer, headers, options))))
    }
}

/// The rightmost address that no trusted proxy has, from the peer leftwards. Each proxy appends the
/// address that it was called from, so whatever stands left of that may be made up.
fn behind(peer: IpAddr, headers: &HeaderMap, options: &Options) -> IpAddr {
    let mut nearest = peer;
    if !options.trusts(peer) {
        return nearest;
    }
    let name = &options.client_address_header;
    let lines: Vec<_> = headers.get_all(name).iter().collect();
    for line in lines.into_iter().rev() {
        let Ok(line) = line.to_str() else { return nearest };
        for element in line.rsplit(',') {
            let node = if *name == FORWARDED { forwarded_for(element) } else { Some(element) };
            // A proxy that hides who called it (`for=unknown`) is itself the nearest known.
            let Some(address) = node.and_then(address) else { return nearest };
            nearest = address;
            if !options.trusts(address) {
                return nearest;
            }
        }
    }
    nearest
}

/// The parameter `for` of one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    })
}

/// An address, perhaps in quotes or brackets and with a port.
fn address(node: &str) -> Option<IpAddr> {
    let node = node.trim().trim_matches('"').trim();
    if let Ok(address) = node.parse() {
        return Some(address);
    }
    if let Ok(address) = node.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    node.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    /// The client of a request from this peer with these lines of the header.
    fn client(peer: &str, header: &'static str, lines: &[&'static str]) -> String {
        let options = Options {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()],
            client_address_header: HeaderName::from_static(header),
            ..Options::default()
        };
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HeaderName::from_static(header), HeaderValue::from_static(line));
        }
        ClientAddress::of(&extensions, &headers, &options).0.unwrap().to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        for (peer, lines, expected) in [
            ("192.0.2.1", &["203.0.113.9"][..], "192.0.2.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            // What the client wrote itself stands left of its address.
            ("10.0.0.1", &["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.7", "203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["203.0.113.9, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("fd00::1", &["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::"),
        ] {
            assert_eq!(client(peer, "x-forwarded-for", lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn forwarded_and_single_values_are_read() {
        for (header, line, expected) in [
            (
                "forwarded",
                "for=198.51.100.7, For=203.0.113.9;proto=https;by=10.0.0.1",
                "203.0.113.9",
            ),
            ("forwarded", "for=\"[2001:db8:1:2:3::1]:4711\"", "2001:db8:1:2::"),
            ("forwarded", "for=\"[2001:db8:1:2:3::1]\"", "2001:db8:1:2::"),
            ("forwarded", "for=unknown", "10.0.0.1"),
            ("forwarded", "proto=https", "10.0.0.1"),
            ("x-real-ip", "203.0.113.9", "203.0.113.9"),
        ] {
            assert_eq!(client("10.0.0.1", header, &[line]), expected, "{line}");
        }
    }

    #[test]
    fn without_a_peer_nothing_is_known() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.9"));
        let of = ClientAddress::of(&Extensions::new(), &headers, &Options::default());
        assert_eq!(of, ClientAddress(None));
    }
}
