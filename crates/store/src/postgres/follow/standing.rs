//! Whether a request may be answered from the image: all that requests and the task that follows share.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU16, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keybearer_core::lease::{Instant, WentBackwards};
use keybearer_core::time::UnixMillis;
use keybearer_core::token::PepperVersion;
use uuid::Uuid;

use super::super::clock;
use super::super::seeded::Bug;
use crate::StoreError;

/// How far the clock of this machine may be from that of the database: expiry goes by it.
const APART: i64 = 5_000;

/// What requests look at.
#[derive(Debug)]
pub(in crate::postgres) struct Standing {
    /// When the lease ends, in nanoseconds of the clock of leases; 0 for none.
    end: AtomicU64,
    /// Whether the node has left, or is about to.
    has_left: AtomicBool,
    /// Why it must not serve any more.
    refused: OnceLock<String>,
    /// How far the clock of this machine is before that of the database, in milliseconds.
    ahead: AtomicI64,
    /// The newest pepper that every node holds.
    pepper: AtomicU16,
    incarnation: Mutex<Option<Uuid>>,
}

impl Default for Standing {
    fn default() -> Self {
        Self {
            end: AtomicU64::new(0),
            has_left: AtomicBool::new(false),
            refused: OnceLock::new(),
            ahead: AtomicI64::new(0),
            pepper: AtomicU16::new(u16::MAX),
            incarnation: Mutex::new(None),
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Standing {
    /// Whether the lease lasts at this instant.
    fn is_covered(&self) -> bool {
        nanoseconds(clock::now().0) < self.end.load(Ordering::Acquire)
    }

    /// Whether requests may be answered by the image, of whatever has these doubts. They are to be looked for *before* this is asked: a doubt may
    /// end only since a lease is over.
    pub(in crate::postgres) fn is_in_force(&self, has_doubts: bool) -> bool {
        Bug::LeaseUnchecked.is_seeded() || (!has_doubts && self.is_covered())
    }

    /// Whether the node may serve at all, with its image as the database has it.
    pub(in crate::postgres) fn may_serve(&self) -> Result<(), StoreError> {
        if let Some(why) = self.refused.get() {
            return Err(StoreError::Unavailable(why.clone()));
        }
        let ahead = self.ahead.load(Ordering::Relaxed);
        if ahead.abs() > APART {
            return Err(StoreError::Unavailable(format!(
                "the clock of this machine is {} ms {} that of the database: nobody can tell which keys have expired. Set the clock",
                ahead.abs(),
                if ahead > 0 { "before" } else { "behind" }
            )));
        }
        Ok(())
    }

    pub(super) fn lease_until(&self, end: Instant) {
        if self.may_serve().is_ok() && !self.has_left.load(Ordering::Acquire) {
            self.end.store(nanoseconds(end.0), Ordering::Release);
        }
    }

    pub(super) fn end(&self) {
        self.has_left.store(true, Ordering::Release);
        self.end.store(0, Ordering::Release);
    }

    /// Ends everything, since nobody can tell what is in force. Whoever finds it ended finds the reason as well.
    pub(super) fn refuse(&self, error: WentBackwards) -> StoreError {
        let why =
            self.refused.get_or_init(|| format!("{error}. Stop every node, make sure which state is the right one, and start them again"));
        self.end();
        tracing::error!("{why}");
        StoreError::Unavailable(why.clone())
    }

    /// The wall clock, before the database is asked for its own.
    pub(super) fn wall(&self) -> UnixMillis {
        wall()
    }

    /// Compares the wall clock with what the database said between `asked` and now.
    pub(super) fn compare_clocks(&self, asked: UnixMillis, server: UnixMillis) {
        let answered = wall();
        // Whatever lies between the question and the answer is no difference.
        let ahead = if server < asked { asked.0 - server.0 } else { (answered.0 - server.0).min(0) };
        self.ahead.store(ahead, Ordering::Relaxed);
        if self.may_serve().is_err() {
            self.end.store(0, Ordering::Release);
        }
    }

    pub(super) fn is_incarnation(&self, incarnation: Option<Uuid>) {
        *self.incarnation.lock().unwrap_or_else(PoisonError::into_inner) = incarnation;
    }

    /// Under which it is registered.
    pub(in crate::postgres) fn incarnation(&self) -> Option<Uuid> {
        *self.incarnation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_pepper(&self, pepper: u16) {
        self.pepper.store(pepper, Ordering::Relaxed);
    }

    /// The newest pepper that every node holds, once a heartbeat has told.
    pub(in crate::postgres) fn pepper(&self) -> Option<PepperVersion> {
        Some(self.pepper.load(Ordering::Relaxed)).filter(|pepper| *pepper < PepperVersion::MAX)
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock of this machine itself is in question, not the time that a caller is given")]
fn wall() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_with_its_instant_and_with_leaving() {
        let standing = Standing::default();
        assert!(!standing.is_covered());
        standing.lease_until(clock::now().plus(Duration::from_secs(60)));
        assert!(standing.is_covered());
        standing.lease_until(clock::now());
        assert!(!standing.is_covered());
        standing.end();
        standing.lease_until(clock::now().plus(Duration::from_secs(60)));
        assert!(!standing.is_covered(), "who has left takes no lease any more");
    }

    #[test]
    fn a_clock_that_is_wrong_ends_the_service_until_it_is_set() {
        let standing = Standing::default();
        let now = wall();
        for (server, may) in [(now, true), (now.minus(4_000), true), (now.minus(9_000), false), (now.plus(9_000), false), (now, true)] {
            standing.lease_until(clock::now().plus(Duration::from_secs(60)));
            standing.compare_clocks(now, server);
            assert_eq!(standing.may_serve().is_ok(), may, "{server:?}");
            assert!(may || !standing.is_covered());
        }
    }

    #[test]
    fn a_database_that_was_put_back_ends_the_service_for_ever() {
        let standing = Standing::default();
        let told = standing.refuse(WentBackwards { found: 4, held: 5 }).to_string();
        assert!(told.contains("revision 4") && told.contains("revision 5"), "{told}");
        assert!(standing.may_serve().is_err() && !standing.is_covered());
    }
}
