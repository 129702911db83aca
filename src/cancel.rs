//! Stopping work: that nobody waits for any more, or that takes too long.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::Error;

/// A flag shared between who waits and who works. Clones are the same flag.
///
/// ```
/// use gatefold::Cancellation;
/// let stop = Cancellation::new();
/// let worker = stop.clone();
/// stop.cancel();
/// assert!(worker.is_cancelled());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Cancellation {
    raised: Arc<AtomicBool>,
    time: Option<Arc<Spent>>,
}

impl Cancellation {
    /// A flag that is not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag; work stops at its next band of rows, scan or file.
    pub fn cancel(&self) {
        self.raised.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is raised.
    pub fn is_cancelled(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }

    /// The same flag with a limit on the processor time that passes between looks at it.
    pub(crate) fn within(&self, max: Duration) -> Self {
        Self { raised: Arc::clone(&self.raised), time: Some(Arc::new(Spent::new(max))) }
    }

    /// The flag of another, with the limit of this one.
    pub(crate) fn with_flag_of(&self, other: &Self) -> Self {
        Self { raised: Arc::clone(&other.raised), time: self.time.clone() }
    }

    /// To be asked wherever work can stop: whether it must. Counts the time that this thread has
    /// spent since it was asked last.
    pub(crate) fn should_stop(&self) -> bool {
        self.is_cancelled() || self.time.as_ref().is_some_and(|time| time.is_over())
    }

    /// Why work stopped.
    pub(crate) fn error(&self) -> Error {
        match &self.time {
            Some(time) if !self.is_cancelled() => Error::TookTooLong { max: time.max },
            _ => Error::Cancelled,
        }
    }
}

/// Processor time spent on one piece of work, over all threads that take part in it.
#[derive(Debug)]
struct Spent {
    max: Duration,
    /// Tells this work from others that a thread may turn to in between.
    id: u64,
    nanoseconds: AtomicU64,
}

/// When a thread was last asked, and about which work.
#[derive(Clone, Copy)]
struct Look {
    id: u64,
    at: Instant,
    processor: Duration,
}

thread_local! {
    static LAST: Cell<Option<Look>> = const { Cell::new(None) };
}

/// Looks at the processor's clock, which is a system call, are at least so far apart.
const RESOLUTION: Duration = Duration::from_millis(1);

impl Spent {
    fn new(max: Duration) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { max, id, nanoseconds: AtomicU64::new(0) }
    }

    fn is_over(&self) -> bool {
        let at = Instant::now();
        let last = LAST.get().filter(|last| last.id == self.id);
        if last.is_none_or(|last| at.duration_since(last.at) >= RESOLUTION) {
            let processor = processor_time(at);
            LAST.set(Some(Look { id: self.id, at, processor }));
            let since =
                last.map_or(Duration::ZERO, |last| processor.saturating_sub(last.processor));
            let nanoseconds = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
            self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        }
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)) >= self.max
    }
}

/// Processor time of the calling thread.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn processor_time(_now: Instant) -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// Time since the first look, where there is no safe way to the thread's own clock.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn processor_time(now: Instant) -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    now.saturating_duration_since(*START.get_or_init(|| now))
}
