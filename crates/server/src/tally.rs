//! How verifications were answered, minute by minute: for the chart of the overview.
//!
//! Nothing is counted twice for it: what the metrics have counted since the last look is put down to the minute of the look. The looks are
//! four seconds apart, so that is as exact as it gets.

use std::collections::BTreeMap;

use keybearer_core::decision::Outcome;
use keybearer_core::key::DAY;
use keybearer_core::time::UnixMillis;
use keybearer_store::{Answered, MINUTE, Store, StoreError};
use tokio::sync::Mutex;

use crate::metrics::Metrics;

/// How long the numbers are kept, in milliseconds.
pub const KEPT: i64 = 30 * DAY;
/// How many numbers wait for a store that fails. A day of a busy server; what is older is given up.
const WAITING: usize = 24 * 60 * Outcome::ALL.len();

/// What was seen of the counters, and what waits to be written.
#[derive(Default)]
pub struct Tally(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    counters: [u64; Outcome::ALL.len()],
    waiting: BTreeMap<(UnixMillis, Outcome), u64>,
}

impl Tally {
    /// Looks at the counters, and writes what waits.
    ///
    /// # Errors
    /// Where the store fails; what was not written waits for the next time.
    pub async fn flush(&self, metrics: &Metrics, now: UnixMillis, store: &dyn Store) -> Result<(), StoreError> {
        let mut seen = self.0.lock().await;
        seen.look(metrics.answered(), UnixMillis(now.0.div_euclid(MINUTE) * MINUTE));
        if seen.waiting.is_empty() {
            return Ok(());
        }
        let answered = seen.waiting.iter().map(|((at, outcome), count)| Answered { at: *at, outcome: *outcome, count: *count });
        store.count_verifications(answered.collect()).await?;
        seen.waiting.clear();
        Ok(())
    }
}

impl Seen {
    fn look(&mut self, counters: [u64; Outcome::ALL.len()], minute: UnixMillis) {
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            let more = counters[place].saturating_sub(self.counters[place]);
            if more > 0 {
                *self.waiting.entry((minute, outcome)).or_default() += more;
            }
        }
        self.counters = counters;
        while self.waiting.len() > WAITING {
            self.waiting.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_anew_is_put_down_to_the_minute_and_no_more_waits_than_may() {
        let mut seen = Seen::default();
        let minute = |number: usize| UnixMillis(i64::try_from(number).unwrap() * MINUTE);
        let valid = |number: usize| ((minute(number), Outcome::Valid), 1);
        let all = WAITING + 5;
        for number in 1..=all {
            let counters = [u64::try_from(number).unwrap(), 0, 0, 0, 0, 0, 0];
            seen.look(counters, minute(number));
            seen.look(counters, minute(number + 1));
        }
        assert_eq!(seen.waiting, (6..=all).map(valid).collect());
    }
}
