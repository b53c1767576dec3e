//! All keys by their ids. Readers take no lock, and a look-up hardly ever waits for memory but once.
//!
//! The hash of an id leads to one of many segments, and there to a seat, in which a change writes the key anew. A segment that has become full is
//! replaced by a larger one, so that no change ever waits for all keys.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use foldhash::fast::RandomState;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::{Key, RevokedKeys};

use super::seat::{Seat, Writing};
use super::segment::{Hash, Segment, Sight};
use super::slot::Slot;
use super::texts::{Free, Text, Texts};

/// How many segments there are: a million keys are some fifteen thousand in each.
pub(super) const SEGMENTS: usize = 64;

/// All of them. To put another one in the place of one of them costs as many counts as there are.
type Segments = Vec<Arc<Segment>>;

/// All keys by their ids.
pub(super) struct Table {
    hasher: RandomState,
    segments: ArcSwap<Segments>,
    /// How often others were put in the place of those.
    growths: AtomicUsize,
    texts: Texts,
    len: AtomicUsize,
    writer: Mutex<Writer>,
}

/// What only whoever writes has to know.
struct Writer {
    free: Free,
    /// Of each segment.
    taken: [Taken; SEGMENTS],
    /// How many segments were made.
    generations: u32,
}

/// How many seats of a segment hold a key, and how many do or did.
#[derive(Clone, Copy, Default)]
struct Taken {
    keys: usize,
    used: usize,
}

/// A key that is to be there, or not any more.
pub(super) struct Write {
    pub(super) id: KeyId,
    /// The number of its owner or its policy, and the key.
    pub(super) key: Option<(u32, Key)>,
}

/// A key as it is put into its seat, and when it was last used as far as whoever puts it there knows.
type Held = (Slot, Option<UnixMillis>);

/// Which writing of which seat a key was read from.
#[derive(Clone, Copy)]
pub(super) struct Place {
    hash: Hash,
    generation: u32,
    at: u32,
    writing: Writing,
}

/// A key as it lies in its seat.
pub(super) struct Seated {
    pub(super) slot: Slot,
    pub(super) last_used_at: Option<UnixMillis>,
    pub(super) place: Place,
}

/// The segments as they are now. What is found in them is as it was when they were taken, or later.
pub(super) struct View<'a> {
    table: &'a Table,
    segments: Guard<Arc<Segments>>,
    /// How often others had been put in their place, at least.
    growths: usize,
}

impl View<'_> {
    /// Has the processor fetch what a look-up of this key begins with, while the caller still has other things to do.
    pub(super) fn expect(&self, id: &KeyId) {
        let hash = self.table.hash(id);
        self.segments[hash.segment()].expect(hash);
    }

    /// As [`View::expect`], of many keys: one waits for memory while the others are looked for, so no more is fetched than is needed.
    pub(super) fn expect_all<'a>(&self, ids: impl Iterator<Item = &'a KeyId> + Clone) {
        self.expect_each(ids.clone(), Segment::expect_tags);
        self.expect_each(ids, Segment::expect_seat);
    }

    /// The same of keys that will be written.
    fn expect_writes<'a>(&self, ids: impl Iterator<Item = &'a KeyId> + Clone) {
        self.expect_each(ids.clone(), Segment::expect_tags);
        self.expect_each(ids, Segment::expect_write);
    }

    fn expect_each<'a>(&self, ids: impl Iterator<Item = &'a KeyId>, expect: fn(&Segment, Hash)) {
        for id in ids {
            let hash = self.table.hash(id);
            expect(&self.segments[hash.segment()], hash);
        }
    }

    /// A key, to be looked at whole by [`View::text`].
    pub(super) fn find(&self, id: &KeyId) -> Option<Seated> {
        let hash = self.table.hash(id);
        let segment = &self.segments[hash.segment()];
        Self::find_in(segment, hash, id).or_else(|| {
            // A segment that was let go is told of no new key.
            let now = self.table.view();
            let is_let_go = !Arc::ptr_eq(segment, &now.segments[hash.segment()]);
            is_let_go.then(|| now.find(id)).flatten()
        })
    }

    /// Does something in the seat from which a key was read, where that is a seat still.
    fn at<T>(&self, place: Place, act: impl FnOnce(&Seat) -> T) -> Option<T> {
        // To count costs less than to take them again. Whoever sees a text, or anything else, that was written after they were replaced, also sees
        // that they were.
        let others = (self.table.growths.load(Ordering::Acquire) != self.growths).then(|| self.table.segments.load());
        let segment = &others.as_ref().unwrap_or(&self.segments)[place.hash.segment()];
        (segment.generation() == place.generation).then(|| act(segment.seat(place.at as usize)))
    }

    /// The text of a key that was found; none where the key was written meanwhile, and should be looked for again.
    pub(super) fn text(&self, slot: &Slot, place: Place) -> Option<Text> {
        let text = self.table.texts.get(slot.text);
        self.at(place, |seat| seat.is(place.writing)).filter(|is_it| *is_it).map(|_| text)
    }

    /// See [`Seat::note_use`].
    pub(super) fn note_use(&self, place: Place, now: UnixMillis, has_place: bool) -> bool {
        self.at(place, |seat| seat.note_use(place.writing, now, has_place)).unwrap_or(false)
    }

    /// See [`Seat::dequeue`].
    pub(super) fn dequeue(&self, place: Place) -> Option<UnixMillis> {
        self.at(place, |seat| seat.dequeue(place.writing)).flatten()
    }

    #[inline]
    fn find_in(segment: &Segment, hash: Hash, id: &KeyId) -> Option<Seated> {
        let Sight { at, slot, writing, last_used_at } = segment.find(hash, id)?;
        let at = u32::try_from(at).expect("as many keys as have numbers");
        Some(Seated { slot, last_used_at, place: Place { hash, generation: segment.generation(), at, writing } })
    }
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::default(),
            segments: ArcSwap::from_pointee((0..SEGMENTS).map(|_| Arc::new(Segment::new(0, 0))).collect()),
            growths: AtomicUsize::new(0),
            texts: Texts::new(),
            len: AtomicUsize::new(0),
            writer: Mutex::new(Writer { free: Free::default(), taken: [Taken::default(); SEGMENTS], generations: 0 }),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub(super) fn view(&self) -> View<'_> {
        // In this order: others that come in between are taken, and taken again when they are looked at.
        let growths = self.growths.load(Ordering::Acquire);
        View { table: self, segments: self.segments.load(), growths }
    }

    fn hash(&self, id: &KeyId) -> Hash {
        Hash(self.hasher.hash_one(id.as_bytes()))
    }

    /// The texts of all keys, to be expected.
    pub(super) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Takes over what is written; of the same key, the last counts.
    pub(super) fn write(&self, mut writes: Vec<Write>) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = HashSet::with_capacity_and_hasher(writes.len(), RandomState::default());
        writes.reverse();
        writes.retain(|write| seen.insert(write.id));
        writes.reverse();
        self.view().expect_writes(writes.iter().map(|write| &write.id));
        let (mut texts, mut bytes) = (Vec::with_capacity(writes.len()), Vec::new());
        let mut slot = |(holder, key): &(u32, Key)| {
            let (number, start) = (writer.free.take(), bytes.len());
            let slot = Slot::new(key, *holder, number, &mut bytes);
            texts.push((number, start..bytes.len()));
            (slot, key.last_used_at)
        };
        let slots: Vec<_> = writes.iter().map(|write| (write.id, write.key.as_ref().map(&mut slot))).collect();
        self.put(&mut writer, slots, &texts, &bytes);
    }

    /// Revokes those of these keys that are there and are not revoked.
    pub(super) fn revoke(&self, revoked: &RevokedKeys) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut slots, mut texts, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
        for id in &revoked.keys {
            let Some(Seated { slot, last_used_at, .. }) = self.view().find(id).filter(|seated| !seated.slot.is_revoked()) else { continue };
            let (number, start, before) = (writer.free.take(), bytes.len(), self.texts.get(slot.text));
            let slot = slot.revoked(revoked.at, revoked.reason, number, before.bytes(), &mut bytes);
            texts.push((number, start..bytes.len()));
            slots.push((*id, Some((slot, last_used_at))));
        }
        self.put(&mut writer, slots, &texts, &bytes);
    }

    /// Puts keys into their seats, or takes them out, and their texts where they lead.
    fn put(&self, writer: &mut Writer, slots: Vec<(KeyId, Option<Held>)>, texts: &[(u32, Range<usize>)], bytes: &[u8]) {
        // The texts lie ready when the first key leads to one; those of before stay until none does.
        self.texts.put(texts, bytes);
        let before: Vec<_> = slots.into_iter().filter_map(|(id, new)| self.replace(writer, &id, new)).collect();
        before.into_iter().for_each(|slot| writer.free.give(slot.text));
    }

    /// Makes room for so many keys in all, so that none of them is moved again and again while they come.
    pub(super) fn make_room(&self, keys: usize) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let share = keys / SEGMENTS;
        // They do not come to all segments alike. For four times the standard deviation, one of them in thousands has to grow after all.
        let most = share + 4 * share.isqrt();
        let segments = self.segments.load_full();
        let grows = (0..SEGMENTS).filter(|at| segments[*at].is_full(most)).map(|at| (at, Segment::seats_for(most)));
        self.grow(&mut writer, grows);
    }

    /// Puts others with so many seats in the place of these segments.
    fn grow(&self, writer: &mut Writer, grows: impl Iterator<Item = (usize, usize)>) {
        let mut segments = Segments::clone(&self.segments.load());
        for (at, seats) in grows {
            writer.generations = writer.generations.wrapping_add(1);
            writer.taken[at].used = writer.taken[at].keys;
            segments[at] = Arc::new(segments[at].moved(seats, writer.generations, |id| self.hash(id)));
        }
        self.segments.store(Arc::new(segments));
        self.growths.fetch_add(1, Ordering::Release);
    }

    /// Writes a key into its seat, or that it is gone. Returns what was there.
    fn replace(&self, writer: &mut Writer, id: &KeyId, new: Option<Held>) -> Option<Slot> {
        let hash = self.hash(id);
        let segments = self.segments.load();
        let segment = &segments[hash.segment()];
        let before = segment.find(hash, id);
        let taken = &mut writer.taken[hash.segment()];
        match (&before, new) {
            (Some(sight), Some((slot, last_used_at))) => segment.seat(sight.at).write(Some(slot), last_used_at),
            (Some(sight), None) => {
                segment.remove(sight.at);
                taken.keys -= 1;
                self.len.fetch_sub(1, Ordering::Relaxed);
            }
            (None, Some((slot, last_used_at))) => {
                if segment.is_full(taken.used) {
                    // Three quarters of it are taken then.
                    let seats = (taken.keys + 1) * 4 / 3;
                    self.grow(writer, std::iter::once((hash.segment(), seats)));
                    return self.replace(writer, id, new);
                }
                let is_new = segment.insert(hash, |seat| seat.write(Some(slot), last_used_at));
                taken.used += usize::from(is_new);
                taken.keys += 1;
                self.len.fetch_add(1, Ordering::Relaxed);
            }
            (None, None) => {}
        }
        before.map(|sight| sight.slot)
    }
}

#[cfg(test)]
mod tests {
    use keybearer_core::account::AccountId;
    use keybearer_core::key::{Lifecycle, RevocationReason};
    use keybearer_core::role::Level;
    use keybearer_core::token::Digest;
    use keybearer_store::{KeyHolder, Metadata};
    use proptest::prelude::*;

    use super::*;

    fn key(number: u128, name: &str) -> Key {
        Key {
            id: id(number),
            name: name.into(),
            holder: KeyHolder::Account { owner: AccountId(1), level: Level::OWN },
            lifecycle: Lifecycle::Live { expires_at: None },
            metadata: Metadata::new(),
            digest: Digest::from_bytes([u8::try_from(number % 251).unwrap(); 32]),
            pepper: 1,
            created_at: UnixMillis(1),
            created_by: "account:1".into(),
            last_used_at: None,
        }
    }

    fn id(number: u128) -> KeyId {
        KeyId::from_bytes(number.to_be_bytes())
    }

    fn written(number: u128, name: &str) -> Write {
        Write { id: id(number), key: Some((0, key(number, name))) }
    }

    fn deleted(number: u128) -> Write {
        Write { id: id(number), key: None }
    }

    fn name(table: &Table, number: u128) -> Option<String> {
        loop {
            let view = table.view();
            let found = view.find(&id(number))?;
            if let Some(text) = view.text(&found.slot, found.place) {
                assert!(found.slot.imprint.matches(&key(number, "").digest.imprint()), "parts of another key");
                return Some(found.slot.name(text.bytes()).to_owned());
            }
        }
    }

    fn place(table: &Table, number: u128) -> Place {
        table.view().find(&id(number)).unwrap().place
    }

    fn last_used_at(table: &Table, number: u128) -> Option<UnixMillis> {
        table.view().find(&id(number)).unwrap().last_used_at
    }

    proptest! {
        #[test]
        fn a_table_has_what_a_plain_map_has(changes in prop::collection::vec(prop::collection::vec((0u128..400, any::<Option<u16>>()), 0..200), 0..12)) {
            let (table, mut plain) = (Table::new(), std::collections::BTreeMap::new());
            for change in changes {
                let writes = change.iter().map(|(number, text)| match text {
                    Some(text) => written(*number, &"n".repeat(usize::from(*text % 300))),
                    None => deleted(*number),
                });
                table.write(writes.collect());
                for (number, text) in change {
                    match text {
                        Some(text) => drop(plain.insert(number, "n".repeat(usize::from(text % 300)))),
                        None => drop(plain.remove(&number)),
                    }
                }
                prop_assert_eq!(table.len(), plain.len());
                for number in 0..400 {
                    prop_assert_eq!(name(&table, number), plain.get(&number).cloned());
                }
            }
        }
    }

    #[test]
    fn a_key_is_found_whole_at_every_moment_while_it_and_others_are_written() {
        let table = Table::new();
        table.write((0..8).map(|number| written(number, &number.to_string())).collect());
        std::thread::scope(|scope| {
            // Seats and texts are given back and taken by other keys all the time, and the segments are made anew again and again.
            let writer = scope.spawn(|| {
                for round in 0..4_000 {
                    table.write((0..8).map(|number| written(number, &number.to_string())).collect());
                    table.write((0..8).map(|number| written(100 + round % 60 * 8 + number, "comes")).collect());
                    table.write((0..8).map(|number| deleted(100 + (round + 40) % 60 * 8 + number)).collect());
                }
            });
            while !writer.is_finished() {
                for number in 0..8 {
                    assert_eq!(name(&table, number), Some(number.to_string()));
                }
            }
        });
        assert_eq!(table.len(), 8 + 20 * 8);
        assert!(table.texts.groups() < 20, "texts are used again");
        let seats: usize = table.segments.load().iter().map(|segment| segment.len()).sum();
        assert!(seats < SEGMENTS * 16, "seats are used again");
    }

    #[test]
    fn a_key_that_is_revoked_keeps_all_else_and_its_first_reason() {
        let table = Table::new();
        table.write(vec![written(0, "goes"), written(1, "stays")]);
        assert!(table.view().note_use(place(&table, 0), UnixMillis(5), true));
        let revoked = |at, reason| RevokedKeys { keys: vec![id(0), id(2)], at: UnixMillis(at), reason };
        let lifecycle = || {
            let found = table.view().find(&id(0)).unwrap();
            let text = table.view().text(&found.slot, found.place).unwrap();
            found.slot.lifecycle(|| text.bytes())
        };
        table.revoke(&revoked(7, RevocationReason::AccountLocked));
        let first = Lifecycle::Revoked { at: UnixMillis(7), reason: RevocationReason::AccountLocked, expires_at: None };
        assert_eq!(lifecycle(), first);
        table.revoke(&revoked(8, RevocationReason::Deleted));
        assert_eq!(lifecycle(), first);
        assert_eq!((name(&table, 0).as_deref(), last_used_at(&table, 0)), (Some("goes"), Some(UnixMillis(5))));
        assert_eq!((name(&table, 1).as_deref(), table.len()), (Some("stays"), 2), "who is not there does not come");
    }

    #[test]
    fn a_use_that_was_noted_before_a_key_was_written_anew_is_kept() {
        let table = Table::new();
        table.write(vec![written(0, "used"), written(1, "beside")]);
        let before = place(&table, 0);
        assert!(table.view().note_use(before, UnixMillis(5), true));
        assert!(!table.view().note_use(before, UnixMillis(6), true), "it waits already");
        table.write(vec![written(0, "renamed")]);
        assert_eq!(last_used_at(&table, 0), Some(UnixMillis(6)));
        assert!(table.view().note_use(place(&table, 0), UnixMillis(7), true), "else no use of this key might ever be written again");
        assert_eq!(table.view().dequeue(place(&table, 0)), Some(UnixMillis(7)));
        assert!(table.view().note_use(place(&table, 0), UnixMillis(7), true), "it waits no more");
        assert_eq!(table.view().dequeue(place(&table, 1)), None, "a key that was never used was not used in 1970");
    }

    /// Another key that is looked for in the same bucket.
    fn neighbour(table: &Table, number: u128) -> u128 {
        let hash = table.hash(&id(number));
        let segment = Arc::clone(&table.segments.load()[hash.segment()]);
        let is_beside = |other: Hash| other.segment() == hash.segment() && segment.home(other) == segment.home(hash);
        (number + 1..).find(|number| is_beside(table.hash(&id(*number)))).unwrap()
    }

    #[test]
    fn a_use_of_a_key_is_not_noted_for_the_one_that_took_its_seat() {
        let table = Table::new();
        let other = neighbour(&table, 0);
        table.write(vec![written(0, "goes")]);
        let before = table.view().find(&id(0)).unwrap();
        table.write(vec![deleted(0)]);
        table.write(vec![written(other, "comes")]);
        assert_eq!((place(&table, other).at, place(&table, other).generation), (before.place.at, before.place.generation));
        assert!(!table.view().note_use(before.place, UnixMillis(5), true));
        assert_eq!((table.view().dequeue(before.place), last_used_at(&table, other)), (None, None));
        assert!(table.view().text(&before.slot, before.place).is_none());
    }

    #[test]
    fn a_use_is_not_noted_in_a_segment_that_was_made_anew() {
        let table = Table::new();
        table.write(vec![written(0, "stays")]);
        let held = table.view();
        let before = held.find(&id(0)).unwrap();
        assert!(held.note_use(before.place, UnixMillis(5), true));
        table.write((1..10_000).map(|number| written(number, "comes")).collect());
        assert_ne!(place(&table, 0).generation, before.place.generation);
        for view in [held, table.view()] {
            assert!(!view.note_use(before.place, UnixMillis(6), true) && view.dequeue(before.place).is_none());
            assert!(view.text(&before.slot, before.place).is_none());
        }
        assert_eq!(last_used_at(&table, 0), Some(UnixMillis(5)), "what was noted before came along");
        assert!(table.view().note_use(place(&table, 0), UnixMillis(6), true), "else no use of this key might ever be written again");
    }

    #[test]
    fn a_table_with_room_for_keys_does_not_grow_while_they_come() {
        let table = Table::new();
        table.write(vec![written(0, "before")]);
        table.make_room(100_000);
        let seats = || table.segments.load().iter().map(|segment| segment.len()).collect::<Vec<_>>();
        let (before, few) = (seats(), seats().iter().sum::<usize>() < 180_000);
        table.write((1..=100_000).map(|number| written(number, "comes")).collect());
        assert!(few && before == seats() && (0..=100_000).all(|number| table.view().find(&id(number)).is_some()));
        table.make_room(10);
        assert_eq!(before, seats(), "there is enough room");
    }

    #[test]
    fn keys_of_one_bucket_are_all_found_whichever_of_them_go() {
        let table = Table::new();
        let mut numbers = vec![0];
        while numbers.len() < 20 {
            numbers.push(neighbour(&table, numbers[numbers.len() - 1]));
        }
        for gone in &numbers {
            table.write(numbers.iter().map(|number| written(*number, &number.to_string())).collect());
            table.write(vec![deleted(*gone)]);
            for number in &numbers {
                assert_eq!(name(&table, *number), (number != gone).then(|| number.to_string()));
            }
        }
    }
}
