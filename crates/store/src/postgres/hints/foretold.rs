//! A revocation that is told of before it is committed, so that nobody has to wait for messages after that (DESIGN §5).
//!
//! Its maker foretells which keys it is about to revoke, and as which revision. A node that holds the revision before *heeds* that: from then on
//! it answers nothing about these keys from its image alone, but looks at the database first, until it holds that revision. So once the
//! change is committed the node answers about them as if it held it, and its maker need not wait until it does. Whether the change was made
//! after all makes no difference to that: nothing is refused which the database has not.
//!
//! The maker's own node heeds it as any other. Where all do, whoever asked for the change is answered at once, and the nodes are told about then
//! that it was done, the maker's own before the others.
//!
//! Where the change was not made, and no other one, the doubt ends after a time. It is long enough ([`Terms::doubt`]) for any lease that goes on
//! then to count from an instant after the commit, if there was one in the time for which a maker may rely on what was heeded ([`Terms::ahead`]).

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use keybearer_core::lease::{Instant, Terms};
use keybearer_core::token::KeyId;
use uuid::Uuid;

use super::super::clock;
use super::super::seeded::Bug;
use super::direct::{Said, has_room};
use super::heard::{Heard, PutOff, Teller};
use super::{Hints, MOST};
use crate::RevokedKeys;

/// How many attempts are remembered: there is one at a time, and few wait for nodes.
const ATTEMPTS: usize = 16;

/// How often the thread that foretold a revocation looks whether it was done: first somewhat later than the last one was, and then after a quarter
/// of the time which that took, and twice as long each time.
pub(super) const LOOKS: u8 = 6;
/// How long the last one counts as having taken, at least and at most.
const SHORTEST: Duration = Duration::from_micros(200);
const LONGEST: Duration = Duration::from_millis(10);

/// A change that was told of before it was committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::postgres) struct Foretold {
    attempt: u64,
    /// Before anybody was told.
    at: Instant,
}

/// What another process foretold.
pub(super) struct Heeding {
    pub(super) process: Uuid,
    pub(super) revision: i64,
    pub(super) attempt: u64,
    pub(super) keys: Vec<KeyId>,
}

/// Who heeded what this process foretold.
#[derive(Default)]
pub(super) struct Attempts {
    count: u64,
    last: VecDeque<(u64, Vec<Uuid>)>,
}

impl Attempts {
    /// `own` is this node, if it heeds it.
    fn begin(&mut self, own: Option<Uuid>) -> u64 {
        self.count += 1;
        if self.last.len() >= ATTEMPTS {
            self.last.pop_front();
        }
        self.last.push_back((self.count, own.into_iter().collect()));
        self.count
    }

    fn heeded(&mut self, attempt: u64) -> Option<&mut Vec<Uuid>> {
        self.last.iter_mut().find_map(|(number, heeded)| (*number == attempt).then_some(heeded))
    }
}

impl Hints {
    /// Has the nodes told for which the change before had to wait that these keys are about to be revoked, as this revision. This node heeds it
    /// at once. None if there are too many.
    ///
    /// They are told on [another thread](Foretelling), if there are any, which is to be woken: a system may keep the database, which the statement
    /// wakes, waiting for whatever else is done on this one.
    pub(in crate::postgres) fn foretell(&self, revision: i64, keys: &[KeyId]) -> Option<(Foretold, Option<Thread>)> {
        if !has_room(keys) {
            return None;
        }
        let mut heard = self.heard();
        let at = clock::now();
        let own = heard.own.filter(|_| self.doubts.begin(keys, revision, at));
        let attempt = heard.attempts.begin(own);
        let near: Vec<_> = heard.others.iter().flatten().filter_map(|other| heard.near(*other)).collect();
        let thread = heard.teller.thread.clone().filter(|_| !near.is_empty());
        if thread.is_some() {
            heard.teller.foretells = Some((Said::Foretells { process: self.process, revision, attempt, keys: keys.to_vec() }, near));
        }
        Some((Foretold { attempt, at }, thread))
    }

    /// Tells the nodes what was put off, if anything was, and then what is foretold here. Returns after which time to look whether that was done and
    /// put off, if at all.
    pub(super) fn tell_in_turn(&self) -> Option<Duration> {
        let mut heard = self.heard();
        let has_put_off = heard.put_off.is_own;
        let Teller { foretells, looks, took, .. } = &mut heard.teller;
        let (foretells, took) = (foretells.take(), (*took).max(SHORTEST));
        let next = if foretells.is_some() {
            *looks = LOOKS;
            // Not just when it is about to be done: whoever answers then needs the processor.
            Some(took * 3 / 2)
        } else {
            // It takes longer than the last time, or comes to nothing.
            *looks = if has_put_off { 0 } else { looks.saturating_sub(1) };
            (*looks > 0).then(|| took / 4 * (1 << (LOOKS - *looks - 1)))
        };
        drop(heard);
        // Who lacks the change before heeds nothing.
        self.tell_put_off();
        let direct = self.direct.load();
        if let (Some((said, near)), Some(direct)) = (foretells, direct.as_ref()) {
            for address in near {
                // Lost, it costs time only.
                direct.answer(&said, address);
            }
        }
        next
    }

    /// What was foretold of a change whose commit is known by now, if what was heeded of it counts.
    pub(in crate::postgres) fn in_time(&self, foretold: Foretold) -> Option<Foretold> {
        Some(foretold).filter(|foretold| clock::now().since(foretold.at) <= self.doubts.terms.ahead())
    }

    /// As [`Hints::committed`], of a change that was perhaps foretold. Where everybody heeded that, this node among them, all are told of it a
    /// little later.
    pub(in crate::postgres) fn committed_as_foretold(&self, revision: i64, revoked: RevokedKeys, foretold: Option<Foretold>) {
        let heeding = foretold.map(|foretold| self.heeding(foretold)).unwrap_or_default();
        let is_heeded = |heard: &Heard| {
            let others = heard.others.as_ref().zip(heard.own);
            others.is_some_and(|(others, own)| others.iter().chain([&own]).all(|node| heeding.contains(node)))
        };
        let mut heard = self.heard();
        if !is_heeded(&heard) {
            drop(heard);
            self.committed(revision, Some(revoked), false);
            return;
        }
        let said = Said::Changed { process: self.process, revision, revoked: Some(revoked.clone()) };
        let near: Vec<_> = heeding.iter().filter_map(|other| Some((said.clone(), heard.near(*other)?))).collect();
        heard.keep_committed(self.process, revision, Some(revoked));
        heard.teller.took = foretold.map_or(Duration::ZERO, |foretold| clock::now().since(foretold.at)).min(LONGEST);
        heard.put_off = PutOff { is_own: true, others: near };
        heard.told = heeding;
    }

    /// Has the follower here take over what was put off, and tell the others, if anything was.
    pub(in crate::postgres) fn wake_for_put_off(&self) {
        if std::mem::take(&mut self.heard().put_off.is_own) {
            self.changed.notify_one();
        }
    }

    /// Whether what was put off has to be told by somebody else than the thread that foretells.
    pub(in crate::postgres) fn has_put_off(&self) -> bool {
        let heard = self.heard();
        heard.put_off.is_own && heard.teller.looks == 0
    }

    /// Tells everybody what was put off.
    pub(in crate::postgres) fn tell_put_off(&self) {
        self.wake_for_put_off();
        let direct = self.direct.load();
        // For as long as it takes, so that nothing which is said later comes first.
        let mut heard = self.heard();
        let put_off = std::mem::take(&mut heard.put_off.others);
        if let Some(direct) = direct.as_ref() {
            for (said, address) in put_off {
                // Lost, it costs time only: each node looks by itself.
                direct.answer(&said, address);
            }
        }
    }

    /// A process foretells a change. It is answered if this node can heed that.
    pub(super) fn heed(&self, foretold: Heeding) {
        let direct = self.direct.load();
        let mut heard = self.heard();
        let Some(((incarnation, place), direct)) = heard.own.zip(heard.places.get(&foretold.process)).zip(direct.as_ref()) else { return };
        if self.doubts.begin(&foretold.keys, foretold.revision, clock::now()) {
            direct.send(&Said::Heeds { incarnation, attempt: foretold.attempt }, place);
        } else if !heard.makers.is_empty() {
            // What it lacks may be what it is about to take over.
            heard.foretold = Some(foretold);
        }
    }

    /// An incarnation heeds what this process foretold.
    pub(super) fn is_heeded(&self, incarnation: Uuid, attempt: u64) {
        let mut heard = self.heard();
        let Some(heeded) = heard.attempts.heeded(attempt).filter(|heeded| !heeded.contains(&incarnation)) else { return };
        heeded.push(incarnation);
        if let Some(holder) = heard.holders.get_mut(&incarnation) {
            holder.late = 0;
        }
        self.acked.notify_one();
    }

    /// Those who heeded this.
    pub(in crate::postgres) fn heeding(&self, foretold: Foretold) -> Vec<Uuid> {
        self.heard().attempts.heeded(foretold.attempt).cloned().unwrap_or_default()
    }
}

/// The thread that tells the nodes what is foretold, and later that it was done. So nothing which the node does with the database delays that, and
/// whoever answers for the change has nobody to wake. Dropped, it ends.
pub(super) struct Foretelling {
    hints: Hints,
    has_ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Foretelling {
    /// None where there is no such thread: then only this node heeds what is foretold.
    pub(super) fn begin(hints: &Hints) -> Option<Self> {
        let has_ended = Arc::<AtomicBool>::default();
        let (is_over, telling) = (Arc::clone(&has_ended), hints.clone());
        let run = move || {
            let mut next = None;
            while !is_over.load(Ordering::Acquire) {
                match next {
                    Some(time) => thread::park_timeout(time),
                    None => thread::park(),
                }
                next = telling.tell_in_turn();
            }
        };
        let begun = thread::Builder::new().name("foretelling".into()).spawn(run);
        let warn = |error: &_| tracing::warn!(%error, "no thread foretells revocations: other nodes are told when they are done");
        let thread = begun.inspect_err(warn).ok()?;
        hints.heard().teller.thread = Some(thread.thread().clone());
        Some(Self { hints: hints.clone(), has_ended, thread: Some(thread) })
    }
}

impl Drop for Foretelling {
    fn drop(&mut self) {
        let mut heard = self.hints.heard();
        // Whoever is told later knows another secret.
        heard.teller = Teller::default();
        drop(heard);
        self.has_ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            drop(thread.join());
        }
        // Nobody looks for it any more.
        self.hints.wake_for_put_off();
    }
}

/// The keys about which the image alone says nothing for sure, though there is a lease.
pub(in crate::postgres) struct Doubts {
    terms: Terms,
    /// Whether there are any, so that usually nobody has to look further.
    has_any: AtomicBool,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The revision that the image holds, at least.
    held: i64,
    /// What is doubted, and until when.
    keys: HashMap<KeyId, Doubt>,
}

struct Doubt {
    /// It ends when the image holds this.
    revision: i64,
    /// At the latest.
    until: Instant,
}

impl Doubts {
    pub(super) fn new(terms: Terms) -> Self {
        Self { terms, has_any: AtomicBool::new(false), kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these keys are in doubt until the image holds this revision. False, and nothing is changed, if it does not hold the one
    /// before.
    fn begin(&self, keys: &[KeyId], revision: i64, now: Instant) -> bool {
        let mut kept = self.kept();
        if kept.held.checked_add(1) != Some(revision) || kept.keys.len() + keys.len() > MOST {
            return false;
        }
        if Bug::HeedsWithoutDoubt.is_seeded() {
            return true;
        }
        let until = now.plus(self.terms.doubt());
        kept.keys.extend(keys.iter().map(|id| (*id, Doubt { revision, until })));
        self.has_any.store(!kept.keys.is_empty(), Ordering::SeqCst);
        true
    }

    fn end(&self, is_over: impl Fn(&Doubt) -> bool, mut kept: MutexGuard<'_, Kept>) {
        if !kept.keys.is_empty() {
            kept.keys.retain(|_, doubt| !is_over(doubt));
            self.has_any.store(!kept.keys.is_empty(), Ordering::SeqCst);
        }
    }

    /// The image holds this revision.
    pub(in crate::postgres) fn holds(&self, revision: i64) {
        let mut kept = self.kept();
        kept.held = kept.held.max(revision);
        self.end(|doubt| doubt.revision <= revision, kept);
    }

    /// Ends what has lasted for long enough.
    pub(in crate::postgres) fn pass(&self, now: Instant) {
        self.end(|doubt| doubt.until <= now, self.kept());
    }

    /// Whether there are any. To be asked *before* whether there is a lease: the doubt may end only since a lease is over.
    pub(in crate::postgres) fn has_any(&self) -> bool {
        self.has_any.load(Ordering::SeqCst)
    }

    /// Whether any of these keys is among them. To be asked before whether there is a lease, as well.
    pub(in crate::postgres) fn has(&self, keys: &[KeyId]) -> bool {
        if !self.has_any() {
            return false;
        }
        let kept = self.kept();
        keys.iter().any(|id| kept.keys.contains_key(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        Terms::new(Duration::from_secs(2), Duration::from_millis(20))
    }

    fn key(number: u8) -> KeyId {
        KeyId::from_bytes([number; 16])
    }

    #[test]
    fn a_doubt_is_about_its_keys_and_ends_with_the_change() {
        let doubts = Doubts::new(terms());
        doubts.holds(4);
        assert!(!doubts.begin(&[key(1)], 4, clock::now()), "it holds that already");
        assert!(!doubts.begin(&[key(1)], 6, clock::now()), "it lacks the one before");
        assert!(!doubts.has_any() && !doubts.has(&[key(1)]));
        assert!(doubts.begin(&[key(1), key(2)], 5, clock::now()));
        assert!(doubts.has_any() && doubts.has(&[key(3), key(2)]) && doubts.has(&[key(1)]));
        assert!(!doubts.has(&[key(3)]) && !doubts.has(&[]));
        doubts.holds(4);
        assert!(doubts.has(&[key(1)]));
        doubts.holds(5);
        assert!(!doubts.has_any() && !doubts.has(&[key(1), key(2)]));
    }

    #[test]
    fn a_doubt_outlasts_every_lease_that_may_lack_what_it_is_about() {
        let (doubts, terms) = (Doubts::new(terms()), terms());
        let begun = clock::now();
        doubts.holds(4);
        assert!(doubts.begin(&[key(1)], 5, begun));
        // By a clock that is slow by 1 %, of what was foretold, committed and beaten by clocks that are fast.
        let longest = (terms.ahead() + terms.grant()) * 101 / 100;
        doubts.pass(begun.plus(longest * 101 / 100));
        assert!(doubts.has(&[key(1)]));
        doubts.pass(begun.plus(terms.doubt()));
        assert!(!doubts.has_any());
    }

    #[test]
    fn there_are_not_more_doubts_than_are_kept() {
        let doubts = Doubts::new(terms());
        let many: Vec<_> = (0..u128::try_from(MOST).unwrap()).map(|number| KeyId::from_bytes(number.to_be_bytes())).collect();
        assert!(doubts.begin(&many, 1, clock::now()));
        assert!(!doubts.begin(&[key(255)], 1, clock::now()), "it does not say that it heeds what it cannot");
        assert!(!doubts.has(&[key(255)]));
    }

    #[test]
    fn what_was_heeded_counts_for_its_attempt_alone() {
        let mut attempts = Attempts::default();
        let [own, node] = [Uuid::new_v4(), Uuid::new_v4()];
        let (first, second) = (attempts.begin(Some(own)), attempts.begin(None));
        attempts.heeded(first).unwrap().push(node);
        assert_eq!(attempts.heeded(first), Some(&mut vec![own, node]));
        assert_eq!(attempts.heeded(second), Some(&mut vec![]));
        for _ in 0..ATTEMPTS {
            attempts.begin(None);
        }
        assert_eq!(attempts.heeded(first), None, "it is forgotten, and the node is waited for");
    }
}
