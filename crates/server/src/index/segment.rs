//! Some of the keys, by the hashes of their ids: a table of open addressing that readers walk without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use prefetch_index::prefetch_index;

use super::seat::{Seat, Seen, Writing};
use super::slot::{Slot, words};
use super::table::SEGMENTS;

/// How many seats have their tags in one word.
const BUCKET: usize = 8;
/// The tag of a seat that never had a key. A look-up ends at the first bucket in which there is one.
const EMPTY: u8 = 0;
/// The tag of a seat whose key is gone. It may be taken by another one.
const GONE: u8 = 1;

/// The hash of an id: in which segment, in which bucket of it a look-up begins, and by which tag the key is told from most others.
#[derive(Clone, Copy)]
pub(super) struct Hash(pub(super) u64);

impl Hash {
    /// One of [`SEGMENTS`].
    pub(super) fn segment(self) -> usize {
        usize::from(self.0.to_be_bytes()[0]) % SEGMENTS
    }

    fn tag(self) -> u8 {
        self.0.to_be_bytes()[1].max(GONE + 1)
    }

    fn home(self) -> u64 {
        self.0 & u64::from(u32::MAX)
    }
}

/// The seats of a bucket whose tag is this one, and now and then another.
fn tagged(tags: u64, tag: u8) -> impl Iterator<Item = usize> {
    const LOW: u64 = u64::from_ne_bytes([0x01; BUCKET]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; BUCKET]);
    // What equals the tag is zero now. Where a zero borrows from the byte above, that may be taken for one as well.
    let others = tags ^ u64::from_ne_bytes([tag; BUCKET]);
    let mut marks = others.wrapping_sub(LOW) & !others & HIGH;
    std::iter::from_fn(move || {
        let place = (marks != 0).then(|| marks.trailing_zeros() as usize / 8);
        marks &= marks.wrapping_sub(1);
        place
    })
}

/// Seats, and in each at most one key. From the home of its hash on, a key lies in the first seat that was free when it came, where it stays until
/// the segment is made anew.
pub(super) struct Segment {
    /// What tells this segment from those of before and after it.
    generation: u32,
    /// A byte for each seat, by which most of them need not be looked at: those of a million keys stay where the processor has them at hand.
    tags: Box<[AtomicU64]>,
    seats: Box<[Seat]>,
}

/// A key that was found.
pub(super) struct Sight {
    /// Its seat.
    pub(super) at: usize,
    pub(super) slot: Slot,
    pub(super) writing: Writing,
    pub(super) last_used_at: Option<UnixMillis>,
}

impl Segment {
    /// With so many seats, or a few more.
    pub(super) fn new(seats: usize, generation: u32) -> Self {
        let buckets = seats.div_ceil(BUCKET).max(1);
        let seats = (0..buckets * BUCKET).map(|_| Seat::empty()).collect();
        Self { generation, tags: (0..buckets).map(|_| AtomicU64::new(0)).collect(), seats }
    }

    /// As few as so many keys may have, with room for one more.
    pub(super) fn seats_for(keys: usize) -> usize {
        ((keys + 1) * 8).div_ceil(7)
    }

    /// Whether look-ups would become slow with one more seat in use.
    pub(super) fn is_full(&self, used: usize) -> bool {
        (used + 1) * 8 > self.seats.len() * 7
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    pub(super) fn seat(&self, at: usize) -> &Seat {
        &self.seats[at]
    }

    pub(super) fn home(&self, hash: Hash) -> usize {
        usize::try_from((hash.home() * self.tags.len() as u64) >> u32::BITS).expect("less than the number of buckets")
    }

    /// The buckets in the order in which a key of this hash is looked for.
    fn walk(&self, hash: Hash) -> impl Iterator<Item = usize> {
        let home = self.home(hash);
        (home..self.tags.len()).chain(0..home)
    }

    /// The seats in which a key of this hash may lie. It is nearly always the first one.
    fn candidates(&self, hash: Hash) -> impl Iterator<Item = usize> {
        let mut is_last = false;
        let buckets = self.walk(hash).map_while(move |bucket| {
            let tags = (!is_last).then(|| self.tags[bucket].load(Ordering::Acquire))?;
            is_last = tagged(tags, EMPTY).next().is_some();
            Some(tagged(tags, hash.tag()).map(move |place| bucket * BUCKET + place))
        });
        buckets.flatten()
    }

    /// Has the processor fetch all with which a look-up begins: the tags, and each seat of the bucket, since to wait for the tags first would take
    /// longer.
    pub(super) fn expect(&self, hash: Hash) {
        let home = self.home(hash);
        prefetch_index(&*self.tags, home);
        (0..BUCKET).for_each(|place| prefetch_index(&*self.seats, home * BUCKET + place));
    }

    /// Has the processor fetch the tags alone.
    pub(super) fn expect_tags(&self, hash: Hash) {
        prefetch_index(&*self.tags, self.home(hash));
    }

    /// Has the processor fetch the one seat that the tags name.
    pub(super) fn expect_seat(&self, hash: Hash) {
        if let Some(at) = self.candidates(hash).next() {
            prefetch_index(&*self.seats, at);
        }
    }

    /// Has the processor fetch the seat in which a key will be written: its own, or else a free one.
    pub(super) fn expect_write(&self, hash: Hash) {
        let own = self.candidates(hash).next();
        if let Some(at) = own.or_else(|| self.free(hash).map(|(at, _)| at)) {
            prefetch_index(&*self.seats, at);
        }
    }

    /// The first seat on the way of this hash that has no key, and its tag.
    fn free(&self, hash: Hash) -> Option<(usize, u8)> {
        self.walk(hash).find_map(|bucket| {
            let tags = self.tags[bucket].load(Ordering::Relaxed).to_le_bytes();
            let place = tags.iter().position(|tag| *tag <= GONE)?;
            Some((bucket * BUCKET + place, tags[place]))
        })
    }

    /// The key of this id. Where it is being written just now, that takes but a few stores, and is waited for.
    pub(super) fn find(&self, hash: Hash, id: &KeyId) -> Option<Sight> {
        let id = words(id.as_bytes());
        for at in self.candidates(hash) {
            loop {
                match self.seats[at].look(id) {
                    Seen::Key(slot, writing, last_used_at) => return Some(Sight { at, slot, writing, last_used_at }),
                    Seen::Writing => std::thread::yield_now(),
                    Seen::Another => break,
                }
            }
        }
        None
    }

    /// Writes a key that is not there into the first free seat on its way, for whoever alone writes. Returns whether that never had one.
    pub(super) fn insert(&self, hash: Hash, write: impl FnOnce(&Seat)) -> bool {
        let (at, tag) = self.free(hash).expect("a segment is never full");
        write(&self.seats[at]);
        self.mark(at, hash.tag());
        tag == EMPTY
    }

    /// Takes a key away, for whoever alone writes.
    pub(super) fn remove(&self, at: usize) {
        self.seats[at].write(None, None);
        self.mark(at, GONE);
    }

    fn mark(&self, at: usize, tag: u8) {
        let word = &self.tags[at / BUCKET];
        let mut tags = word.load(Ordering::Relaxed).to_le_bytes();
        tags[at % BUCKET] = tag;
        word.store(u64::from_le_bytes(tags), Ordering::Release);
    }

    /// All keys, in another segment with so many seats, or a few more.
    pub(super) fn moved(&self, seats: usize, generation: u32, hash: impl Fn(&KeyId) -> Hash) -> Self {
        let new = Self::new(seats, generation);
        for before in &self.seats {
            if let Some(slot) = before.slot() {
                new.insert(hash(&slot.id), |seat| seat.write(Some(slot), before.last_used_at()));
            }
        }
        new
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_seat_with_a_tag_is_missed_and_few_others_are_named(tags in any::<[u8; BUCKET]>(), tag in any::<u8>()) {
            let named: Vec<usize> = tagged(u64::from_le_bytes(tags), tag).collect();
            let tagged: Vec<usize> = (0..BUCKET).filter(|place| tags[*place] == tag).collect();
            prop_assert!(tagged.iter().all(|place| named.contains(place)));
            prop_assert_eq!(named.first(), tagged.first(), "so there is one named only where there is one");
        }
    }
}
