//! The texts of some keys that lie side by side, in one piece of memory, so that a million of them take little room.

use arc_swap::{ArcSwapAny, Guard};
use triomphe::ThinArc;

/// How many keys share a piece.
pub(super) const GROUP: usize = 32;

/// Where each text ends, and all of them one behind the other. It never changes: another one is put in its place.
type Shared = ThinArc<[u32; GROUP], u8>;

fn text(group: &Shared, at: usize) -> &[u8] {
    let ends = &group.header.header;
    let start = at.checked_sub(1).map_or(0, |before| ends[before]);
    group.slice.get(start as usize..ends[at] as usize).unwrap_or_default()
}

/// The texts of a group, for readers that take no lock.
pub(super) struct Texts(ArcSwapAny<Shared>);

impl Texts {
    pub(super) fn empty() -> Self {
        Self(ArcSwapAny::new(Shared::from_header_and_slice([0; GROUP], &[])))
    }

    /// A text, to be looked at later: until then it costs hardly anything.
    pub(super) fn get(&self, at: usize) -> Text {
        Text { group: self.0.load(), at }
    }

    /// Puts these texts in the place of those that were there; where there is none, that of before stays.
    pub(super) fn replace(&self, new: &[Option<&[u8]>; GROUP]) {
        let before = self.0.load();
        let (mut ends, mut texts) = ([0; GROUP], Vec::with_capacity(before.slice.len() + 1_024));
        for (at, end) in ends.iter_mut().enumerate() {
            texts.extend_from_slice(new[at].unwrap_or_else(|| text(&before, at)));
            *end = u32::try_from(texts.len()).expect("a group has few keys, and each a short text");
        }
        self.0.store(Shared::from_header_and_slice(ends, &texts));
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
