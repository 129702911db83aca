//! Bodies of answers on their way out, and the tasks of HTTP/2 streams: a stream whose reader falls
//! behind is reset, and the others of its connection go on.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use hyper::rt::Executor;
use tokio::time::{Instant, sleep, sleep_until};

use super::activity::Activity;
use super::lag::Lag;
use crate::http::options::Options;

/// HTTP/2 is handed pieces of this many bytes: the next is asked for when the peer's window has room,
/// which is how its progress is seen.
const PIECE: usize = 16 * 1024;

tokio::task_local! {
    /// The reader of the HTTP/2 stream that a task serves.
    static READER: Reader;
}

/// How the reader of a stream keeps up.
#[derive(Debug, Clone)]
struct Reader(Arc<Mutex<Lag>>);

impl Reader {
    fn with<T>(&self, work: impl FnOnce(&mut Lag) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs HTTP/2 streams as tasks of their own.
#[derive(Clone)]
pub(super) struct Streams {
    options: Arc<Options>,
    activity: Arc<Activity>,
}

impl Streams {
    pub(super) const fn new(options: Arc<Options>, activity: Arc<Activity>) -> Self {
        Self { options, activity }
    }

    /// Done when the reader is too late, and not because all of the connection waited for the peer:
    /// that is watched by itself, and streams that share a slow connection wait for each other.
    async fn late(&self, reader: &Reader) {
        let mut from = Instant::now();
        loop {
            match reader.with(|lag| lag.until()) {
                Some(until) if until > Instant::now() => sleep_until(until).await,
                Some(_) if self.activity.was_blocked_after(from) => {
                    from = Instant::now();
                    sleep(self.options.max_response_lag).await;
                }
                Some(_) => return,
                None => {
                    from = Instant::now();
                    sleep(self.options.max_response_lag).await;
                }
            }
        }
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let reader = Reader(Arc::new(Mutex::new(Lag::of(&self.options))));
        let streams = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = READER.scope(reader.clone(), stream) => {}
                // Dropped, the stream is reset.
                () = streams.late(&reader) => tracing::debug!("a stream's reader fell behind"),
            }
        });
    }
}

/// Counts a request as open until it is dropped; as taken back if it was not answered by then.
pub(super) struct Open {
    activity: Arc<Activity>,
    answered: bool,
}

impl Open {
    pub(super) fn begin(activity: &Arc<Activity>) -> Self {
        activity.begin();
        Self { activity: Arc::clone(activity), answered: false }
    }

    /// The head of the answer is there; its body keeps the request open.
    pub(super) fn answer(mut self, body: Body) -> Body {
        self.answered = true;
        let reader = READER.try_with(Clone::clone).ok();
        if body.is_end_stream() {
            return body;
        }
        Body::new(Answer { body, left: Bytes::new(), reader, _open: self })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.answered {
            self.activity.cancel();
        }
        self.activity.end();
    }
}

/// The body of an answer.
struct Answer {
    body: Body,
    /// What came and is not yet handed on.
    left: Bytes,
    /// Over HTTP/2.
    reader: Option<Reader>,
    _open: Open,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(reader) = self.reader.clone() else {
            return Pin::new(&mut self.body).poll_frame(task);
        };
        // Asked again, so the peer has made room for the last piece.
        reader.with(|lag| lag.resume(Instant::now()));
        if self.left.is_empty() {
            match Pin::new(&mut self.body).poll_frame(task) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.left = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return other,
            }
        }
        let length = self.left.len().min(PIECE);
        let piece = self.left.split_to(length);
        reader.with(|lag| {
            lag.hand(piece.len());
            lag.wait(Instant::now());
        });
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        let left = self.left.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(left));
        }
        hint.set_lower(hint.lower().saturating_add(left));
        hint
    }
}
