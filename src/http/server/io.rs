//! A connection that is given up when its reader does not read, and that is closed in an orderly way.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, timeout};

/// A stream whose writes fail when nothing could be written for a while. Shared, so that it outlives
/// the protocol on top of it.
pub(super) struct Patient {
    stream: Arc<TcpStream>,
    patience: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Whether the client's end was seen.
    ended: bool,
}

impl Patient {
    pub(super) fn new(stream: Arc<TcpStream>, patience: Duration) -> Self {
        Self { stream, patience, stalled: None, ended: false }
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
                        self.stalled = None;
                        return Poll::Ready(done);
                    }
                }
            }
            let patience = self.patience;
            let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
            ready!(stalled.as_mut().poll(task));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.stream.poll_read_ready(task))?;
            match self.stream.try_read(buffer.initialize_unfilled()) {
                // A client may hang up behind its last byte. The request is seen first, and its handler
                // begins, before the protocol hears of that and drops both.
                Ok(0) if !self.ended => {
                    self.ended = true;
                    task.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Ok(read) => {
                    buffer.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Patient {
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
