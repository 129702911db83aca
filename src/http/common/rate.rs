//! Limits of rate: the generic cell rate algorithm (ITU-T I.371, annex A), which needs one instant for
//! each of those that are counted: the one at which its bucket will be empty again.
//!
//! Who shows a key, a ticket or an upload session is counted by that; who shows nothing that is hard
//! to come by, by the client's address. A request without a known address (in a server of somebody
//! else's that does not tell it) has no such limit.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::client::ClientAddress;
use super::failure::{Cause, Failure};
use crate::http::options::Options;

/// How long a key counts as known at an address after it was right there.
const KNOWN_FOR: Duration = Duration::from_secs(3600);

/// All limits of one set of routers.
pub(crate) struct Rates {
    credentials: Meter<String>,
    tickets: Meter<String>,
    addresses: Meter<IpAddr>,
    failures: Meter<IpAddr>,
    known: Meter<(IpAddr, String)>,
}

/// What shows who makes a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown<'a> {
    /// A key, by its id.
    Key(&'a str),
    /// An upload session, by its id.
    Session(&'a str),
    /// A link for one upload.
    Ticket(&'a str),
}

impl Rates {
    pub(crate) fn new(options: &Options) -> Self {
        let max = options.max_rated_keys.max(1);
        let failures = options.authentication_failures_per_minute;
        Self {
            credentials: Meter::new(options.requests_per_second, options.burst, max),
            tickets: Meter::new(options.ticket_requests_per_second, options.ticket_burst, max),
            addresses: Meter::new(options.address_requests_per_second, options.address_burst, max),
            failures: Meter::new(f64::from(failures) / 60.0, failures, max),
            known: Meter::new(1.0 / KNOWN_FOR.as_secs_f64(), 1, max),
        }
    }

    /// Counts a request with a credential that was found to be right: what clients invent is not
    /// remembered.
    pub(crate) fn credential(&self, shown: Shown<'_>) -> Result<(), Failure> {
        let (meter, what, id) = match shown {
            Shown::Key(id) => (&self.credentials, "key", id.to_owned()),
            Shown::Session(id) => (&self.credentials, "upload session", format!("session {id}")),
            Shown::Ticket(id) => (&self.tickets, "upload link", id.to_owned()),
        };
        meter.take(id, Instant::now()).map_err(|wait| {
            let rate = meter.rate();
            too_many(&format!("this {what} made more requests than {rate} a second"), wait)
        })
    }

    /// Counts a request that shows no key.
    pub(crate) fn address(&self, client: ClientAddress) -> Result<(), Failure> {
        let Some(address) = client.0 else { return Ok(()) };
        self.addresses.take(address, Instant::now()).map_err(|wait| {
            let rate = self.addresses.rate();
            too_many(
                &format!("this address made more requests without a key than {rate} a second"),
                wait,
            )
        })
    }

    /// Refuses an address that has shown too many wrong keys, before its key is looked at; but not a
    /// key that was right at this address not long ago, so that a neighbour's guesses do not lock it
    /// out.
    pub(crate) fn may_try(&self, client: ClientAddress, key: &str) -> Result<(), Failure> {
        let Some(address) = client.0 else { return Ok(()) };
        let now = Instant::now();
        let Some(wait) = self.failures.full(&address, now) else { return Ok(()) };
        if self.known.full(&(address, key.to_owned()), now).is_some() {
            return Ok(());
        }
        Err(too_many("this address showed too many wrong keys", wait))
    }

    /// Remembers how a key that was looked at turned out.
    pub(crate) fn tried(&self, client: ClientAddress, key: &str, right: bool) {
        let Some(address) = client.0 else { return };
        let now = Instant::now();
        // Whether it was too many already makes no difference here.
        if right {
            let _ = self.known.take((address, key.to_owned()), now);
        } else {
            let _ = self.failures.take(address, now);
        }
    }
}

fn too_many(what: &str, wait: Duration) -> Failure {
    let message = format!("{what}; wait and try again");
    Failure::new(Cause::RateLimited, "rate_limited", message).retry_after(wait)
}

/// One limit, for many that are counted apart.
struct Meter<K> {
    /// Time that one request takes up; zero for no limit.
    each: Duration,
    /// How far ahead of the clock one may be.
    allowance: Duration,
    max_keys: usize,
    busy_until: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq> Meter<K> {
    fn new(rate: f64, burst: u32, max_keys: usize) -> Self {
        let longest = Duration::from_secs(3600);
        let each =
            if rate > 0.0 { Duration::try_from_secs_f64(1.0 / rate) } else { Ok(Duration::ZERO) };
        let each = each.unwrap_or(longest).min(longest);
        let allowance = each.saturating_mul(burst.max(1));
        Self { each, allowance, max_keys, busy_until: Mutex::new(HashMap::new()) }
    }

    /// Requests a second, as a person writes them.
    fn rate(&self) -> f64 {
        (1000.0 / self.each.as_secs_f64()).round() / 1000.0
    }

    /// Counts a request, or says how long it must wait.
    fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        if self.each.is_zero() {
            return Ok(());
        }
        let mut keys = self.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= self.max_keys && !keys.contains_key(&key) {
            make_room(&mut keys, now);
        }
        let until = keys.get(&key).copied().unwrap_or(now).max(now) + self.each;
        let ahead = until - now;
        if ahead > self.allowance {
            return Err(ahead.saturating_sub(self.allowance));
        }
        keys.insert(key, until);
        Ok(())
    }

    /// How long the next request would have to wait, where it would.
    fn full(&self, key: &K, now: Instant) -> Option<Duration> {
        let keys = self.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = keys.get(key)?.saturating_duration_since(now) + self.each;
        ahead.checked_sub(self.allowance).filter(|wait| !wait.is_zero())
    }
}

/// Forgets those whose time is over and, if that is not enough, the eighth that comes next: they lose
/// least. Someone who fills the table with requests from everywhere forgets mostly those.
fn make_room<K: Hash + Eq>(keys: &mut HashMap<K, Instant>, now: Instant) {
    let full = keys.len();
    keys.retain(|_, until| *until > now);
    let surplus = (full / 8).max(1);
    if full - keys.len() >= surplus {
        return;
    }
    let mut times: Vec<_> = keys.values().copied().collect();
    let last = surplus.min(times.len()).saturating_sub(1);
    if times.is_empty() {
        return;
    }
    let (_, cut, _) = times.select_nth_unstable(last);
    let cut = *cut;
    keys.retain(|_, until| *until > cut);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let meter = Meter::new(10.0, 3, 2);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(meter.full(&"a", start), None);
            meter.take("a", start).unwrap();
        }
        let each = Duration::from_millis(100);
        assert_eq!(meter.take("a", start), Err(each));
        assert_eq!(meter.full(&"a", start), Some(each));
        meter.take("b", start).unwrap();
        meter.take("a", start + each).unwrap();
        assert!(meter.take("a", start + each).is_err());
        assert_eq!(meter.full(&"a", start + Duration::from_secs(9)), None);
    }

    #[test]
    fn many_strangers_neither_fill_the_memory_nor_hide_who_was_busy() {
        let meter = Meter::new(10.0, 100, 64);
        let start = Instant::now();
        for _ in 0..100 {
            meter.take(0, start).unwrap();
        }
        for stranger in 1..10_000 {
            meter.take(stranger, start).unwrap();
            assert!(meter.busy_until.lock().unwrap().len() <= 64);
        }
        assert!(meter.take(0, start).is_err(), "the busy one was forgotten");
    }

    #[test]
    fn wrong_keys_are_refused_unseen_but_not_a_key_that_was_right_here() {
        let options = Options { authentication_failures_per_minute: 3, ..Options::default() };
        let rates = Rates::new(&options);
        let client = ClientAddress(Some([192, 0, 2, 1].into()));
        rates.tried(client, "mine", true);
        for _ in 0..3 {
            rates.may_try(client, "theirs").unwrap();
            rates.tried(client, "theirs", false);
        }
        let refused = rates.may_try(client, "theirs").unwrap_err();
        assert_eq!((refused.status().as_u16(), refused.code), (429, "rate_limited"));
        assert_eq!(refused.headers.len(), 1, "Retry-After");
        rates.may_try(client, "mine").unwrap();
        rates.may_try(ClientAddress(Some([192, 0, 2, 2].into())), "theirs").unwrap();
        rates.may_try(ClientAddress(None), "theirs").unwrap();
    }
}
