//! Whether a reader keeps up a rate: only the time in which it is waited for counts.

use std::time::Duration;

use tokio::time::Instant;

use crate::http::options::Options;

/// What was handed over in one step counts up to this many bytes: buffers let a steady reader's
/// progress be seen in steps.
const STEP: u64 = 64 * 1024;

/// A reader's credit: waiting takes from it, bytes taken earn.
#[derive(Debug, Clone)]
pub(super) struct Lag {
    /// Bytes a second; 0: any progress will do.
    rate: u64,
    allowance: Duration,
    credit: Duration,
    waiting: Option<Instant>,
    last: u64,
}

impl Lag {
    pub(super) fn of(options: &Options) -> Self {
        let allowance = options.max_response_lag;
        let rate = options.min_response_rate;
        Self { rate, allowance, credit: allowance, waiting: None, last: 0 }
    }

    /// The reader is waited for from now on, unless it is already.
    pub(super) fn wait(&mut self, now: Instant) {
        self.waiting.get_or_insert(now);
    }

    /// The reader has made room.
    pub(super) fn resume(&mut self, now: Instant) {
        if let Some(since) = self.waiting.take() {
            // Earned first: what came in one step pays for the wait that it ends.
            let credit = self.credit.saturating_add(self.earned(self.last));
            let waited = now.saturating_duration_since(since);
            self.credit = credit.saturating_sub(waited).min(self.allowance);
        }
    }

    /// So many bytes were handed over to it.
    pub(super) fn hand(&mut self, bytes: usize) {
        self.last = bytes as u64;
    }

    /// When it is too late, where the reader is waited for.
    pub(super) fn until(&self) -> Option<Instant> {
        let step = if self.rate == 0 { Duration::ZERO } else { self.earned(self.last.min(STEP)) };
        self.waiting?.checked_add(self.credit.saturating_add(step))
    }

    fn earned(&self, bytes: u64) -> Duration {
        if self.rate == 0 {
            return self.allowance;
        }
        // Milliseconds, so that a high rate earns as well.
        Duration::from_millis(bytes.saturating_mul(1000) / self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lag() -> Lag {
        let options = Options { min_response_rate: 1024, ..Options::default() };
        Lag::of(&options)
    }

    /// A reader that takes `step` bytes every `pause`: after how many seconds it is too late.
    fn served(step: usize, pause: Duration) -> Option<u64> {
        let start = Instant::now();
        let (mut lag, mut now) = (lag(), start);
        for _ in 0..1000 {
            lag.hand(step);
            lag.wait(now);
            let until = lag.until()?;
            if until < now + pause {
                return Some((until - start).as_secs());
            }
            now += pause;
            lag.resume(now);
        }
        None
    }

    #[test]
    fn a_steady_reader_above_the_rate_is_waited_for_and_one_below_is_not() {
        assert_eq!(served(40 * 1024, Duration::from_secs(1)), None);
        assert_eq!(served(64 * 1024, Duration::from_secs(60)), None);
        assert_eq!(served(2 * 1024, Duration::from_secs(1)), None);
        let stalled = served(64 * 1024, Duration::from_secs(100_000));
        assert_eq!(stalled, Some(124), "a minute, and what the last step earns");
        let slow = served(512, Duration::from_secs(1));
        assert!(slow.is_some_and(|seconds| (60..=130).contains(&seconds)), "{slow:?}");
    }
}
