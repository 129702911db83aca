//! HTTP/1 connections that wait, that read slowly, and that are too many.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use gatefold::http::Options;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::http2::serve;

const BIG: usize = 8 << 20;

fn router() -> Router {
    Router::new()
        .route("/", get(|| async { "here" }))
        .route("/big", get(|| async { vec![b'x'; BIG] }))
        .route("/never", get(std::future::pending::<()>))
}

fn hasty() -> Options {
    Options {
        header_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(300),
        keep_alive_timeout: Duration::from_secs(3),
        linger: Duration::from_millis(300),
        ..Options::default()
    }
}

/// Reads one answer of which the body is `here`.
async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let all = async {
        while !bytes.ends_with(b"\r\n\r\nhere") {
            let mut piece = [0; 1024];
            match stream.read(&mut piece).await {
                Ok(read @ 1..) => bytes.extend_from_slice(&piece[..read]),
                _ => break,
            }
        }
    };
    timeout(Duration::from_secs(10), all).await.expect("an answer");
    String::from_utf8(bytes).unwrap()
}

/// Whether the server closes, without another byte.
async fn closed(stream: &mut TcpStream) -> bool {
    let mut byte = [0];
    let read = timeout(Duration::from_secs(10), stream.read(&mut byte)).await;
    !matches!(read.expect("the server closes"), Ok(1..))
}

#[tokio::test]
async fn idle_connections_have_a_clock_of_their_own_and_are_told_it() {
    let address = serve(router(), hasty()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The head's clock begins with its first byte, at the start and between requests.
    for _ in 0..2 {
        sleep(Duration::from_millis(700)).await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let told = answer(&mut stream).await;
        assert!(told.contains("keep-alive: timeout=3\r\n"), "{told}");
        assert!(told.contains("connection: keep-alive\r\n"), "{told}");
    }
    assert!(closed(&mut stream).await);
}

#[tokio::test]
async fn who_does_not_stay_is_not_told_how_long() {
    let address = serve(router(), hasty()).await;
    for head in ["GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"]
    {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let told = answer(&mut stream).await;
        assert!(!told.contains("keep-alive"), "{told}");
        assert!(closed(&mut stream).await);
    }
    let mut old = TcpStream::connect(address).await.unwrap();
    for _ in 0..2 {
        old.write_all(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await.unwrap();
        let told = answer(&mut old).await;
        assert!(told.contains("connection: keep-alive\r\n"), "{told}");
        assert!(told.contains("keep-alive: timeout=3\r\n"), "{told}");
    }
}

/// A connection whose kernel holds little, so that the reader's pace is seen.
async fn narrow(address: std::net::SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(32 * 1024).unwrap();
    socket.connect(address).await.unwrap()
}

#[tokio::test]
async fn a_slow_but_steady_reader_is_served_and_one_that_stops_is_not() {
    let max_response_lag = Duration::from_millis(500);
    let options = Options { max_response_lag, min_response_rate: 100_000, ..hasty() };
    let address = serve(router(), options).await;
    let ask = b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    // Several times `max_response_lag` altogether.
    let mut steady = narrow(address).await;
    steady.write_all(ask).await.unwrap();
    let (mut got, mut piece) = (0, vec![0; 64 * 1024]);
    while let Ok(read @ 1..) = steady.read(&mut piece).await {
        got += read;
        sleep(Duration::from_millis(10)).await;
    }
    assert!(got > BIG, "cut after {got} bytes");

    let mut stopped = narrow(address).await;
    stopped.write_all(ask).await.unwrap();
    sleep(Duration::from_secs(3)).await;
    let mut got = 0;
    let all = async {
        while let Ok(read @ 1..) = stopped.read(&mut piece).await {
            got += read;
        }
    };
    timeout(Duration::from_secs(10), all).await.expect("the server closes");
    assert!(got < BIG, "it was waited for");
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_no_more() {
    let address = serve(router(), Options { max_connections_per_address: 2, ..hasty() }).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    let second = TcpStream::connect(address).await.unwrap();
    let ask = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    first.write_all(ask).await.unwrap();
    answer(&mut first).await;
    let mut third = TcpStream::connect(address).await.unwrap();
    assert!(closed(&mut third).await);
    first.write_all(ask).await.unwrap();
    assert!(answer(&mut first).await.starts_with("HTTP/1.1 200"), "the others go on");
    drop(second);
    let mut again = TcpStream::connect(address).await.unwrap();
    for _ in 0..50 {
        let _ = again.write_all(ask).await;
        if answer(&mut again).await.starts_with("HTTP/1.1 200") {
            return;
        }
        // The server has not noticed yet that the second has gone.
        sleep(Duration::from_millis(100)).await;
        again = TcpStream::connect(address).await.unwrap();
    }
    panic!("no connection after one was closed");
}

#[tokio::test]
async fn a_trusted_proxy_has_any_number_of_connections() {
    let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let options = Options { max_connections_per_address: 1, trusted_proxies, ..hasty() };
    let address = serve(router(), options).await;
    let mut held = Vec::new();
    for _ in 0..5 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        answer(&mut stream).await;
        held.push(stream);
    }
}

#[tokio::test]
async fn idle_connections_make_room_for_new_ones() {
    let keep_alive_timeout = Duration::from_secs(60);
    let options = Options { max_connections: 3, keep_alive_timeout, ..hasty() };
    let address = serve(router(), options).await;
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut held = Vec::new();
    for _ in 0..6 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
        held.push(stream);
    }
    assert!(closed(&mut held[0]).await);
    let read = timeout(Duration::from_millis(200), busy.read(&mut [0])).await;
    assert!(read.is_err(), "what is being served is left alone");
}
