//! The server on a real socket, against clients that do not play by the rules.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use gatefold::http::{self, Options};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::make;
use crate::support::*;

fn hasty() -> Options {
    Options {
        requests_per_second: 0.0,
        header_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(300),
        keep_alive_timeout: Duration::from_millis(300),
        linger: Duration::from_secs(2),
        ..Options::default()
    }
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Everything that comes until the server closes; a reset ends it as well.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let all = async {
        while let Ok(read @ 1..) = stream.read(&mut piece).await {
            bytes.extend_from_slice(&piece[..read]);
        }
    };
    timeout(Duration::from_secs(10), all).await.expect("the server closes");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn head(length: &str) -> String {
    format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n{length}\r\n\r\n",
        images(),
        basic(KEY)
    )
}

#[tokio::test]
async fn heads_that_do_not_come_are_not_waited_for() {
    let address = App::with(hasty()).await.listen().await;
    for start in ["", "G", "PRI * HTT", "GET / HTTP/1.1\r\nHost: x\r\nX-A: "] {
        let begun = Instant::now();
        let mut stream = connect(address).await;
        stream.write_all(start.as_bytes()).await.unwrap();
        rest(&mut stream).await;
        assert!(begun.elapsed() < Duration::from_secs(3), "{start:?} held the connection");
    }
    // One byte now and then is no head either.
    let begun = Instant::now();
    let (mut read, mut write) = connect(address).await.into_split();
    let dribble = tokio::spawn(async move {
        for byte in b"GET /healthz HTTP/1.1\r\nHost: xxxxxxxxxxxxxxxxxxxxxxxx\r\n".iter().cycle() {
            if write.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut sink = Vec::new();
    let _ = timeout(Duration::from_secs(5), read.read_to_end(&mut sink)).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4));
    dribble.abort();
}

#[tokio::test]
async fn bodies_that_pause_are_given_up() {
    let address = App::with(hasty()).await.listen().await;
    let mut stream = connect(address).await;
    stream.write_all(head("Content-Length: 10000").as_bytes()).await.unwrap();
    stream.write_all(b"--a-boundary\r\n").await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("x-gatefold-code: too_slow"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn bodies_that_dribble_are_given_up() {
    let options = Options { min_body_rate: 1_000_000, ..hasty() };
    let address = App::with(options).await.listen().await;
    let (mut read, mut write) = connect(address).await.into_split();
    write.write_all(head("Content-Length: 10000000").as_bytes()).await.unwrap();
    let dribble = tokio::spawn(async move {
        while write.write_all(b"--a-boundary\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut start = [0; 12];
    timeout(Duration::from_secs(5), read.read_exact(&mut start)).await.unwrap().unwrap();
    assert_eq!(&start, b"HTTP/1.1 408");
    dribble.abort();
}

#[tokio::test]
async fn a_megabyte_of_headers_is_refused() {
    let address = App::with(hasty()).await.listen().await;
    for line in [format!("X-Long: {}\r\n", "x".repeat(1 << 20)), "X-Many: 1\r\n".repeat(100_000)] {
        let (mut read, mut write) = connect(address).await.into_split();
        let sending = tokio::spawn(async move {
            let _ = write.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n").await;
            let _ = write.write_all(line.as_bytes()).await;
            write
        });
        let mut start = [0; 12];
        timeout(Duration::from_secs(5), read.read_exact(&mut start)).await.unwrap().unwrap();
        assert_eq!(&start, b"HTTP/1.1 431");
        drop(sending.await);
    }
}

#[tokio::test]
async fn a_refused_sender_hears_the_answer() {
    let address = App::new().await.listen().await;
    // Too large by its length, too large without one, and not permitted at all.
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let unsigned = head("Content-Length: 20000000").replace("Basic", "Nobody");
    for (head, piece, count, status) in [
        (head("Content-Length: 20000000"), "x".repeat(0x10000), 305, "400"),
        (head("Transfer-Encoding: chunked"), chunk, 305, "400"),
        (unsigned, "x".repeat(0x10000), 305, "401"),
    ] {
        let mut stream = connect(address).await;
        // Listens only once it has sent everything, as most HTTP libraries do.
        stream.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..count {
            stream.write_all(piece.as_bytes()).await.expect("the server keeps reading");
        }
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.contains("connection: close") && answer.ends_with('}'), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_before_it_sends() {
    let address = App::new().await.listen().await;
    let mut stream = connect(address).await;
    let head = head("Content-Length: 20000000\r\nExpect: 100-continue");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn a_connection_goes_on_after_a_small_refusal() {
    let address = App::new().await.listen().await;
    let mut stream = connect(address).await;
    let unsigned = head("Content-Length: 1000").replace("Basic", "Nobody");
    stream.write_all(unsigned.as_bytes()).await.unwrap();
    stream.write_all(&[b'x'; 1000]).await.unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(answer.contains("HTTP/1.1 200") && answer.ends_with("ok\n"), "{answer}");
}

#[tokio::test]
async fn stopping_finishes_what_was_accepted() {
    let (drain_delay, idle_timeout) = (Duration::from_millis(600), Duration::from_secs(5));
    let options = Options { drain_delay, idle_timeout, ..hasty() };
    let app = App::with(options.clone()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let router = app.router.clone();
    let serving = tokio::spawn(async move {
        http::serve(listener, router, &options, async { drop(stopped.await) }).await
    });

    let body = multipart(&[image_part(&make::png(40, 40, 1))]);
    let (early, late) = body.split_at(body.len() / 2);
    let mut upload = connect(address).await;
    let length = format!("Content-Length: {}", body.len());
    upload.write_all(head(&length).as_bytes()).await.unwrap();
    upload.write_all(early).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;

    let mut asking = connect(address).await;
    asking
        .write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let answer = rest(&mut asking).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("x-gatefold-code: draining"), "{answer}");

    for piece in late.chunks(late.len().div_ceil(8)) {
        upload.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let answer = rest(&mut upload).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    timeout(Duration::from_secs(5), serving).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn connections_past_the_limit_wait() {
    let options = Options { max_connections: 2, idle_timeout: Duration::from_secs(1), ..hasty() };
    let address = App::with(options).await.listen().await;
    // Two that send a body, which pauses.
    let mut held = [connect(address).await, connect(address).await];
    for stream in &mut held {
        stream.write_all(head("Content-Length: 10000").as_bytes()).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut third = connect(address).await;
    third
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let begun = Instant::now();
    let answer = rest(&mut third).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(begun.elapsed() > Duration::from_millis(500), "it was served beside the two");
}
