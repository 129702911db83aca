//! So many requests per key and second: the generic cell rate algorithm (ITU-T I.371, annex A), which
//! needs one instant per key: the one at which its bucket will be empty again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::failure::{Cause, Failure};
use crate::http::options::Options;

pub(crate) struct Rates {
    /// Time that one request takes up; zero for no rate.
    each: Duration,
    /// How far ahead of the clock a key may be.
    allowance: Duration,
    max_keys: usize,
    busy_until: Mutex<HashMap<String, Instant>>,
}

impl Rates {
    pub(crate) fn new(options: &Options) -> Self {
        let rate = options.requests_per_second;
        let each =
            if rate > 0.0 { Duration::try_from_secs_f64(1.0 / rate) } else { Ok(Duration::ZERO) };
        let each = each.unwrap_or(Duration::from_secs(3600)).min(Duration::from_secs(3600));
        Self {
            each,
            allowance: each.saturating_mul(options.burst.max(1)),
            max_keys: options.max_rated_keys.max(1),
            busy_until: Mutex::new(HashMap::new()),
        }
    }

    /// Counts a request of this key.
    pub(crate) fn take(&self, key: &str, now: Instant) -> Result<(), Failure> {
        if self.each.is_zero() {
            return Ok(());
        }
        let mut keys = self.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= self.max_keys && !keys.contains_key(key) {
            keys.retain(|_, until| *until > now);
            if keys.len() >= self.max_keys {
                // All of them busy: forgetting costs a burst, remembering all would cost memory.
                keys.clear();
            }
        }
        let until = keys.get(key).copied().unwrap_or(now).max(now) + self.each;
        let ahead = until - now;
        if ahead > self.allowance {
            return Err(Failure::new(
                Cause::RateLimited,
                "rate_limited",
                format!(
                    "this key made more than {:.0} requests in a second; wait and try again",
                    1.0 / self.each.as_secs_f64()
                ),
            )
            .retry_after(ahead.saturating_sub(self.allowance)));
        }
        keys.insert(key.to_owned(), until);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use axum::http::HeaderValue;
    use axum::http::header::RETRY_AFTER;

    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_holds_and_keys_stay_bounded() {
        let options = Options {
            requests_per_second: 10.0,
            burst: 3,
            max_rated_keys: 2,
            ..Options::default()
        };
        let rates = Rates::new(&options);
        let start = Instant::now();
        for _ in 0..3 {
            rates.take("a", start).unwrap();
        }
        let refused = rates.take("a", start).unwrap_err();
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.headers, [(RETRY_AFTER, HeaderValue::from_static("1"))]);
        rates.take("b", start).unwrap();
        rates.take("a", start + Duration::from_millis(100)).unwrap();
        assert!(rates.take("a", start + Duration::from_millis(100)).is_err());
        for n in 0..100 {
            let _ = rates.take(&n.to_string(), start);
            assert!(rates.busy_until.lock().unwrap().len() <= 2);
        }
    }
}
