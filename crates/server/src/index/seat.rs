//! Where a key lies in memory: eight words in one line of the cache, which are read without a lock while they may be written anew (a seqlock).

use std::sync::atomic::{AtomicU64, Ordering, fence};

use keybearer_core::time::UnixMillis;

use super::slot::{Slot, WORDS};

/// What is in a seat besides the words of its key: how often it was written, twice, and so odd while it is being written; whether the last use
/// waits to be written; the moment of the last use in milliseconds since 1970, or 0 for never.
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

    fn is_being_written(self) -> bool {
        !self.writings().is_multiple_of(2)
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
#[repr(align(64))]
pub(super) struct Seat {
    words: [AtomicU64; WORDS],
    state: AtomicU64,
}

// A million keys take as many times more as this grows, and a look-up waits for as many lines as it has.
const _: () = assert!(size_of::<Seat>() == 64);

/// Which writing of a seat was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Writing(u64);

/// What a look-up finds in a seat.
pub(super) enum Seen {
    /// Another key, or none.
    Another,
    /// It is being written: whoever looks again in a moment sees it.
    Writing,
    /// The key, and when it was last used.
    Key(Slot, Writing, Option<UnixMillis>),
}

impl Seat {
    pub(super) fn empty() -> Self {
        Self { words: [const { AtomicU64::new(0) }; WORDS], state: AtomicU64::new(0) }
    }

    fn state(&self) -> State {
        State(self.state.load(Ordering::Relaxed))
    }

    /// Looks for the key whose id consists of these words.
    pub(super) fn look(&self, id: [u64; 2]) -> Seen {
        let before = State(self.state.load(Ordering::Acquire));
        // A seat keeps its key for as long as that is there, so these words do not change while it is written anew.
        if [&self.words[0], &self.words[1]].map(|word| word.load(Ordering::Relaxed)) != id {
            return Seen::Another;
        }
        let words = std::array::from_fn(|at| self.words[at].load(Ordering::Relaxed));
        // Nothing of what was read may come from after the state is read again.
        fence(Ordering::Acquire);
        if before.is_being_written() || self.state().writings() != before.writings() {
            return Seen::Writing;
        }
        Slot::from_words(words).map_or(Seen::Another, |slot| Seen::Key(slot, Writing(before.writings()), before.last_used_at()))
    }

    /// What lies here, for whoever alone writes.
    pub(super) fn slot(&self) -> Option<Slot> {
        Slot::from_words(std::array::from_fn(|at| self.words[at].load(Ordering::Relaxed)))
    }

    /// When the key that lies here was last used.
    pub(super) fn last_used_at(&self) -> Option<UnixMillis> {
        self.state().last_used_at()
    }

    /// Whether what was read is what lies here still.
    pub(super) fn is(&self, writing: Writing) -> bool {
        fence(Ordering::Acquire);
        self.state().writings() == writing.0
    }

    /// Writes a key, or that there is none any more. There is one writer at a time. The last use is the later one of this and of what was noted
    /// here of the same key. It no longer waits: it may have been let go already by whoever queued it, so the next use asks for a place again.
    pub(super) fn write(&self, slot: Option<Slot>, last_used_at: Option<UnixMillis>) {
        let is_same = slot.is_some() && self.slot().map(|before| before.id) == slot.map(|slot| slot.id);
        let least = last_used_at.map_or(0, millis);
        let begin = |state| {
            let state = State(state);
            let moment = if is_same { state.moment().max(least) } else { least };
            Some(State::new(state.next(), false, moment).0)
        };
        self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, begin).ok();
        // Whoever reads one of the new words reads the new state behind it.
        fence(Ordering::Release);
        for (place, word) in self.words.iter().zip(slot.map_or([0; WORDS], Slot::to_words)) {
            place.store(word, Ordering::Relaxed);
        }
        // Nobody notes a use of what is being written.
        let state = self.state();
        self.state.store(State::new(state.next(), false, state.moment()).0, Ordering::Release);
    }

    /// Notes a use of the key that was read here. Returns whether it is to be queued for writing, where the queue has a place. Of a key that was written meanwhile, nothing is
    /// noted: this use is one of those that a crash may lose.
    pub(super) fn note_use(&self, writing: Writing, now: UnixMillis, has_place: bool) -> bool {
        let now = millis(now);
        let noted = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            let state = State(state);
            // Once in a millisecond is enough: a key that many use at once is not written to by all of them.
            let waits = state.is_queued() || has_place;
            let is_new = state.writings() == writing.0 && (state.is_queued() != waits || state.moment() < now);
            is_new.then(|| State::new(writing.0, waits, state.moment().max(now)).0)
        });
        has_place && noted.is_ok_and(|before| !State(before).is_queued())
    }

    /// Ends the wait for writing, whether it was written or found no place. Returns the last use, if this is still the key and there was one.
    pub(super) fn dequeue(&self, writing: Writing) -> Option<UnixMillis> {
        let done = self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| {
            let state = State(state);
            (state.writings() == writing.0).then(|| State::new(writing.0, false, state.moment()).0)
        });
        done.ok().and_then(|state| State(state).last_used_at())
    }
}

#[cfg(test)]
mod tests {
    use keybearer_core::token::KeyId;
    use proptest::prelude::*;

    use super::super::slot::words;
    use super::*;

    const ID: [u64; 2] = [3, 4];

    /// A slot of the key [`ID`] with this number in it.
    fn slot(number: u64) -> Slot {
        let mut words = [1 << 55; WORDS];
        words[..2].copy_from_slice(&ID);
        words[6] = number;
        Slot::from_words(words).unwrap()
    }

    fn read(seat: &Seat) -> Option<(Slot, Writing, Option<UnixMillis>)> {
        match seat.look(ID) {
            Seen::Key(slot, writing, used) => Some((slot, writing, used)),
            Seen::Another | Seen::Writing => None,
        }
    }

    proptest! {
        #[test]
        fn a_seat_has_what_was_written_last(first in any::<u32>(), number in any::<u32>(), at in prop::option::of(1i64..1 << 43)) {
            let seat = Seat::empty();
            prop_assert!(matches!(seat.look(ID), Seen::Another));
            seat.write(Some(slot(first.into())), None);
            let (_, before, _) = read(&seat).unwrap();
            seat.write(Some(slot(number.into())), at.map(UnixMillis));
            let (slot, writing, used) = read(&seat).unwrap();
            prop_assert_eq!((slot.text, used), (number, at.map(UnixMillis)));
            prop_assert!(seat.is(writing) && !seat.is(before));
            seat.write(None, None);
            prop_assert!(matches!(seat.look(ID), Seen::Another) && seat.slot().is_none());
            prop_assert!(matches!(seat.look(words(KeyId::from_bytes([0; 16]).as_bytes())), Seen::Another), "a key that is gone is none");
        }
    }

    #[test]
    fn nobody_reads_what_is_being_written() {
        let seat = Seat::empty();
        seat.write(Some(slot(1)), None);
        seat.state.fetch_add(1, Ordering::Relaxed);
        assert!(matches!(seat.look(ID), Seen::Writing));
        seat.state.fetch_add(1, Ordering::Relaxed);
        assert!(matches!(seat.look(ID), Seen::Key(..)));
    }

    #[test]
    fn writings_are_told_apart_when_their_count_begins_anew() {
        let seat = Seat::empty();
        seat.write(Some(slot(0)), None);
        for number in 0..1 << (WRITINGS - 1) {
            let before = read(&seat).unwrap().1;
            seat.write(Some(slot(number)), None);
            assert!(!seat.is(before) && read(&seat).is_some());
        }
        assert_eq!(seat.state().writings(), 2);
    }

    #[test]
    fn a_use_stays_with_its_key_and_goes_with_it() {
        let seat = Seat::empty();
        seat.write(Some(slot(1)), Some(UnixMillis(7)));
        seat.write(Some(slot(2)), Some(UnixMillis(5)));
        assert_eq!(read(&seat).unwrap().2, Some(UnixMillis(7)), "the later one");
        assert_eq!(seat.last_used_at(), Some(UnixMillis(7)));
        seat.write(None, None);
        seat.write(Some(slot(3)), None);
        assert_eq!(read(&seat).unwrap().2, None);
    }

    #[test]
    fn a_moment_beyond_what_a_seat_can_hold_is_the_last_one() {
        let seat = Seat::empty();
        seat.write(Some(slot(1)), Some(UnixMillis(i64::MAX)));
        assert_eq!(read(&seat).unwrap().2, Some(UnixMillis((1 << 43) - 1)));
        let seat = Seat::empty();
        seat.write(Some(slot(1)), Some(UnixMillis(-1)));
        assert_eq!(read(&seat).unwrap().2, None);
    }
}
