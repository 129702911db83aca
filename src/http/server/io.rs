//! A connection's bytes: given up when its reader falls behind, and closed in an orderly way.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::activity::Activity;
use super::lag::Lag;

/// Bytes that the kernel holds before they are sent. Its buffer for what is sent may grow to
/// megabytes, and says that there is room again only when a third is free: a slow reader's progress
/// would not be seen for minutes.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 64 * 1024;

/// Prepares a connection that was accepted.
pub(super) fn prepare(stream: &TcpStream) {
    // Answers are written whole: waiting to fill a segment would only delay them.
    let _ = stream.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT);
}

/// A stream whose writes fail when the peer takes too little, and that tells what it sees. The socket
/// is shared, so that it outlives the protocol on top of it.
pub(super) struct Watched {
    stream: Arc<TcpStream>,
    activity: Arc<Activity>,
    lag: Lag,
    /// Runs while a write waits.
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the client's end was seen.
    ended: bool,
}

impl Watched {
    pub(super) fn new(stream: Arc<TcpStream>, activity: Arc<Activity>, lag: Lag) -> Self {
        Self { stream, activity, lag, timer: None, ended: false }
    }

    fn poll_write_with(
        &mut self,
        task: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            if self.stream.poll_write_ready(task)?.is_ready() {
                match write(&self.stream) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                    done => {
                        if self.timer.take().is_some() {
                            self.lag.resume(Instant::now());
                            self.activity.block(false);
                        }
                        if let Ok(written) = done {
                            self.lag.hand(written);
                        }
                        return Poll::Ready(done);
                    }
                }
            }
            if self.timer.is_none() {
                let now = Instant::now();
                self.lag.wait(now);
                self.activity.block(true);
                self.timer = Some(Box::pin(sleep_until(self.lag.until().unwrap_or(now))));
            }
            if let Some(timer) = &mut self.timer {
                ready!(timer.as_mut().poll(task));
            }
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.stream.poll_read_ready(task))?;
            let free = buffer.initialize_unfilled();
            match self.stream.try_read(free) {
                // A client may hang up behind its last byte. The request is seen first, and its handler
                // begins, before the protocol hears of that and drops both.
                Ok(0) if !self.ended => {
                    self.ended = true;
                    task.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Ok(read) => {
                    if let Some(bytes) = free.get(..read).filter(|bytes| !bytes.is_empty()) {
                        self.activity.read(bytes);
                    }
                    buffer.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(task, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_with(task, |stream| stream.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Left to [`linger`].
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Says that nothing more will be written, then reads what the client still sends and throws it away.
/// Closing at once would reset the connection, and a client that is still sending would see that
/// instead of its answer (RFC 9112 9.6).
pub(super) async fn linger(mut stream: TcpStream, patience: Duration, max_bytes: u64) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut left = max_bytes;
    let mut buffer = vec![0; 16 * 1024];
    let end = Instant::now() + patience;
    loop {
        let patience = end.saturating_duration_since(Instant::now());
        match timeout(patience, stream.read(&mut buffer)).await {
            Ok(Ok(read)) if read > 0 => {
                left = left.saturating_sub(read as u64);
                if left == 0 {
                    return;
                }
            }
            _ => return,
        }
    }
}
