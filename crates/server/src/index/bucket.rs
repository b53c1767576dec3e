//! A few keys side by side, so that a million of them take little room.
//!
//! A bucket never changes, but for the last uses in it: a change puts another one in its place, and whoever looks at the old one keeps it.

use keybearer_core::token::KeyId;
use triomphe::ThinArc;

use super::slot::{self, Slot};

/// How many keys a bucket has before it is split.
pub(super) const FULL: usize = 32;
/// Tags in a word.
const TAGS: usize = 8;
const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = LOW << 7;
/// Brings the lowest bit of each byte into the highest byte.
const GATHER: u64 = 0x0102_0408_1020_4080;

/// A bucket. It is one piece of memory, since each further piece on the way to a key is one more that the processor waits for.
#[derive(Clone)]
pub(super) struct Bucket(pub(super) Shared);

/// What a bucket is behind its name: to be put in a place that others read meanwhile.
pub(super) type Shared = ThinArc<Head, Slot>;

/// What a look-up reads first.
pub(super) struct Head {
    /// The lowest byte of the hash of each key, eight in a word, of as many as there is room for.
    tags: [u64; FULL / TAGS],
    texts: Box<[u8]>,
    /// How many leading bits of their hashes the keys have in common.
    depth: u32,
}

impl Bucket {
    /// A bucket without keys.
    pub(super) fn empty(depth: u32) -> Self {
        Builder::default().build(depth)
    }

    pub(super) fn depth(&self) -> u32 {
        self.0.header.header.depth
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.0.slice
    }

    /// The length of all texts.
    pub(super) fn texts_len(&self) -> usize {
        self.0.header.header.texts.len()
    }

    /// The text of a slot.
    pub(super) fn text(&self, at: usize) -> &[u8] {
        let end = self.slots().get(at + 1).map_or(self.texts_len(), |next| next.text as usize);
        self.0.header.header.texts.get(self.slots()[at].text as usize..end).unwrap_or_default()
    }

    /// Takes over the uses that were noted in the bucket which this one replaced, or a part of it, since they were copied.
    pub(super) fn carry(&self, replaced: &Self) {
        let mut others = replaced.slots().iter();
        // Both have the keys that they share in the same order.
        for slot in self.slots() {
            let mut rest = others.clone();
            if let Some(other) = rest.find(|other| other.id == slot.id) {
                slot.carry(other);
                others = rest;
            }
        }
    }
}

/// Where the key of this id is in a bucket. One cache line says so for nearly all that are not there.
pub(super) fn find(bucket: &Shared, id: &KeyId, tag: u8) -> Option<usize> {
    let slots = &bucket.slice;
    let mut alike = alike(&bucket.header.header.tags, tag);
    while alike != 0 {
        let at = alike.trailing_zeros() as usize;
        if slots.get(at).is_some_and(|slot| slot.id == *id) {
            return Some(at);
        }
        alike &= alike - 1;
    }
    if slots.len() <= FULL {
        return None;
    }
    slots.iter().skip(FULL).position(|slot| slot.id == *id).map(|place| place + FULL)
}

/// A bit for each tag that is alike, and perhaps for one behind such a tag: the id decides. All at once and without a branch, since no
/// processor could guess where in the bucket the key is: so it goes on to the digest of what was presented while memory is still being waited
/// for.
fn alike(tags: &[u64; FULL / TAGS], tag: u8) -> u32 {
    let wanted = LOW * u64::from(tag);
    tags.iter().rev().fold(0, |found, word| {
        let unlike = word ^ wanted;
        let alike = unlike.wrapping_sub(LOW) & !unlike & HIGH;
        // The eight bits, each at the top of its byte, side by side in one byte.
        let here = (alike >> 7).wrapping_mul(GATHER) >> 56;
        (found << TAGS) | u32::from(here.to_le_bytes()[0])
    })
}

/// A bucket in the making.
#[derive(Default)]
pub(super) struct Builder {
    slots: Vec<Slot>,
    texts: Vec<u8>,
    tags: [u64; FULL / TAGS],
}

impl Builder {
    /// With room for so many keys and so much text.
    pub(super) fn with_room(keys: usize, texts: usize) -> Self {
        Self { slots: Vec::with_capacity(keys), texts: Vec::with_capacity(texts), tags: [0; FULL / TAGS] }
    }

    pub(super) fn push(&mut self, tag: u8, slot: impl FnOnce(&mut Vec<u8>) -> Slot) {
        if let Some(word) = self.tags.get_mut(self.slots.len() / TAGS) {
            *word |= u64::from(tag) << (self.slots.len() % TAGS * 8);
        }
        let slot = slot(&mut self.texts);
        self.slots.push(slot);
    }

    /// Adds a key as another bucket has it.
    pub(super) fn copy(&mut self, tag: u8, from: &Bucket, at: usize) {
        self.push(tag, |texts| {
            let slot = from.slots()[at].copy(slot::place(texts));
            texts.extend_from_slice(from.text(at));
            slot
        });
    }

    pub(super) fn build(self, depth: u32) -> Bucket {
        let head = Head { tags: self.tags, texts: self.texts.into_boxed_slice(), depth };
        Bucket(ThinArc::from_header_and_iter(head, self.slots.into_iter()))
    }
}

/// A key in its bucket, which stays as it is for as long as somebody looks at it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) bucket: Bucket,
    pub(super) at: usize,
}
