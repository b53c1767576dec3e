//! Times and what is made of them.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The median of rounds, and how far they lie apart.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The median.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Figure {
    /// Of these values.
    ///
    /// # Panics
    /// Where there are none.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { median: values[values.len() / 2], least: values[0], most: values[values.len() - 1] }
    }
}

/// The median time of `times` runs.
#[must_use]
pub fn median_time(times: usize, mut run: impl FnMut()) -> Duration {
    let mut took: Vec<Duration> = (0..times)
        .map(|_| {
            let begun = Instant::now();
            run();
            begun.elapsed()
        })
        .collect();
    took.sort();
    took[took.len() / 2]
}

/// Bytes of this process that are in memory.
#[must_use]
pub fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// How much of a processor a run takes, by the mean of so many: what others do meanwhile does not count.
///
/// # Panics
/// Where the system has no clock of the thread.
#[must_use]
pub fn nanoseconds(times: usize, mut run: impl FnMut(usize)) -> f64 {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap();
    let begun = now();
    (0..times).for_each(&mut run);
    (now() - begun).as_secs_f64() * 1e9 / f64::from(u32::try_from(times).unwrap_or(u32::MAX))
}
