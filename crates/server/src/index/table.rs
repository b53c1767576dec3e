//! All keys by their ids: buckets of some 20 keys, found by the leading bits of the hash of an id (extendible hashing).
//!
//! Readers take no lock. Whoever writes makes a new bucket and puts it in the place of the old one. A bucket that is full is split into two; so
//! the table grows by one bucket at a time, and only the list of the buckets is ever made anew as a whole.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapAny, Guard};
use foldhash::fast::RandomState;
use keybearer_core::token::KeyId;
use keybearer_store::Key;

use super::bucket::{self, Bucket, Builder, FULL, Place, Shared};
use super::slot::Slot;

/// How many leading bits of a hash are told apart at most. Beyond that a bucket has more keys than [`FULL`].
const DEEPEST: u32 = 28;

/// All keys by their ids.
pub(super) struct Table {
    hasher: RandomState,
    directory: ArcSwap<Directory>,
    len: AtomicUsize,
    writing: Mutex<()>,
}

/// The buckets by the leading bits of the hashes in them. One that tells fewer bits apart stands there several times.
struct Directory {
    depth: u32,
    buckets: Box<[ArcSwapAny<Shared>]>,
}

impl Directory {
    fn place(&self, hash: u64) -> usize {
        usize::try_from(hash >> (u64::BITS - self.depth)).expect("a directory has fewer places than memory has bytes")
    }

    /// One that tells one more bit apart.
    fn doubled(&self) -> Self {
        let buckets = self.buckets.iter().flat_map(|bucket| {
            let bucket = bucket.load_full();
            [ArcSwapAny::new(bucket.clone()), ArcSwapAny::new(bucket)]
        });
        Self { depth: self.depth + 1, buckets: buckets.collect() }
    }

    /// Puts a bucket in all its places; one of the hashes in it is this one.
    fn put(&self, hash: u64, bucket: &Bucket) {
        let copies = 1 << (self.depth - bucket.depth());
        let first = self.place(hash) & !(copies - 1);
        for place in &self.buckets[first..first + copies] {
            place.store(bucket.0.clone());
        }
    }
}

/// A key that is to be there, or not any more.
pub(super) struct Write {
    pub(super) id: KeyId,
    /// The number of its policy, and the key.
    pub(super) key: Option<(u32, Key)>,
}

/// Where a key was found.
pub(super) struct Found {
    bucket: Guard<Shared>,
    at: usize,
}

impl Found {
    pub(super) fn slot(&self) -> &Slot {
        &self.bucket.slice[self.at]
    }

    /// The same, to be kept.
    pub(super) fn keep(self) -> Place {
        Place { bucket: Bucket(Guard::into_inner(self.bucket)), at: self.at }
    }
}

fn tag(hash: u64) -> u8 {
    hash.to_le_bytes()[0]
}

impl Table {
    pub(super) fn new() -> Self {
        let buckets = [ArcSwapAny::new(Bucket::empty(1).0), ArcSwapAny::new(Bucket::empty(1).0)];
        Self {
            hasher: RandomState::default(),
            directory: ArcSwap::from_pointee(Directory { depth: 1, buckets: Box::new(buckets) }),
            len: AtomicUsize::new(0),
            writing: Mutex::new(()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub(super) fn find(&self, id: &KeyId) -> Option<Found> {
        let hash = self.hash(id);
        let directory = self.directory.load();
        let bucket = directory.buckets[directory.place(hash)].load();
        let at = bucket::find(&bucket, id, tag(hash))?;
        Some(Found { bucket, at })
    }

    fn hash(&self, id: &KeyId) -> u64 {
        self.hasher.hash_one(id.as_bytes())
    }

    /// Takes over what is written; of the same key, the last counts.
    pub(super) fn write(&self, writes: Vec<Write>) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut writes: Vec<(u64, Write)> = writes.into_iter().map(|write| (self.hash(&write.id), write)).collect();
        writes.sort_by_key(|(hash, write)| (*hash, write.id));
        writes.dedup_by(|later, earlier| {
            let same = later.1.id == earlier.1.id;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        let mut rest = &writes[..];
        while let Some((hash, _)) = rest.first() {
            let directory = self.directory.load();
            let bucket = Bucket(directory.buckets[directory.place(*hash)].load_full());
            let shift = u64::BITS - bucket.depth();
            let (here, others) = rest.split_at(rest.partition_point(|(other, _)| other >> shift == hash >> shift));
            self.rewrite(&bucket, here);
            rest = others;
        }
    }

    /// Puts a bucket with these writes in the place of one without them, or several where one has no room for them.
    fn rewrite(&self, old: &Bucket, writes: &[(u64, Write)]) {
        let names = writes.iter().filter_map(|(_, write)| write.key.as_ref()).map(|(_, key)| key.name.len());
        let mut new = Builder::with_room(old.slots().len() + writes.len(), old.texts_len() + names.sum::<usize>());
        let mut is_known = vec![false; writes.len()];
        for (at, slot) in old.slots().iter().enumerate() {
            match writes.iter().position(|(_, write)| write.id == slot.id) {
                None => new.copy(tag(self.hash(&slot.id)), old, at),
                Some(place) => {
                    is_known[place] = true;
                    push(&mut new, &writes[place], Some(slot));
                }
            }
        }
        writes.iter().zip(&is_known).filter(|(_, is_known)| !**is_known).for_each(|(write, _)| push(&mut new, write, None));
        let new = new.build(old.depth());
        let gained = new.slots().len();
        let mut parts = Vec::with_capacity(1);
        self.split(new, writes[0].0, &mut parts);
        for (hash, part) in &parts {
            self.put(*hash, part);
        }
        // Only now nobody begins to look at the old one.
        for (_, part) in &parts {
            part.carry(old);
        }
        self.len.fetch_add(gained, Ordering::Relaxed);
        self.len.fetch_sub(old.slots().len(), Ordering::Relaxed);
    }

    /// Parts of a bucket that are not too full, each with a hash that leads to it. `hash` leads to the whole.
    fn split(&self, bucket: Bucket, hash: u64, parts: &mut Vec<(u64, Bucket)>) {
        if bucket.slots().len() <= FULL || bucket.depth() == DEEPEST {
            parts.push((hash, bucket));
            return;
        }
        let bit = 1 << (u64::BITS - 1 - bucket.depth());
        for side in [0, bit] {
            let mut half = Builder::default();
            for (at, slot) in bucket.slots().iter().enumerate() {
                let hash = self.hash(&slot.id);
                if hash & bit == side {
                    half.copy(tag(hash), &bucket, at);
                }
            }
            self.split(half.build(bucket.depth() + 1), (hash & !bit) | side, parts);
        }
    }

    fn put(&self, hash: u64, bucket: &Bucket) {
        while self.directory.load().depth < bucket.depth() {
            let doubled = self.directory.load().doubled();
            self.directory.store(Arc::new(doubled));
        }
        self.directory.load().put(hash, bucket);
    }
}

/// Adds what a write leaves of a key, with the uses of the slot that it replaces.
fn push(new: &mut Builder, (hash, write): &(u64, Write), replaced: Option<&Slot>) {
    let Some((policy, key)) = &write.key else { return };
    new.push(tag(*hash), |texts| {
        let slot = Slot::new(key, *policy, texts);
        if let Some(replaced) = replaced {
            slot.carry(replaced);
        }
        slot
    });
}

#[cfg(test)]
mod tests {
    use keybearer_core::account::AccountId;
    use keybearer_core::key::Lifecycle;
    use keybearer_core::role::Level;
    use keybearer_core::time::UnixMillis;
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
            digest: Digest::from_bytes([0; 32]),
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

    fn name(table: &Table, number: u128) -> Option<String> {
        let place = table.find(&id(number))?.keep();
        Some(place.bucket.slots()[place.at].name(place.bucket.text(place.at)).to_owned())
    }

    proptest! {
        #[test]
        fn a_table_has_what_a_plain_map_has(changes in prop::collection::vec(prop::collection::vec((0u128..400, any::<Option<u16>>()), 0..200), 0..12)) {
            let (table, mut plain) = (Table::new(), std::collections::BTreeMap::new());
            for change in changes {
                let writes = change.iter().map(|(number, text)| match text {
                    Some(text) => written(*number, &"n".repeat(usize::from(*text % 300))),
                    None => Write { id: id(*number), key: None },
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
    fn a_key_is_found_at_every_moment_while_others_come_and_go_beside_it() {
        let table = Table::new();
        table.write(vec![written(0, "stays")]);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for round in 0..40 {
                    table.write((1..500).map(|number| written(number + round * 250, "comes")).collect());
                    table.write((1..250).map(|number| Write { id: id(number + round * 250), key: None }).collect());
                }
            });
            while !writer.is_finished() {
                assert_eq!(name(&table, 0).as_deref(), Some("stays"));
            }
        });
        assert_eq!(table.len(), 1 + 40 + 249);
    }

    #[test]
    fn a_use_noted_in_a_bucket_that_was_replaced_meanwhile_is_kept() {
        let table = Table::new();
        table.write(vec![written(0, "used"), written(1, "beside")]);
        let found = table.find(&id(0)).unwrap();
        assert!(found.slot().note_use(UnixMillis(5)));
        table.write((2..200).map(|number| written(number, "more")).collect());
        let now = table.find(&id(0)).unwrap();
        assert_eq!(now.slot().last_used_at(), Some(UnixMillis(5)));
        assert!(now.slot().note_use(UnixMillis(6)), "else no use of this key might ever be written again");
        assert!(!now.slot().note_use(UnixMillis(7)), "it waits already");
        table.write(vec![written(0, "renamed")]);
        assert_eq!(table.find(&id(0)).unwrap().slot().last_used_at(), Some(UnixMillis(7)));
    }
}
