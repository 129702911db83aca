//! Limits of rate for those who show no key, by the address of the client.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode};
use gatefold::http::Options;
use serde_json::json;

use crate::audiodelivery::{post, read};
use crate::make;
use crate::support::*;

/// As a server hands it on that was called from this address.
fn from(address: [u8; 4], mut request: Request<Body>) -> Request<Body> {
    let peer = SocketAddr::from((address, 4711));
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

fn get(path: &str) -> Request<Body> {
    empty(request(Method::GET, path))
}

const ONE: [u8; 4] = [192, 0, 2, 1];
const OTHER: [u8; 4] = [192, 0, 2, 2];
const PROXY: [u8; 4] = [10, 0, 0, 1];

/// So little that a test meets it.
fn strict() -> Options {
    Options {
        requests_per_second: 0.0,
        address_requests_per_second: 0.01,
        address_burst: 3,
        ..Options::default()
    }
}

#[tokio::test]
async fn public_links_are_limited_by_address_but_not_for_what_is_in_memory() {
    let app = App::with(strict()).await;
    let link = public_path(&app.upload(&make::png(64, 64, 1)).await);
    let sized = |n: u32| get(&format!("{link}?size={n}x{n}"));
    for n in 1..=3 {
        assert_eq!(app.send(from(ONE, sized(n))).await.status, 200);
    }
    let refused = app.send(from(ONE, sized(4))).await;
    refused.refuses(429, "rate_limited", "error");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    for _ in 0..20 {
        assert_eq!(app.send(from(ONE, sized(1))).await.status, 200, "it is in memory");
    }
    assert_eq!(app.send(from(OTHER, sized(4))).await.status, 200);
    assert_eq!(app.send(sized(5)).await.status, 200, "nobody knows where it comes from");
}

#[tokio::test]
async fn ids_that_are_guessed_count() {
    let app = App::with(strict()).await;
    for n in 1..=3 {
        let guess = get(&format!("/images/{n:021}"));
        app.send(from(ONE, guess)).await.refuses(404, "not_found", "error");
    }
    app.send(from(ONE, get("/images/000000000000000000009"))).await.refuses(
        429,
        "rate_limited",
        "error",
    );
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_told_apart() {
    let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let app = App::with(Options { trusted_proxies, ..strict() }).await;
    let link = public_path(&app.upload(&make::png(64, 64, 1)).await);
    let asked = async |proxy, client: &str, n: u32| -> StatusCode {
        let head = request(Method::GET, &format!("{link}?size={n}x{n}"));
        let asked = empty(head.header("x-forwarded-for", client));
        app.send(from(proxy, asked)).await.status
    };
    for n in 1..=3 {
        assert_eq!(asked(PROXY, "198.51.100.1", n).await, 200);
    }
    assert_eq!(asked(PROXY, "198.51.100.1", 4).await, 429);
    assert_eq!(asked(PROXY, "198.51.100.2", 4).await, 200);
    // Who is no trusted proxy cannot be somebody else each time.
    for n in 5..=7 {
        assert_eq!(asked(ONE, &format!("198.51.100.{n}"), n).await, 200);
    }
    assert_eq!(asked(ONE, "198.51.100.9", 8).await, 429);
}

#[tokio::test]
async fn an_upload_link_has_a_rate_of_its_own() {
    let options = Options {
        requests_per_second: 0.0,
        ticket_requests_per_second: 0.01,
        ticket_burst: 2,
        ..Options::default()
    };
    let app = App::with(options).await;
    let collection = app.collection().await;
    let [link, other] = [
        app.cover_of("collection", &collection).await,
        app.cover_of("collection", &collection).await,
    ];
    let send = async |link: &str| {
        app.send(request(Method::POST, link).body(Body::from("no picture")).unwrap()).await
    };
    for _ in 0..2 {
        send(&link).await.not_ok(422, "unknown_format");
    }
    let refused = send(&link).await;
    refused.not_ok(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    send(&other).await.not_ok(422, "unknown_format");
}

#[tokio::test]
async fn upload_sessions_are_limited_by_session_and_by_address() {
    let options = Options { requests_per_second: 0.01, burst: 4, ..Options::default() };
    let app = App::with(options).await;
    let collection = app.collection().await;
    let body = json!({"collection_id": collection});
    let told = app.send(post("/v1/upload_session", &body)).await.ok();
    let path = format!("/v1/upload_session/{}", told["upload_session_id"].as_str().unwrap());
    for _ in 0..4 {
        app.send(from(ONE, get(&path))).await.ok();
    }
    app.send(from(ONE, get(&path))).await.not_ok(429, "rate_limited");

    let app = App::with(strict()).await;
    let no_session = "/v1/upload_session/8ef109f8-5a61-4355-b2e4-b8ac2f6f6f47";
    for _ in 0..3 {
        app.send(from(ONE, get(no_session))).await.not_ok(404, "not_found");
    }
    app.send(from(ONE, get(no_session))).await.not_ok(429, "rate_limited");
    app.send(from(OTHER, get(no_session))).await.not_ok(404, "not_found");
}

#[tokio::test]
async fn who_guesses_keys_is_refused_unseen_and_others_are_not() {
    let options = Options {
        requests_per_second: 0.0,
        authentication_failures_per_minute: 3,
        ..Options::default()
    };
    let app = App::with(options).await;
    app.key("second", &gatefold::service::Role::ALL, "other", None).await;
    app.send(from(ONE, read("/v1/collection"))).await.ok();
    let with = |key: &str| empty(with_bearer(Method::GET, "/v1/collection", key));
    for _ in 0..3 {
        app.send(from(ONE, with("second:wrong"))).await.not_ok(401, "unauthenticated");
    }
    app.send(from(ONE, with("second:wrong"))).await.not_ok(429, "rate_limited");
    app.send(from(ONE, with("second:s"))).await.not_ok(429, "rate_limited");
    // A key that was right at this address before goes on, and so does everybody elsewhere.
    app.send(from(ONE, read("/v1/collection"))).await.ok();
    app.send(from(OTHER, with("second:s"))).await.ok();
}
