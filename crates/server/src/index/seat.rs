//! Where a key lies in memory: nine words that are read without a lock while they may be written anew (a seqlock).
//!
//! A seat is written only while no cell leads to it. Whoever was led there before finds that its writings have been counted on, and looks for
//! the key again: nobody ever waits for a writer.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use keybearer_core::time::UnixMillis;
use prefetch_index::prefetch_index;

use super::slot::{Slot, WORDS};

/// What is in a seat besides the words of its key: how often it was written, twice, and so odd while it is being written; whether the last
/// use waits to be written; the moment of the last use in milliseconds since 1970, or 0 for never.
#[derive(Clone, Copy, PartialEq, Eq)]
struct State(u64);

const WRITINGS: u32 = 20;
const QUEUED: u64 = 1 << WRITINGS;
const MOMENT: u32 = WRITINGS + 1;

impl State {
    fn new(writings: u64, queued: bool, moment: u64) -> Self {
        Self(writings | u64::from(queued) << WRITINGS | moment << MOMENT)
    }

    fn writings(self) -> u64 {
        self.0 & (QUEUED - 1)
    }

    fn next(self) -> u64 {
        (self.writings() + 1) & (QUEUED - 1)
    }

    fn is_queued(self) -> bool {
        self.0 & QUEUED != 0
    }

    fn moment(self) -> u64 {
        self.0 >> MOMENT
    }

    fn last_used_at(self) -> Option<UnixMillis> {
        Some(self.moment()).filter(|at| *at != 0).map(|at| UnixMillis(at.cast_signed()))
    }
}

/// Milliseconds since 1970 in the 43 bits that a seat has for them, which last until 2248.
fn millis(at: UnixMillis) -> u64 {
    u64::try_from(at.0).unwrap_or(0).min((1 << (u64::BITS - MOMENT)) - 1)
}

/// The memory of one key.
pub(super) struct Seat {
    words: [AtomicU64; WORDS],
    state: AtomicU64,
}

// A million keys take as many times more as this grows.
const _: () = assert!(size_of::<Seat>() == 72);

/// Which writing of a seat was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Writing(u64);

impl Seat {
    pub(super) fn empty() -> Self {
        Self { words: [const { AtomicU64::new(0) }; WORDS], state: AtomicU64::new(0) }
    }

    /// Has the processor fetch what lies here.
    pub(super) fn expect(&self) {
        prefetch_index(self.words.as_slice(), 0);
        prefetch_index(std::slice::from_ref(&self.state), 0);
    }

    /// What lies here, and when it was last used; none while it is being written.
    pub(super) fn read(&self) -> Option<(Slot, Writing, Option<UnixMillis>)> {
        let before = State(self.state.load(Ordering::Acquire));
        let words = std::array::from_fn(|at| self.words[at].load(Ordering::Relaxed));
        // Nothing of what was read may come from after the state is read again.
        fence(Ordering::Acquire);
        let after = State(self.state.load(Ordering::Relaxed));
        let is_whole = before.writings() == after.writings() && before.writings().is_multiple_of(2);
        is_whole.then(|| (Slot::from_words(words), Writing(before.writings()), before.last_used_at()))
    }

    /// Whether what was read is what lies here still.
    pub(super) fn is(&self, writing: Writing) -> bool {
        fence(Ordering::Acquire);
        State(self.state.load(Ordering::Relaxed)).writings() == writing.0
    }

    /// Begins to write. There is one writer at a time, and no cell leads here.
    pub(super) fn begin(&self, slot: &Slot, last_used_at: Option<UnixMillis>) {
        let before = State(self.state.load(Ordering::Relaxed));
        self.state.store(State::new(before.next(), false, last_used_at.map_or(0, millis)).0, Ordering::Relaxed);
        // Whoever reads one of the new words reads the new state behind it.
        fence(Ordering::Release);
        for (place, word) in self.words.iter().zip(slot.to_words()) {
            place.store(word, Ordering::Relaxed);
        }
    }

    /// Ends what [`Seat::begin`] began.
    pub(super) fn end(&self) {
        let state = State(self.state.load(Ordering::Relaxed));
        self.state.store(State::new(state.next(), false, state.moment()).0, Ordering::Release);
    }

    /// Notes a use of the key that was read here. Returns whether it is to be queued for writing. Of a key that lies elsewhere by now, nothing is
    /// noted: this use is one of those that a crash may lose.
    pub(super) fn note_use(&self, writing: Writing, now: UnixMillis) -> bool {
        let now = millis(now);
        let noted = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            let state = State(state);
            // Once in a millisecond is enough: a key that many use at once is not written to by all of them.
            let is_new = state.writings() == writing.0 && !(state.is_queued() && state.moment() >= now);
            is_new.then(|| State::new(writing.0, true, state.moment().max(now)).0)
        });
        noted.is_ok_and(|before| !State(before).is_queued())
    }

    /// Ends the wait for writing, whether it was written or found no place. Returns the last use, if this is still the key and there was one.
    pub(super) fn dequeue(&self, writing: Writing) -> Option<UnixMillis> {
        let done = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            let state = State(state);
            (state.writings() == writing.0).then(|| State::new(writing.0, false, state.moment()).0)
        });
        done.ok().and_then(|state| State(state).last_used_at())
    }

    /// Takes over a use that was noted where the key lay before. It waits in the queue of whoever noted it; but that may have been let go
    /// already, so the next use asks for a place again.
    pub(super) fn carry(&self, before: &Self) {
        let noted = State(before.state.load(Ordering::Relaxed)).moment();
        let later = |state| {
            let state = State(state);
            (noted > state.moment()).then(|| State::new(state.writings(), state.is_queued(), noted).0)
        };
        // It stays as it is where it knows of a later one.
        self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later).ok();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn write(seat: &Seat, words: [u64; WORDS], last_used_at: Option<UnixMillis>) {
        seat.begin(&Slot::from_words(words), last_used_at);
        seat.end();
    }

    proptest! {
        #[test]
        fn a_seat_has_what_was_written_last(first in any::<[u64; WORDS]>(), words in any::<[u64; WORDS]>(), at in prop::option::of(1i64..1 << 43)) {
            let seat = Seat::empty();
            write(&seat, first, None);
            let (_, before, _) = seat.read().unwrap();
            write(&seat, words, at.map(UnixMillis));
            let (slot, writing, used) = seat.read().unwrap();
            prop_assert_eq!((slot.to_words(), used), (words, at.map(UnixMillis)));
            prop_assert!(seat.is(writing) && !seat.is(before));
        }
    }

    #[test]
    fn nobody_reads_what_is_being_written() {
        let seat = Seat::empty();
        seat.begin(&Slot::from_words([1; WORDS]), None);
        assert!(seat.read().is_none());
        seat.end();
        assert!(seat.read().is_some());
    }

    #[test]
    fn writings_are_told_apart_when_their_count_begins_anew() {
        let seat = Seat::empty();
        for word in 0..1 << (WRITINGS - 1) {
            let before = seat.read().unwrap().1;
            write(&seat, [word; WORDS], None);
            assert!(!seat.is(before) && seat.read().is_some());
        }
        assert_eq!(State(seat.state.load(Ordering::Relaxed)).writings(), 0);
    }

    #[test]
    fn a_moment_beyond_what_a_seat_can_hold_is_the_last_one() {
        let seat = Seat::empty();
        write(&seat, [0; WORDS], Some(UnixMillis(i64::MAX)));
        assert_eq!(seat.read().unwrap().2, Some(UnixMillis((1 << 43) - 1)));
        write(&seat, [0; WORDS], Some(UnixMillis(-1)));
        assert_eq!(seat.read().unwrap().2, None);
    }
}
