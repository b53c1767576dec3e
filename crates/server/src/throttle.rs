//! Failed logins, slowed down: for each account and source together, and for each source.
//!
//! There is no total for an account, so that whoever is attacked can still sign in from elsewhere. All of it is in memory and bounded; the
//! longest unused entries go first.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keybearer_core::time::UnixMillis;
use lru::LruCache;

/// Failures of an account from one source that cost nothing.
const FREE_FAILURES: u32 = 5;
/// The wait after the last free failure; it doubles with each one more.
const FIRST_WAIT: i64 = 1_000;
const LONGEST_WAIT: i64 = 15 * 60_000;
/// A pair without a failure for so long is forgotten.
const MEMORY: i64 = 24 * 3_600_000;

/// Failures of one source within a window, whatever the accounts.
const FAILURES_PER_WINDOW: u32 = 100;
/// A window begins with its first failure.
const WINDOW: i64 = 15 * 60_000;

const MOST_ENTRIES: NonZeroUsize = NonZeroUsize::new(100_000).expect("not zero");

/// Which logins may be tried now.
pub struct Throttle {
    /// Usernames come from anybody and are of any length, so only this keyed hash of them is kept.
    hasher: RandomState,
    failures: Mutex<Failures>,
}

struct Failures {
    pairs: LruCache<PairKey, Pair>,
    sources: LruCache<IpAddr, Window>,
}

type PairKey = (u64, IpAddr);

#[derive(Clone, Copy)]
struct Pair {
    failures: u32,
    last: UnixMillis,
}

#[derive(Clone, Copy)]
struct Window {
    began: UnixMillis,
    failures: u32,
}

/// A login that is being tried. It counts as failed unless it is said to have been otherwise.
#[must_use = "a success that is not told counts as a failure"]
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    pair: PairKey,
    before: Option<Pair>,
    at: UnixMillis,
    window: UnixMillis,
}

/// Too many failures; to be tried again later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("too many failed logins: try again in {seconds} seconds")]
pub struct RetryAfter {
    /// Whole seconds to wait, at least 1.
    pub seconds: u64,
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new()
    }
}

impl Throttle {
    /// A throttle that knows of no failure.
    #[must_use]
    pub fn new() -> Self {
        Self::bounded(MOST_ENTRIES)
    }

    fn bounded(entries: NonZeroUsize) -> Self {
        let mut failures = Failures { pairs: LruCache::unbounded(), sources: LruCache::unbounded() };
        // Bounded afterwards: made with a bound, the tables would take their greatest size at once.
        failures.pairs.resize(entries);
        failures.sources.resize(entries);
        Self { hasher: RandomState::new(), failures: Mutex::new(failures) }
    }

    /// Lets a login to this account (its canonical username, known or not) be tried from this source, counting it as failed at once, so
    /// that guesses in parallel do not slip through.
    ///
    /// # Errors
    /// [`RetryAfter`] where it may not be tried yet; that does not count as a failure.
    pub fn admit(&self, username_key: &str, source: IpAddr, now: UnixMillis) -> Result<Attempt<'_>, RetryAfter> {
        let source = network(source);
        let pair_key = (self.hasher.hash_one(username_key), source);
        let mut failures = self.lock();

        let window = failures.sources.get(&source).copied().filter(|window| age(window.began, now) < WINDOW);
        let window = window.unwrap_or(Window { began: now, failures: 0 });
        if window.failures >= FAILURES_PER_WINDOW {
            return Err(RetryAfter::between(now, window.began.plus(WINDOW)));
        }
        let before = failures.pairs.get(&pair_key).copied().filter(|pair| age(pair.last, now) < MEMORY);
        if let Some(next_at) = before.and_then(|pair| pair.next_at()).filter(|next_at| now < *next_at) {
            return Err(RetryAfter::between(now, next_at));
        }

        let count = before.map_or(0, |pair| pair.failures).saturating_add(1);
        let last = before.map_or(now, |pair| pair.last.max(now));
        failures.pairs.put(pair_key, Pair { failures: count, last });
        failures.sources.put(source, Window { failures: window.failures + 1, ..window });
        Ok(Attempt { throttle: self, pair: pair_key, before, at: last, window: window.began })
    }

    fn lock(&self) -> MutexGuard<'_, Failures> {
        // The counts stay usable whatever happened to another holder of the lock.
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// The password was right: this is no failure, and the earlier ones of this account from this source are forgiven.
    pub fn succeeded(self) {
        let mut failures = self.throttle.lock();
        failures.pairs.pop(&self.pair);
        self.take_back_from_source(&mut failures);
    }

    /// The password was not looked at, for a reason that lies with the server: nothing happened.
    pub fn withdrawn(self) {
        let mut failures = self.throttle.lock();
        let count = self.before.map_or(0, |pair| pair.failures) + 1;
        // Only while no other attempt was counted on top of this one.
        if failures.pairs.peek(&self.pair).is_some_and(|pair| pair.failures == count && pair.last == self.at) {
            match self.before {
                Some(before) => failures.pairs.put(self.pair, before),
                None => failures.pairs.pop(&self.pair),
            };
        }
        self.take_back_from_source(&mut failures);
    }

    fn take_back_from_source(&self, failures: &mut Failures) {
        if let Some(window) = failures.sources.peek_mut(&self.pair.1)
            && window.began == self.window
        {
            window.failures = window.failures.saturating_sub(1);
        }
    }
}

impl Pair {
    /// When the next attempt is admitted: at any time while failures are free, then after 1 s, 2 s, 4 s ... 15 minutes.
    fn next_at(&self) -> Option<UnixMillis> {
        let doublings = self.failures.checked_sub(FREE_FAILURES)?;
        Some(self.last.plus((FIRST_WAIT << doublings.min(20)).min(LONGEST_WAIT)))
    }
}

impl RetryAfter {
    fn between(now: UnixMillis, then: UnixMillis) -> Self {
        let milliseconds = u64::try_from(then.0.saturating_sub(now.0)).unwrap_or(0);
        Self { seconds: milliseconds.div_ceil(1000).max(1) }
    }
}

/// How long ago that was. A little in the future is now: callers note the time before they are admitted, so they may overtake each other.
/// Far in the future is for ever ago: the clock was put back since, and nobody must be barred until it has caught up.
fn age(then: UnixMillis, now: UnixMillis) -> i64 {
    let age = now.0.saturating_sub(then.0);
    if age < -LONGEST_WAIT { i64::MAX } else { age.max(0) }
}

/// What counts as one source: an IPv4 address, or the /64 network that one subscriber of IPv6 has.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests;
