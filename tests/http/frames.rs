//! A client of HTTP/2 (RFC 9113) that sends the frames it is told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) content: Vec<u8>,
}

impl Frame {
    pub(crate) fn ends(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }
}

pub(crate) struct Client {
    stream: TcpStream,
    /// What the server takes on the connection, and on each stream.
    pub(crate) window: i64,
    pub(crate) stream_window: i64,
    /// Read while something else was done.
    waiting: VecDeque<Frame>,
}

impl Client {
    /// With this much room for each answer.
    pub(crate) async fn connect(address: SocketAddr, room: u32) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut client =
            Self { stream, window: 65_535, stream_window: 65_535, waiting: VecDeque::new() };
        client.stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut settings = vec![0, 4];
        settings.extend(room.to_be_bytes());
        client.send(SETTINGS, 0, 0, &settings).await;
        client
    }

    /// False once the server has closed.
    pub(crate) async fn send(&mut self, kind: u8, flags: u8, stream: u32, content: &[u8]) -> bool {
        let mut frame = (content.len() as u32).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(content);
        self.stream.write_all(&frame).await.is_ok()
    }

    /// The head of a request; more headers as pairs.
    pub(crate) async fn ask(
        &mut self,
        stream: u32,
        (method, path): (&str, &str),
        more: &[(&str, &str)],
        flags: u8,
    ) -> bool {
        let mut block = Vec::new();
        let own = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "x")];
        for (name, value) in own.iter().chain(more) {
            // RFC 7541 6.2.2: a literal without indexing, both in plain ASCII.
            block.push(0);
            for text in [name, value] {
                assert!(text.len() < 127);
                block.push(text.len() as u8);
                block.extend(text.bytes());
            }
        }
        self.send(HEADERS, flags | END_HEADERS, stream, &block).await
    }

    /// The next frame that is not about the connection alone; those are answered as they must be.
    /// `None` once the server has closed, or says nothing for ten seconds.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        if let Some(frame) = self.waiting.pop_front() {
            return Some(frame);
        }
        loop {
            let frame = timeout(Duration::from_secs(10), self.read()).await.ok()??;
            match frame.kind {
                SETTINGS if frame.flags & ACK == 0 => {
                    for setting in frame.content.chunks_exact(6) {
                        if setting[..2] == [0, 4] {
                            let size = u32::from_be_bytes(setting[2..].try_into().unwrap());
                            self.stream_window = size.into();
                        }
                    }
                    self.send(SETTINGS, ACK, 0, &[]).await;
                }
                PING if frame.flags & ACK == 0 => {
                    self.send(PING, ACK, 0, &frame.content).await;
                }
                SETTINGS | PING => {}
                WINDOW_UPDATE => {
                    let more = i64::from(u32::from_be_bytes(frame.content[..].try_into().unwrap()));
                    if frame.stream == 0 {
                        self.window += more;
                    } else {
                        self.stream_window += more;
                    }
                    return Some(frame);
                }
                _ => return Some(frame),
            }
        }
    }

    async fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut content = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.stream.read_exact(&mut content).await.ok()?;
        Some(Frame { kind, flags, stream: u32::from_be_bytes(stream), content })
    }

    /// Sends a body as fast as the server takes it. What else comes meanwhile is kept for `next`;
    /// stops at a reset. True when all of it was sent.
    pub(crate) async fn body(&mut self, stream: u32, mut left: usize) -> bool {
        let mut kept = VecDeque::new();
        while left > 0 {
            let room = self.window.min(self.stream_window);
            if room <= 0 {
                let Some(frame) = self.next().await else { break };
                let reset = frame.kind == RST_STREAM;
                if frame.kind != WINDOW_UPDATE {
                    kept.push_back(frame);
                }
                if reset {
                    break;
                }
                continue;
            }
            let size = left.min(16_384).min(room as usize);
            left -= size;
            self.window -= size as i64;
            self.stream_window -= size as i64;
            let flags = if left == 0 { END_STREAM } else { 0 };
            if !self.send(DATA, flags, stream, &vec![b'x'; size]).await {
                break;
            }
        }
        self.waiting.append(&mut kept);
        left == 0
    }
}
