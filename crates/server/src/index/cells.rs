//! Where the keys lie, by the hashes of their ids: a table of open addressing that readers walk without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

use prefetch_index::prefetch_index;

/// A cell that never held anything: here a walk ends.
const EMPTY: u64 = 0;
/// What stands for the place of a key that is gone: a walk goes on behind it.
const GONE: u32 = u32::MAX;
/// The fewest cells.
const LEAST: usize = 64;

/// A cell has the leading half of a hash, and the number of a seat and one more. The leading half also tells where a walk begins, so that a
/// larger table is filled from a smaller one in order, and without a look at the keys.
pub(super) struct Cells(Box<[AtomicU64]>);

/// A cell that leads somewhere, as it was when it was read.
#[derive(Clone, Copy)]
pub(super) struct Lead {
    at: usize,
    cell: u64,
}

impl Lead {
    pub(super) fn seat(self) -> u32 {
        number(self.cell) - 1
    }
}

fn fragment(cell: u64) -> u32 {
    u32::try_from(cell >> u32::BITS).expect("half of it")
}

fn number(cell: u64) -> u32 {
    u32::try_from(cell & u64::from(u32::MAX)).expect("half of it")
}

fn cell(fragment: u32, number: u32) -> u64 {
    u64::from(fragment) << u32::BITS | u64::from(number)
}

impl Cells {
    /// So many that twice as many would still be found quickly.
    pub(super) fn with_room(keys: usize) -> Self {
        Self((0..LEAST.max(keys * 2)).map(|_| AtomicU64::new(EMPTY)).collect())
    }

    /// Whether so many cells in use are too many for quick walks.
    pub(super) fn is_full(&self, used: usize) -> bool {
        used > self.0.len() / 4 * 3
    }

    fn place(&self, fragment: u32) -> usize {
        let home = (u64::from(fragment) * self.0.len() as u64) >> u32::BITS;
        usize::try_from(home).expect("less than the number of cells")
    }

    /// Has the processor fetch the cells with which a look-up begins.
    pub(super) fn expect(&self, fragment: u32) {
        prefetch_index(&*self.0, self.place(fragment));
    }

    /// The cells that this fragment leads to, without an end. Some of them have never held anything.
    fn walk(&self, fragment: u32) -> impl Iterator<Item = Lead> {
        let mut next = self.place(fragment);
        std::iter::from_fn(move || {
            let at = next;
            next = if at + 1 == self.0.len() { 0 } else { at + 1 };
            Some(Lead { at, cell: self.0[at].load(Ordering::Acquire) })
        })
    }

    /// All that this fragment may lead to.
    pub(super) fn leads(&self, wanted: u32) -> impl Iterator<Item = Lead> {
        let cells = self.walk(wanted).take_while(|lead| lead.cell != EMPTY);
        cells.filter(move |lead| fragment(lead.cell) == wanted && number(lead.cell) != GONE)
    }

    /// Whether a cell leads where it led.
    pub(super) fn leads_still(&self, lead: Lead) -> bool {
        self.0[lead.at].load(Ordering::Acquire) == lead.cell
    }

    /// Leads this fragment to a seat. Returns whether that took a cell that was never used.
    pub(super) fn insert(&self, wanted: u32, seat: u32) -> bool {
        let is_free = |lead: &Lead| lead.cell == EMPTY || number(lead.cell) == GONE;
        let at = self.walk(wanted).find(is_free).map_or(0, |lead| lead.at);
        let before = self.0[at].swap(cell(wanted, seat + 1), Ordering::SeqCst);
        before == EMPTY
    }

    /// Leads elsewhere.
    pub(super) fn replace(&self, lead: Lead, seat: u32) {
        self.0[lead.at].store(cell(fragment(lead.cell), seat + 1), Ordering::SeqCst);
    }

    /// Leads nowhere any more.
    pub(super) fn remove(&self, lead: Lead) {
        self.0[lead.at].store(cell(fragment(lead.cell), GONE), Ordering::SeqCst);
    }

    /// All that lead somewhere, in another table with room for so many keys.
    pub(super) fn moved(&self, keys: usize) -> Self {
        let new = Self::with_room(keys);
        for cell in &self.0 {
            let cell = cell.load(Ordering::Relaxed);
            if cell != EMPTY && number(cell) != GONE {
                new.insert(fragment(cell), number(cell) - 1);
            }
        }
        new
    }
}
