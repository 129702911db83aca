//! What a connection is doing, and until when it may go on so.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::http::options::Options;

/// What an HTTP/2 connection begins with (RFC 9113 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// A client that follows `Keep-Alive` to the second must not meet a connection that is just closing.
const TRANSIT: Duration = Duration::from_secs(1);
/// Requests that a client may take back before it counts whether these are the most.
const CANCELLED: u32 = 200;

/// How long a connection may take to close that must make room.
pub(super) const AT_ONCE: Duration = Duration::from_secs(1);

/// Clocks of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    pub(super) head: Duration,
    idle: Duration,
}

impl Clocks {
    pub(super) fn of(options: &Options) -> Self {
        Self {
            head: options.header_timeout,
            idle: options.keep_alive_timeout.saturating_add(TRANSIT),
        }
    }
}

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// Nothing was asked for too long: it may be closed in an orderly way.
    Idle,
    /// A head took too long, or the orderly way did.
    Late,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    /// So many bytes were those of the preface.
    Unknown(usize),
    Http1,
    Http2,
}

#[derive(Debug)]
struct State {
    protocol: Protocol,
    /// Requests that are not yet answered to the end.
    open: usize,
    /// Since when there are none.
    since: Instant,
    /// When the first byte of a head came that is not complete (HTTP/1 alone: HTTP/2 has frames of
    /// other kinds, and bounds a head by itself).
    head: Option<Instant>,
    /// Since when it is being closed, and how long that may take.
    closing: Option<(Instant, Duration)>,
    /// A write waits for the peer.
    blocked: bool,
    /// When one last did.
    last_blocked: Option<Instant>,
}

/// Shared between a connection, its requests and its stream of bytes.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    changed: Notify,
    evicted: Notify,
    requests: AtomicU32,
    cancelled: AtomicU32,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                protocol: Protocol::Unknown(0),
                open: 0,
                since: Instant::now(),
                head: None,
                closing: None,
                blocked: false,
                last_blocked: None,
            }),
            changed: Notify::new(),
            evicted: Notify::new(),
            requests: AtomicU32::new(0),
            cancelled: AtomicU32::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These bytes came.
    pub(super) fn read(&self, bytes: &[u8]) {
        let mut state = self.state();
        if let Protocol::Unknown(seen) = state.protocol {
            let wanted = PREFACE.get(seen..).unwrap_or_default();
            let same = wanted.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            state.protocol = if same == wanted.len() {
                state.since = Instant::now();
                state.head = None;
                Protocol::Http2
            } else if same == bytes.len() {
                Protocol::Unknown(seen + same)
            } else {
                Protocol::Http1
            };
        }
        if state.protocol != Protocol::Http2 && state.open == 0 && state.head.is_none() {
            state.head = Some(Instant::now());
            drop(state);
            self.changed.notify_one();
        }
    }

    /// The head of a request is complete; its answer begins.
    pub(super) fn begin(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let mut state = self.state();
        state.open += 1;
        state.head = None;
    }

    /// An answer is complete, or given up.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.open = state.open.saturating_sub(1);
        if state.open == 0 {
            state.since = Instant::now();
            drop(state);
            self.changed.notify_one();
        }
    }

    /// A request was taken back before it was answered.
    pub(super) fn cancel(&self) {
        let cancelled = self.cancelled.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if cancelled >= CANCELLED && cancelled > self.requests.load(Ordering::Relaxed) / 2 {
            self.evict();
        }
    }

    /// A write begins or ceases to wait for the peer.
    pub(super) fn block(&self, blocked: bool) {
        let mut state = self.state();
        if state.blocked != blocked {
            state.blocked = blocked;
            state.last_blocked = Some(Instant::now());
            state.since = Instant::now();
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Whether all of the connection waited for the peer at some time after this.
    pub(super) fn was_blocked_after(&self, time: Instant) -> bool {
        let state = self.state();
        state.blocked || state.last_blocked.is_some_and(|last| last > time)
    }

    /// Since when nothing is asked, where nothing is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.open == 0 && state.closing.is_none()).then_some(state.since)
    }

    /// Asks the connection to close in an orderly way.
    pub(super) fn evict(&self) {
        self.evicted.notify_one();
    }

    /// Done when it was asked to.
    pub(super) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    /// The connection begins to close, within so long once nothing is asked on it.
    pub(super) fn close(&self, patience: Duration) {
        self.state().closing.get_or_insert_with(|| (Instant::now(), patience));
        self.changed.notify_one();
    }

    /// Until when it may go on as it is; no limit while requests are served, which have their own.
    fn until(&self, clocks: Clocks) -> Option<(Instant, Over)> {
        let state = self.state();
        if state.open > 0 || state.blocked {
            return None;
        }
        if let Some((begun, patience)) = state.closing {
            return begun.max(state.since).checked_add(patience).map(|until| (until, Over::Late));
        }
        if let Some(head) = state.head {
            return head.checked_add(clocks.head).map(|until| (until, Over::Late));
        }
        state.since.checked_add(clocks.idle).map(|until| (until, Over::Idle))
    }

    /// Done when the connection has used up its time.
    pub(super) async fn over(&self, clocks: Clocks) -> Over {
        loop {
            let changed = self.changed.notified();
            match self.until(clocks) {
                None => changed.await,
                Some((until, over)) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = sleep_until(until) => return over,
                },
            }
        }
    }
}
