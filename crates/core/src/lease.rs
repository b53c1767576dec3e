//! For how long a node may answer from its image without asking, where several nodes share a database (DESIGN §5).
//!
//! A node keeps a pair: the revision that its image holds, and an instant of its own clock, noted *before* the statement was sent that told
//! of that revision. So whatever was committed behind that revision was committed after that instant. Whoever makes a change waits, after its
//! commit, for each node that may have a lease until that node has told that it holds the change, or that it answers nothing from its image
//! that the change is about (see [`Terms::doubt`]), or for [`Terms::wait`] and then fences it. A node is granted
//! less than that, from an instant before the change: so its lease is over before anybody stops waiting for it.
//!
//! This is the arithmetic alone, so that the model that explores every order of events runs the same lines as the server.

use std::time::Duration;

/// An instant on the clock of one node, since that clock began. It means nothing on another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Instant(pub Duration);

impl Instant {
    /// This long after.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// How long it is from `earlier` until here; nothing if that comes later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// For how long leases are granted, and how long a change waits for them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Terms {
    grant: Duration,
    wait: Duration,
    ahead: Duration,
    doubt: Duration,
}

impl Terms {
    /// `ttl` by a perfect clock; two clocks of which each runs up to 1 % too fast or too slow; and a `margin` on either side for what stands
    /// between an instant and its being noted.
    #[must_use]
    pub fn new(ttl: Duration, margin: Duration) -> Self {
        let drift = ttl / 100;
        let (wait, ahead) = (ttl + drift + margin, ttl / 2);
        Self { grant: ttl.saturating_sub(drift).saturating_sub(margin), wait, ahead, doubt: wait + ahead + 2 * drift }
    }

    /// How long a lease lasts from the instant that it counts from.
    #[must_use]
    pub fn grant(&self) -> Duration {
        self.grant
    }

    /// How long a change waits, counted from an instant after its commit was known, before those that it still waits for are fenced.
    #[must_use]
    pub fn wait(&self) -> Duration {
        self.wait
    }

    /// How long before its commit is known a change may have been foretold, for whoever heeded that not to be waited for.
    #[must_use]
    pub fn ahead(&self) -> Duration {
        self.ahead
    }

    /// How long a node that heeds what was foretold looks at the database before it answers about that, at the most. A lease that lasts longer
    /// counts from after the latest commit for which it was heeded, so the image holds it by then.
    #[must_use]
    pub fn doubt(&self) -> Duration {
        self.doubt
    }
}

/// What an image holds, and since when anything may lack in it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Held {
    /// The revision.
    pub revision: i64,
    /// Before this instant nothing was committed that is not held.
    pub since: Instant,
}

/// A heartbeat under way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Beat {
    /// Noted before it was sent.
    pub sent: Instant,
    /// What was held then; its revision is what the beat tells.
    pub held: Held,
}

/// The counter stands lower than what the image holds: the database was put back. Nobody can tell what is in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the database is at revision {found}, but revision {held} has been there: it was put back to an earlier state")]
pub struct WentBackwards {
    /// Where the counter stands.
    pub found: i64,
    /// What the image holds.
    pub held: i64,
}

/// What one node may answer from its image. It begins without a lease.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Lease {
    held: Held,
    end: Option<Instant>,
}

impl Lease {
    /// For an image that was just loaded.
    #[must_use]
    pub fn new(held: Held) -> Self {
        Self { held, end: None }
    }

    /// What the image holds.
    #[must_use]
    pub fn held(&self) -> Held {
        self.held
    }

    /// When the lease ends, or ended; none if there never was one.
    #[must_use]
    pub fn end(&self) -> Option<Instant> {
        self.end
    }

    /// The image holds everything up to `revision`, by a statement that was sent after `sent` was noted. This grants nothing. Where the change
    /// that followed on what was held told what it did, no statement was sent: then what is lacked may be as old as before.
    ///
    /// # Errors
    /// [`WentBackwards`], by which everything must end.
    pub fn caught_up(&mut self, sent: Instant, revision: i64) -> Result<(), WentBackwards> {
        if revision < self.held.revision {
            return Err(WentBackwards { found: revision, held: self.held.revision });
        }
        self.held = Held { revision, since: self.held.since.max(sent) };
        Ok(())
    }

    /// Begins a heartbeat. There is one at a time.
    #[must_use]
    pub fn beat(&self, now: Instant) -> Beat {
        Beat { sent: now, held: self.held }
    }

    /// A heartbeat found this incarnation unfenced, told what it held, and returned the counter. The image holds that revision by now.
    ///
    /// Where the beat told that very revision, whatever it lacks was committed after it was sent. Where it told less, a change between the two
    /// may have been waited for in vain and this node fenced, so that nobody waits for it any more: then only the instant counts since
    /// which that change may have been there.
    ///
    /// # Errors
    /// As [`Lease::caught_up`].
    pub fn confirmed(&mut self, beat: &Beat, revision: i64, terms: &Terms) -> Result<(), WentBackwards> {
        if revision < beat.held.revision {
            return Err(WentBackwards { found: revision, held: beat.held.revision });
        }
        let from = if revision == beat.held.revision { beat.sent } else { beat.held.since };
        self.end = self.end.max(Some(from.plus(terms.grant)));
        // What is held beyond that revision was committed later still.
        self.held = Held { revision: self.held.revision.max(revision), since: self.held.since.max(beat.sent) };
        Ok(())
    }

    /// Whether the image may be answered from at this instant.
    #[must_use]
    pub fn covers(&self, now: Instant) -> bool {
        self.end.is_some_and(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant(Duration::from_millis(millis))
    }

    fn terms() -> Terms {
        Terms::new(Duration::from_secs(2), Duration::from_millis(20))
    }

    fn lease() -> Lease {
        Lease::new(Held { revision: 5, since: at(100) })
    }

    #[test]
    fn a_lease_is_shorter_than_anybody_waits_for_it_by_any_two_clocks_in_bounds() {
        assert_eq!(terms().grant(), Duration::from_millis(1_960));
        assert_eq!(terms().wait(), Duration::from_millis(2_040));
        // The holder's clock slow by 1 %, the waiter's fast by 1 %.
        assert!(terms().grant() * 100 / 99 < terms().wait() * 100 / 101);
    }

    #[test]
    fn a_doubt_lasts_longer_than_any_lease_from_before_a_commit_that_relied_on_it_by_any_clocks_in_bounds() {
        assert_eq!((terms().ahead(), terms().doubt()), (Duration::from_secs(1), Duration::from_millis(3_080)));
        // The doubt by a clock that is fast by 1 %, the maker's and the holder's slow by 1 %.
        assert!((terms().ahead() + terms().grant()) * 100 / 99 < terms().doubt() * 100 / 101);
    }

    #[test]
    fn nothing_is_granted_before_the_first_beat() {
        let mut lease = lease();
        assert!(!lease.covers(at(100)));
        lease.caught_up(at(200), 9).unwrap();
        assert!(!lease.covers(at(200)));
    }

    #[test]
    fn a_beat_that_told_everything_grants_from_when_it_was_sent() {
        let mut lease = lease();
        let beat = lease.beat(at(300));
        lease.confirmed(&beat, 5, &terms()).unwrap();
        assert!(lease.covers(at(300 + 1_959)));
        assert!(!lease.covers(at(300 + 1_960)));
        assert_eq!(lease.held(), Held { revision: 5, since: at(300) });
    }

    #[test]
    fn a_beat_that_lacked_a_change_grants_only_from_before_that_change() {
        let mut lease = lease();
        let beat = lease.beat(at(300));
        lease.confirmed(&beat, 6, &terms()).unwrap();
        assert_eq!(lease.end(), Some(at(100 + 1_960)));
        assert_eq!(lease.held(), Held { revision: 6, since: at(300) });
    }

    #[test]
    fn a_lease_never_becomes_shorter() {
        let mut lease = lease();
        let early = lease.beat(at(300));
        lease.confirmed(&early, 5, &terms()).unwrap();
        lease.confirmed(&early, 6, &terms()).unwrap();
        assert_eq!(lease.end(), Some(at(300 + 1_960)));
    }

    #[test]
    fn what_was_caught_up_meanwhile_is_kept() {
        let mut lease = lease();
        let beat = lease.beat(at(300));
        lease.caught_up(at(350), 8).unwrap();
        lease.confirmed(&beat, 7, &terms()).unwrap();
        assert_eq!(lease.held(), Held { revision: 8, since: at(350) });
        assert_eq!(lease.end(), Some(at(100 + 1_960)));
    }

    /// Else a stream of changes that tell what they did would leave a node without a lease.
    #[test]
    fn a_beat_tells_of_what_was_taken_over_without_a_statement_meanwhile() {
        let mut lease = lease();
        let beat = lease.beat(at(300));
        lease.caught_up(lease.held().since, 8).unwrap();
        assert_eq!(lease.held(), Held { revision: 8, since: at(100) });
        lease.confirmed(&beat, 7, &terms()).unwrap();
        assert_eq!(lease.held(), Held { revision: 8, since: at(300) });
        assert_eq!(lease.end(), Some(at(100 + 1_960)));
    }

    #[test]
    fn a_database_that_was_put_back_ends_everything() {
        let mut lease = lease();
        let beat = lease.beat(at(300));
        assert_eq!(lease.confirmed(&beat, 4, &terms()), Err(WentBackwards { found: 4, held: 5 }));
        assert_eq!(lease.caught_up(at(300), 4), Err(WentBackwards { found: 4, held: 5 }));
        assert!(!lease.covers(at(300)));
    }
}
