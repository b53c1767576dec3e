//! How long a connection may go on without getting anywhere.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::waiting::Waiting;
use crate::config::HttpConfig;

/// How long a connection that is being closed may take for it: to read what the other side has sent already, so that our last answer is not
/// lost in a reset, or to take notice of a GOAWAY.
pub(super) const FAREWELL: Duration = Duration::from_secs(2);

/// By so many may the requests of one connection whose answers were not taken outnumber those whose answers were. Opening streams and resetting
/// them costs a client next to nothing ("rapid reset"), and us the work of a request each.
const MOST_GIVEN_UP: u32 = 200;

/// What a connection is doing, and since when.
pub(super) struct Pace {
    header_timeout: Duration,
    idle_timeout: Duration,
    now: Mutex<Now>,
}

struct Now {
    phase: Phase,
    /// When the phase began, or the last request ended.
    since: Instant,
    /// Requests without an answer.
    under_way: usize,
    given_up: u32,
    stopping: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A head has begun, or the first one is awaited.
    Head,
    /// Nothing has begun.
    Idle,
    /// It is being closed.
    Closing,
}

/// Why a connection should not go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Overdue {
    /// Nothing is asked any more: to be closed in the way of its protocol.
    Idle,
    /// Nothing is to be waited for.
    Late,
}

impl Pace {
    /// Of a connection that has just begun.
    pub(super) fn new(config: &HttpConfig) -> Arc<Self> {
        let now = Now { phase: Phase::Head, since: Instant::now(), under_way: 0, given_up: 0, stopping: false };
        Arc::new(Self { header_timeout: config.header_timeout, idle_timeout: config.idle_timeout, now: Mutex::new(now) })
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        // What it holds stays usable whatever happened to another holder.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A head is being read, or none is.
    pub(super) fn head(&self, begun: bool) {
        let mut now = self.now();
        let phase = if begun { Phase::Head } else { Phase::Idle };
        if now.phase != phase && now.phase != Phase::Closing {
            (now.phase, now.since) = (phase, Instant::now());
        }
    }

    /// A request is under way from here until the returned is dropped.
    pub(super) fn request(self: &Arc<Self>) -> UnderWay {
        self.now().under_way += 1;
        UnderWay { pace: Arc::clone(self), waited_for: true, taken: false }
    }

    /// It is to be closed.
    pub(super) fn close(&self) {
        let mut now = self.now();
        if now.phase != Phase::Closing {
            (now.phase, now.since) = (Phase::Closing, Instant::now());
        }
    }

    /// The server stops: what is under way may be finished, and nothing is waited for.
    pub(super) fn stop(&self) {
        let mut now = self.now();
        now.stopping = true;
        if now.phase == Phase::Idle {
            now.since = Instant::now();
        }
    }

    /// Resolves when the connection should not go on. To be polled after whatever may change the pace, with an alarm of the caller.
    pub(super) fn poll_overdue(&self, context: &mut Context<'_>, alarm: &mut Alarm) -> Poll<Overdue> {
        // After most requests there is only more time than before, and nobody has to look at the clock for that.
        if alarm.is_set(context) && self.now().deadline(self).is_none_or(|(at, _)| alarm.timer.deadline() <= at) {
            return Poll::Pending;
        }
        loop {
            let now = Instant::now();
            let at = match self.now().deadline(self) {
                Some((at, overdue)) if at <= now => return Poll::Ready(overdue),
                Some((at, _)) => at,
                // To be looked at again.
                None => now + self.idle_timeout,
            };
            if alarm.poll(context, at).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

/// Wakes a connection when its pace has to be looked at.
pub(super) struct Alarm {
    timer: Pin<Box<Sleep>>,
    waiting: Waiting,
}

impl Alarm {
    /// One that rings as soon as it is polled.
    pub(super) fn new() -> Self {
        Self { timer: Box::pin(sleep(Duration::ZERO)), waiting: Waiting::default() }
    }

    /// Whether it will ring for whoever polls now, and has not rung yet.
    fn is_set(&self, context: &Context<'_>) -> bool {
        self.waiting.is_for(context) && !self.timer.is_elapsed()
    }

    /// Rings at that moment, or before it: an alarm that is too early only looks in vain.
    fn poll(&mut self, context: &mut Context<'_>, at: Instant) -> Poll<()> {
        if at < self.timer.deadline() || self.timer.is_elapsed() {
            self.timer.as_mut().reset(at);
        }
        self.waiting.poll(context, |context| self.timer.as_mut().poll(context))
    }
}

impl Now {
    fn deadline(&self, pace: &Pace) -> Option<(Instant, Overdue)> {
        if self.given_up > MOST_GIVEN_UP {
            return Some((self.since, Overdue::Late));
        }
        match self.phase {
            Phase::Closing => Some((self.since + FAREWELL, Overdue::Late)),
            _ if self.under_way > 0 => None,
            Phase::Head => Some((self.since + pace.header_timeout, Overdue::Late)),
            Phase::Idle if self.stopping => Some((self.since + FAREWELL, Overdue::Late)),
            Phase::Idle => Some((self.since + pace.idle_timeout, Overdue::Idle)),
        }
    }
}

impl Now {
    /// A request has ended, and others may follow.
    fn rest(&mut self) {
        // A connection that is being closed gets no more time by what ends on it.
        if self.phase != Phase::Closing {
            self.since = Instant::now();
        }
    }
}

/// A request under way.
pub(super) struct UnderWay {
    pace: Arc<Pace>,
    waited_for: bool,
    taken: bool,
}

impl UnderWay {
    /// The answer is there: it needs no time any more but that in which the client takes it.
    pub(super) fn is_answered(&mut self) {
        if std::mem::take(&mut self.waited_for) {
            let mut now = self.pace.now();
            now.under_way -= 1;
            now.rest();
        }
    }

    /// All of the answer was handed on.
    pub(super) fn is_taken(&mut self) {
        self.taken = true;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.is_answered();
        let mut now = self.pace.now();
        now.given_up = if self.taken { now.given_up.saturating_sub(1) } else { now.given_up + 1 };
    }
}
