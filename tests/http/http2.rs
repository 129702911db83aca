//! HTTP/2 on a real socket: idle connections, readers that do not read, answers that come early, and
//! requests that are taken back.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use gatefold::http::{self, Options};
use tokio::net::TcpListener;

use crate::frames::*;
use crate::support::*;

fn hasty() -> Options {
    Options {
        requests_per_second: 0.0,
        header_timeout: Duration::from_millis(500),
        idle_timeout: Duration::from_millis(300),
        keep_alive_timeout: Duration::from_millis(500),
        max_response_lag: Duration::from_millis(500),
        ..Options::default()
    }
}

/// Serves a router of the test's.
pub(crate) async fn serve(router: Router, options: Options) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(
        async move { http::serve(listener, router, &options, std::future::pending()).await },
    );
    address
}

fn big() -> Router {
    Router::new()
        .route("/big", get(|| async { vec![b'x'; 1 << 20] }))
        .route("/small", get(|| async { "small" }))
        .route("/never", get(std::future::pending::<()>))
}

#[tokio::test]
async fn an_idle_connection_that_answers_pings_is_closed() {
    let address = serve(big(), hasty()).await;
    let mut client = Client::connect(address, 65_535).await;
    client.ask(1, ("GET", "/small"), &[], END_STREAM).await;
    let (mut answered, mut said_goodbye) = (false, false);
    // Pings are answered in `next`, until the server closes.
    while let Some(frame) = client.next().await {
        answered |= frame.stream == 1 && frame.ends();
        said_goodbye |= frame.kind == GOAWAY;
    }
    assert!(answered && said_goodbye);
    assert!(!client.send(PING, 0, 0, &[0; 8]).await || client.next().await.is_none());
}

#[tokio::test]
async fn a_stream_that_is_not_read_is_reset_and_others_go_on() {
    let options = Options { keep_alive_timeout: Duration::from_secs(30), ..hasty() };
    let address = serve(big(), options).await;
    let mut client = Client::connect(address, 1000).await;
    client.ask(1, ("GET", "/big"), &[], END_STREAM).await;
    let mut got = 0;
    let reset = loop {
        let frame = client.next().await.expect("the connection lives");
        match frame.kind {
            DATA => got += frame.content.len(),
            RST_STREAM => break frame,
            _ => {}
        }
    };
    assert_eq!((reset.stream, got), (1, 1000));
    client.ask(3, ("GET", "/small"), &[], END_STREAM).await;
    let mut frame = client.next().await.unwrap();
    while !(frame.stream == 3 && frame.ends()) {
        frame = client.next().await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_that_is_read_slowly_is_served() {
    let address = serve(big(), hasty()).await;
    let mut client = Client::connect(address, 65_535).await;
    client.ask(1, ("GET", "/big"), &[], END_STREAM).await;
    let mut got = 0;
    loop {
        let frame = client.next().await.expect("the connection lives");
        assert_ne!(frame.kind, RST_STREAM, "after {got} bytes");
        if frame.kind == DATA {
            got += frame.content.len();
            // Less than `max_response_lag` for each window, altogether more.
            if got % 65_535 < 16_384 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let more = (frame.content.len() as u32).to_be_bytes();
            client.send(WINDOW_UPDATE, 0, 0, &more).await;
            client.send(WINDOW_UPDATE, 0, 1, &more).await;
        }
        if frame.stream == 1 && frame.ends() {
            break;
        }
    }
    assert_eq!(got, 1 << 20);
}

#[tokio::test]
async fn an_early_refusal_does_not_cut_the_sender_off() {
    let address = App::new().await.listen().await;
    let mut client = Client::connect(address, 65_535).await;
    let typed = [("content-type", "multipart/form-data; boundary=x")];
    client.ask(1, ("POST", &images()), &typed, 0).await;
    // Ten times what the server takes without reading.
    assert!(client.body(1, 10 << 20).await, "the server stopped reading");
    let mut kinds = Vec::new();
    while let Some(frame) = client.next().await {
        if frame.stream == 1 && frame.kind != WINDOW_UPDATE {
            kinds.push(frame.kind);
            if frame.ends() {
                break;
            }
        }
    }
    assert_eq!(kinds, [HEADERS, DATA]);
}

#[tokio::test]
async fn who_takes_most_requests_back_is_turned_away() {
    let address = serve(big(), hasty()).await;
    let mut client = Client::connect(address, 65_535).await;
    let cancel = 8_u32.to_be_bytes();
    for n in 0..2000 {
        let stream = 2 * n + 1;
        let sent = client.ask(stream, ("GET", "/never"), &[], END_STREAM).await
            && client.send(RST_STREAM, 0, stream, &cancel).await;
        if !sent {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut said_goodbye = false;
    while let Some(frame) = client.next().await {
        said_goodbye |= frame.kind == GOAWAY;
    }
    // Either told, or cut off while still sending.
    assert!(said_goodbye || !client.send(PING, 0, 0, &[0; 8]).await);
}
