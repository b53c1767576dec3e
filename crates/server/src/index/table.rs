//! All keys by their ids. Readers take no lock, and do not wait for a writer.
//!
//! A key lies in a seat, where it stays for as long as it is as it is; a cell leads there from the hash of its id. A change writes the key into
//! a free seat and leads its cell there; then the seat of before is free. So a look-up waits for memory twice, for the cell and for the seat,
//! and only the cells are ever made anew as a whole.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use foldhash::fast::RandomState;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::Key;

use super::cells::{Cells, Lead};
use super::seat::{Seat, Writing};
use super::slot::Slot;
use super::texts::{GROUP, Text, Texts};

/// How many seats are made at a time.
const CHUNK: usize = 4_096;

/// All keys by their ids.
pub(super) struct Table {
    hasher: RandomState,
    cells: ArcSwap<Cells>,
    chunks: boxcar::Vec<Chunk>,
    len: AtomicUsize,
    writer: Mutex<Writer>,
}

/// Seats, and the texts of their keys.
struct Chunk {
    seats: Box<[Seat]>,
    texts: Box<[Texts]>,
}

impl Chunk {
    fn new() -> Self {
        Self { seats: (0..CHUNK).map(|_| Seat::empty()).collect(), texts: (0..CHUNK / GROUP).map(|_| Texts::empty()).collect() }
    }
}

/// What only whoever writes has to know.
#[derive(Default)]
struct Writer {
    /// The first seat that was never taken.
    next: u32,
    /// Seats whose keys lie elsewhere or are gone, those that have been free the longest first.
    free: VecDeque<u32>,
    /// Cells that hold or held something.
    used: usize,
}

/// A key that is to be there, or not any more.
pub(super) struct Write {
    pub(super) id: KeyId,
    /// The number of its owner or its policy, and the key.
    pub(super) key: Option<(u32, Key)>,
}

/// Which writing of which seat a key was read from.
#[derive(Clone, Copy)]
pub(super) struct Place {
    seat: u32,
    writing: Writing,
}

/// The cells as they are now. What is found in them is as it was when they were taken, or later.
pub(super) struct View<'a> {
    table: &'a Table,
    cells: Guard<Arc<Cells>>,
}

/// A key as it lies in its seat.
pub(super) struct Seated {
    pub(super) slot: Slot,
    pub(super) last_used_at: Option<UnixMillis>,
    pub(super) place: Place,
}

/// The key was written elsewhere while it was looked at.
struct Moved;

impl View<'_> {
    /// Has the processor fetch what a look-up of this key begins with, while the caller still has other things to do.
    pub(super) fn expect(&self, id: &KeyId) {
        self.cells.expect(self.table.fragment(id));
    }

    /// Has the processor fetch the key itself. That waits for what was [`View::expect`]ed.
    pub(super) fn expect_seat(&self, id: &KeyId) {
        if let Some(lead) = self.cells.leads(self.table.fragment(id)).next() {
            self.table.seat(lead.seat()).expect();
        }
    }

    /// A key, to be looked at whole by [`Table::text`].
    pub(super) fn find(&mut self, id: &KeyId) -> Option<Seated> {
        let fragment = self.table.fragment(id);
        loop {
            if let Ok(found) = self.find_once(id, fragment) {
                return found;
            }
            self.cells = self.table.cells.load();
        }
    }

    fn find_once(&self, id: &KeyId, fragment: u32) -> Result<Option<Seated>, Moved> {
        for lead in self.cells.leads(fragment) {
            let seat = self.table.seat(lead.seat());
            let (slot, writing, last_used_at) = seat.read().ok_or(Moved)?;
            if slot.id == *id {
                return Ok(Some(Seated { slot, last_used_at, place: Place { seat: lead.seat(), writing } }));
            }
            // Either the hash of another key begins alike; or this one lies elsewhere by now, and another in its seat.
            if !self.cells.leads_still(lead) || !seat.is(writing) {
                return Err(Moved);
            }
        }
        // Cells that were let go are told of no change.
        if Arc::ptr_eq(&self.cells, &self.table.cells.load()) { Ok(None) } else { Err(Moved) }
    }
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            hasher: RandomState::default(),
            cells: ArcSwap::from_pointee(Cells::with_room(0)),
            chunks: boxcar::Vec::new(),
            len: AtomicUsize::new(0),
            writer: Mutex::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub(super) fn view(&self) -> View<'_> {
        View { table: self, cells: self.cells.load() }
    }

    /// The text of a key that was found; none where the key was moved meanwhile, and should be looked for again.
    pub(super) fn text(&self, place: Place) -> Option<Text> {
        let (chunk, at) = self.chunk(place.seat);
        let text = chunk.texts[at / GROUP].get(at % GROUP);
        chunk.seats[at].is(place.writing).then_some(text)
    }

    /// See [`Seat::note_use`].
    pub(super) fn note_use(&self, place: Place, now: UnixMillis) -> bool {
        self.seat(place.seat).note_use(place.writing, now)
    }

    /// See [`Seat::dequeue`].
    pub(super) fn dequeue(&self, place: Place) -> Option<UnixMillis> {
        self.seat(place.seat).dequeue(place.writing)
    }

    fn fragment(&self, id: &KeyId) -> u32 {
        u32::try_from(self.hasher.hash_one(id.as_bytes()) >> u32::BITS).expect("half of it")
    }

    fn chunk(&self, seat: u32) -> (&Chunk, usize) {
        let seat = seat as usize;
        (&self.chunks[seat / CHUNK], seat % CHUNK)
    }

    fn seat(&self, seat: u32) -> &Seat {
        let (chunk, at) = self.chunk(seat);
        &chunk.seats[at]
    }

    /// Takes over what is written; of the same key, the last counts.
    pub(super) fn write(&self, mut writes: Vec<Write>) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = HashSet::with_capacity(writes.len());
        writes.reverse();
        writes.retain(|write| seen.insert(write.id));
        writes.reverse();
        let seats: Vec<Option<u32>> = writes.iter().map(|write| write.key.as_ref().map(|_| self.free_seat(&mut writer))).collect();
        self.fill(&writes, &seats);
        for (write, seat) in writes.iter().zip(seats) {
            if let Some(before) = self.lead(&mut writer, &write.id, seat) {
                if let Some(seat) = seat {
                    self.seat(seat).carry(self.seat(before));
                }
                writer.free.push_back(before);
            }
        }
    }

    /// A seat to which no cell leads.
    fn free_seat(&self, writer: &mut Writer) -> u32 {
        writer.free.pop_front().unwrap_or_else(|| {
            let seat = writer.next;
            if seat as usize / CHUNK == self.chunks.count() {
                self.chunks.push(Chunk::new());
            }
            writer.next += 1;
            seat
        })
    }

    /// Writes keys into their seats, a group of texts at a time.
    fn fill(&self, writes: &[Write], seats: &[Option<u32>]) {
        let mut groups: BTreeMap<u32, Vec<(u32, &Write)>> = BTreeMap::new();
        for (write, seat) in writes.iter().zip(seats) {
            if let Some(seat) = seat {
                groups.entry(seat / GROUP as u32).or_default().push((*seat, write));
            }
        }
        let mut texts = Vec::new();
        for filled in groups.values() {
            texts.clear();
            let mut places = [const { None }; GROUP];
            for (seat, write) in filled {
                let Some((holder, key)) = &write.key else { continue };
                let start = texts.len();
                self.seat(*seat).begin(&Slot::new(key, *holder, &mut texts), key.last_used_at);
                places[*seat as usize % GROUP] = Some(start..texts.len());
            }
            let (chunk, at) = self.chunk(filled[0].0);
            chunk.texts[at / GROUP].replace(&places.map(|place| place.map(|place| &texts[place])));
            filled.iter().for_each(|(seat, _)| self.seat(*seat).end());
        }
    }

    /// Leads the cell of a key to its seat, or nowhere. Returns the seat to which it led before.
    fn lead(&self, writer: &mut Writer, id: &KeyId, seat: Option<u32>) -> Option<u32> {
        let (cells, fragment) = (self.cells.load_full(), self.fragment(id));
        let is_it = |lead: &Lead| self.seat(lead.seat()).read().is_some_and(|(slot, ..)| slot.id == *id);
        let before = cells.leads(fragment).find(is_it);
        match (before, seat) {
            (Some(lead), Some(seat)) => cells.replace(lead, seat),
            (Some(lead), None) => {
                cells.remove(lead);
                self.len.fetch_sub(1, Ordering::Relaxed);
            }
            (None, Some(seat)) => {
                writer.used += usize::from(cells.insert(fragment, seat));
                let len = self.len.fetch_add(1, Ordering::Relaxed) + 1;
                if cells.is_full(writer.used) {
                    writer.used = len;
                    self.cells.store(Arc::new(cells.moved(len)));
                }
            }
            (None, None) => {}
        }
        before.map(Lead::seat)
    }
}

#[cfg(test)]
mod tests {
    use keybearer_core::account::AccountId;
    use keybearer_core::key::Lifecycle;
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
            let found = table.view().find(&id(number))?;
            if let Some(text) = table.text(found.place) {
                assert!(found.slot.digest.matches(&key(number, "").digest), "parts of another key");
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
            // Seats are given back and taken by other keys all the time, and the cells are made anew several times.
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
        assert!(table.chunks.count() == 1, "seats are used again");
    }

    #[test]
    fn a_use_noted_where_a_key_lay_before_is_kept() {
        let table = Table::new();
        table.write(vec![written(0, "used"), written(1, "beside")]);
        let before = place(&table, 0);
        assert!(table.note_use(before, UnixMillis(5)));
        assert!(!table.note_use(before, UnixMillis(6)), "it waits already");
        table.write(vec![written(0, "renamed")]);
        assert_eq!(last_used_at(&table, 0), Some(UnixMillis(6)));
        assert!(table.note_use(place(&table, 0), UnixMillis(7)), "else no use of this key might ever be written again");
        assert_eq!(table.dequeue(place(&table, 0)), Some(UnixMillis(7)));
        assert!(table.note_use(place(&table, 0), UnixMillis(7)), "it waits no more");
        assert_eq!(table.dequeue(place(&table, 1)), None, "a key that was never used was not used in 1970");
    }

    #[test]
    fn a_use_of_a_key_is_not_noted_for_the_one_that_took_its_seat() {
        let table = Table::new();
        table.write(vec![written(0, "goes")]);
        let before = place(&table, 0);
        table.write(vec![deleted(0)]);
        table.write(vec![written(1, "comes")]);
        assert_eq!(place(&table, 1).seat, before.seat);
        assert!(!table.note_use(before, UnixMillis(5)));
        assert_eq!((table.dequeue(before), last_used_at(&table, 1)), (None, None));
        assert!(table.text(before).is_none());
    }
}
