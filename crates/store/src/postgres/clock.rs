//! The clock of leases: it goes on while the machine sleeps, and nobody sets it. Never wall time, never the database's.

use std::time::Duration;

use keybearer_core::lease::Instant;
use rustix::time::{ClockId, clock_gettime};

/// On Linux the monotonic clock stands still while the machine sleeps; this one does not.
#[cfg(any(target_os = "linux", target_os = "android"))]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const CLOCK: ClockId = ClockId::Monotonic;

/// The present instant.
pub(super) fn now() -> Instant {
    let time = clock_gettime(CLOCK);
    Instant(Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0)))
}
