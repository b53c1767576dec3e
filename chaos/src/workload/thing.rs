//! A thing that is asked about on every node for as long as it is of interest.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use tokio::select;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::question::{Question, Told};
use super::world::{Attempt, Outcome, World};
use crate::history::{Change, History, Read, Value};

/// How long an answer is waited for, in milliseconds. Short ones, so that also a node that stands still has young questions when it goes
/// on; and long ones, so that it finds their askers still there.
const PATIENCE: [u64; 4] = [250, 700, 2_100, 5_000];

/// A thing under watch.
pub(crate) struct Thing {
    watched: Arc<Watched>,
    readers: JoinSet<()>,
}

struct Watched {
    world: Arc<World>,
    questions: Vec<Question>,
    history: Mutex<History>,
    changed: Notify,
    over: AtomicBool,
}

impl Thing {
    /// A thing that was made by this attempt. It is asked about on every node, at once, and then again and again with such a gap.
    pub(crate) fn made(world: &Arc<World>, name: String, made: &Attempt, value: Value, questions: Vec<Question>, gap: Duration) -> Self {
        let history = History::of(name, change("make", made, value));
        Self::under_watch(world, history, questions, gap)
    }

    /// A thing that was made, and had its end, before anybody asked about it.
    pub(crate) fn made_and_ended(
        world: &Arc<World>,
        name: String,
        made: &Attempt,
        value: Value,
        end: &Attempt,
        questions: Vec<Question>,
    ) -> Self {
        let mut history = History::of(name, change("make", made, value));
        if !matches!(end.outcome, Outcome::Refused) {
            history.changes.push(change("end", end, Value::DEAD));
        }
        Self::under_watch(world, history, questions, Duration::from_millis(100))
    }

    fn under_watch(world: &Arc<World>, history: History, questions: Vec<Question>, gap: Duration) -> Self {
        let watched = Watched {
            world: Arc::clone(world),
            questions,
            history: Mutex::new(history),
            changed: Notify::new(),
            over: AtomicBool::new(false),
        };
        let mut thing = Self { watched: Arc::new(watched), readers: JoinSet::new() };
        for node in 0..world.nodes {
            thing.readers.spawn(Arc::clone(&thing.watched).read_on(node, gap, Rng::new()));
        }
        thing
    }

    /// Takes down a change that was tried, and asks every node about it.
    pub(crate) fn tried(&mut self, what: &'static str, attempt: &Attempt, value: Value) {
        if matches!(attempt.outcome, Outcome::Refused) {
            return;
        }
        self.watched.history.lock().unwrap_or_else(PoisonError::into_inner).changes.push(change(what, attempt, value));
        self.ask_everywhere();
        self.watched.changed.notify_waiters();
    }

    /// Asks every node now, whatever questions to it are still without an answer.
    fn ask_everywhere(&mut self) {
        for node in 0..self.watched.world.nodes {
            let watched = Arc::clone(&self.watched);
            self.readers.spawn(async move { watched.ask(node, &mut Rng::new()).await });
        }
    }

    /// Nobody asks about it any more. When the last answer is there, its history is checked.
    pub(crate) fn over(self) {
        let Self { watched, mut readers } = self;
        watched.over.store(true, Ordering::Relaxed);
        watched.changed.notify_waiters();
        let world = Arc::clone(&watched.world);
        world.clone().check_later(async move {
            while readers.join_next().await.is_some() {}
            if let Some(watched) = Arc::into_inner(watched) {
                world.report.finish(watched.history.into_inner().unwrap_or_else(PoisonError::into_inner));
            } else {
                world.report.wrong("a reader ended without its history");
            }
        });
    }
}

impl Watched {
    async fn read_on(self: Arc<Self>, node: usize, gap: Duration, mut random: Rng) {
        loop {
            let changed = self.changed.notified();
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            self.ask(node, &mut random).await;
            let pause = gap.mul_f64(random.f64() * 2.0);
            select! {
                () = sleep(pause) => {}
                () = changed => {}
            }
        }
    }

    async fn ask(&self, node: usize, random: &mut Rng) {
        let Some(question) = random.choice(&self.questions) else { return };
        let patience = random.choice(PATIENCE).unwrap_or(PATIENCE[0]);
        let (asked, told) = self.world.verify(node, question, Duration::from_millis(patience)).await;
        match told {
            Told::Seen(seen) => {
                let read = Read { what: question.what(), node, invoked: asked.invoked, returned: asked.returned, seen };
                self.history.lock().unwrap_or_else(PoisonError::into_inner).reads.push(read);
            }
            Told::Nothing => {}
            Told::Wrong(why) => self.world.report.wrong(&format!("node{node}: {why}")),
        }
    }
}

fn change(what: &'static str, attempt: &Attempt, value: Value) -> Change {
    let returned = matches!(attempt.outcome, Outcome::Done { .. }).then_some(attempt.returned);
    Change { what, node: attempt.node, invoked: attempt.invoked, returned, value }
}
