//! How fast things are asked, so that faults and not the machine's speed are the cause of delays.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// So many at most that were not asked when it was their turn are asked at once later.
const BURST: u32 = 100;

/// So many a second, and no more.
pub(crate) struct Pace {
    step: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// So many a second.
    pub(crate) fn new(rate: u32) -> Self {
        Self { step: Duration::from_secs(1) / rate.max(1), next: Mutex::new(Instant::now()) }
    }

    /// Waits for one's turn.
    pub(crate) async fn turn(&self) {
        let turn = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let earliest = Instant::now().checked_sub(self.step * BURST).unwrap_or(*next);
            let turn = (*next).max(earliest);
            *next = turn + self.step;
            turn
        };
        sleep_until(turn).await;
    }
}
