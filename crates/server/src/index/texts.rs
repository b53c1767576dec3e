//! The texts of keys, many in one piece of memory, so that a million of them take little room.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use arc_swap::{ArcSwapAny, Guard};
use prefetch_index::prefetch_index;
use triomphe::ThinArc;

use super::fetch;

/// How many texts share a piece.
const GROUP: usize = 32;

/// Where each text ends, and all of them one behind the other. It never changes: another one is put in its place.
type Shared = ThinArc<[u32; GROUP], u8>;

fn place(group: &Shared, at: usize) -> Range<usize> {
    let ends = &group.header.header;
    let start = at.checked_sub(1).map_or(0, |before| ends[before]);
    start as usize..ends[at] as usize
}

fn text(group: &Shared, at: usize) -> &[u8] {
    group.slice.get(place(group, at)).unwrap_or_default()
}

/// Texts by number, for readers that take no lock.
pub(super) struct Texts(boxcar::Vec<ArcSwapAny<Shared>>);

/// Which numbers have no text.
#[derive(Default)]
pub(super) struct Free {
    /// The first that was never given.
    next: u32,
    /// Those that were given back, and for the longest time first.
    back: VecDeque<u32>,
}

impl Free {
    /// A number that nobody has.
    pub(super) fn take(&mut self) -> u32 {
        self.back.pop_front().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }

    /// Gives a number back. Whoever still looks at its text goes on to see what it was.
    pub(super) fn give(&mut self, number: u32) {
        self.back.push_back(number);
    }
}

impl Texts {
    pub(super) fn new() -> Self {
        Self(boxcar::Vec::new())
    }

    /// A text, to be looked at later: until then it costs hardly anything.
    pub(super) fn get(&self, number: u32) -> Text {
        let number = number as usize;
        Text { group: self.0[number / GROUP].load(), at: number % GROUP }
    }

    /// Has the processor fetch what leads to a text: this first.
    pub(super) fn expect(&self, number: u32) {
        if let Some(group) = self.0.get(number as usize / GROUP) {
            fetch(group);
        }
    }

    /// Has the processor fetch where a text lies, once it was expected.
    pub(super) fn expect_ends(&self, number: u32) {
        let Text { group, at } = self.get(number);
        let ends = &group.header.header;
        prefetch_index(ends, at.saturating_sub(1));
        prefetch_index(ends, at);
        // How long all of them are stands right before the first one.
        prefetch_index(&group.slice, 0);
    }

    /// Has the processor fetch a text, once its ends were expected.
    pub(super) fn expect_bytes(&self, number: u32) {
        let Text { group, at } = self.get(number);
        let place = place(&group, at);
        prefetch_index(&group.slice, place.start);
        prefetch_index(&group.slice, place.end);
    }

    /// Puts texts in the place of those that were there, each a part of `bytes`.
    pub(super) fn put(&self, texts: &[(u32, Range<usize>)], bytes: &[u8]) {
        let mut groups: BTreeMap<usize, [Option<&[u8]>; GROUP]> = BTreeMap::new();
        for (number, range) in texts {
            let number = *number as usize;
            groups.entry(number / GROUP).or_default()[number % GROUP] = Some(&bytes[range.clone()]);
        }
        for (number, texts) in groups {
            while self.0.count() <= number {
                self.0.push(ArcSwapAny::new(Shared::from_header_and_slice([0; GROUP], &[])));
            }
            self.replace(number, &texts);
        }
    }

    /// Puts texts into a group; where there is none, that of before stays.
    fn replace(&self, number: usize, new: &[Option<&[u8]>; GROUP]) {
        let before = self.0[number].load();
        let (mut ends, mut texts) = ([0; GROUP], Vec::with_capacity(before.slice.len() + 1_024));
        for (at, end) in ends.iter_mut().enumerate() {
            texts.extend_from_slice(new[at].unwrap_or_else(|| text(&before, at)));
            *end = u32::try_from(texts.len()).expect("a group has few keys, and each a short text");
        }
        self.0[number].store(Shared::from_header_and_slice(ends, &texts));
    }

    #[cfg(test)]
    pub(super) fn groups(&self) -> usize {
        self.0.count()
    }
}

/// A text, which stays as it is for as long as somebody looks at it.
pub(super) struct Text {
    group: Guard<Shared>,
    at: usize,
}

impl Text {
    /// One that is in no group of the image.
    pub(super) fn apart(text: &[u8]) -> Self {
        let ends = [u32::try_from(text.len()).expect("a short text"); GROUP];
        Self { group: Guard::from_inner(Shared::from_header_and_slice(ends, text)), at: 0 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        text(&self.group, self.at)
    }
}

impl Clone for Text {
    fn clone(&self) -> Self {
        Self { group: Guard::from_inner(Shared::clone(&self.group)), at: self.at }
    }
}
