//! Time, in ticks.
//!
//! All clocks of the model are one: how far two of them may run apart is what a lease's margin and drift are for. A tick stands for as long as
//! one likes, and any number of things happen between two of them, in any order.
//!
//! A lease lasts two ticks, and a change waits for two, by a margin of nothing. That is the closest that the two may come: a lease covers what
//! is *before* its end, so its last instant is one tick after it began, and the first one at which a change may fence is one later. A longer
//! wait (any margin, any drift) only takes away from what may happen. One setup has three ticks for two, so that more fits into a lease.
//! A change may be foretold one tick before its commit, so a doubt lasts one tick longer than a lease.

use std::time::Duration;

use keybearer_core::lease::{Instant, Terms};

pub(crate) const TICK: Duration = Duration::from_nanos(1);

/// When the model begins: late enough for any instant before to be over.
pub(crate) const START: Instant = Instant(Duration::from_nanos(100));

/// How many ticks before its commit a change may be foretold.
pub(crate) const AHEAD: u32 = 1;

/// A lease of so many ticks, and a wait of as many.
pub(crate) fn terms(ticks: u32) -> Terms {
    let terms = Terms::new(TICK * ticks, Duration::ZERO);
    assert_eq!((terms.grant(), terms.wait()), (TICK * ticks, TICK * ticks));
    assert_eq!((terms.ahead(), terms.doubt()), (TICK * AHEAD, TICK * (ticks + AHEAD)));
    terms
}

/// How long ago this was, up to so many ticks: whatever was granted from then, or waited for since, is over after them.
pub(crate) fn age(now: Instant, then: Instant, up_to: u32) -> u64 {
    ticks(now.since(then)).min(up_to.into())
}

/// How long it is until then.
pub(crate) fn left(now: Instant, end: Option<Instant>) -> u64 {
    end.map_or(0, |end| ticks(end.since(now)))
}

fn ticks(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos() / TICK.as_nanos()).unwrap()
}
