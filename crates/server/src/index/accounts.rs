//! Accounts by number, so that a key leads to how its owner stands without a look-up, and in half the room of an id.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use foldhash::fast::RandomState;
use keybearer_core::account::{AccountId, Standing, Status};
use keybearer_core::role::Level;
use keybearer_store::Account;
use papaya::HashMap;
use prefetch_index::prefetch_index;

use super::entry::Shown;
use super::fetch;

/// All accounts that were ever met. A number is never given to another one, and stays when the account is deleted.
pub(super) struct Accounts {
    numbers: HashMap<AccountId, u32, RandomState>,
    places: boxcar::Vec<Place>,
    /// How each stands, by [`packed`]. It alone decides; a byte each, so that those of many accounts stay where the processor has them at hand.
    standings: boxcar::Vec<AtomicU8>,
    /// Held by whoever gives a number, so that both lists grow in step, and no account gets two: a key may have been given either.
    growing: Mutex<()>,
    len: AtomicUsize,
}

struct Place {
    id: AccountId,
    account: ArcSwapOption<Account>,
}

/// An account that is not there.
const ABSENT: u8 = 0;

fn packed(standing: Standing) -> u8 {
    let status = match standing.status {
        Status::Active => 1,
        Status::Locked => 2,
        Status::Blocked => 3,
    };
    standing.level.number() << 3 | u8::from(standing.consent) << 2 | status
}

fn unpacked(packed: u8) -> Option<Standing> {
    let status = match packed & 3 {
        1 => Status::Active,
        2 => Status::Locked,
        3 => Status::Blocked,
        _ => return None,
    };
    Some(Standing { level: Level::new(i64::from(packed >> 3)).ok()?, status, consent: packed & 4 != 0 })
}

impl Accounts {
    pub(super) fn new() -> Self {
        Self {
            numbers: HashMap::default(),
            places: boxcar::Vec::new(),
            standings: boxcar::Vec::new(),
            growing: Mutex::default(),
            len: AtomicUsize::new(0),
        }
    }

    /// The number of an account, which need not be there yet, nor any more.
    pub(super) fn number(&self, id: AccountId) -> u32 {
        if let Some(number) = self.find(id) {
            return number;
        }
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        self.find(id).unwrap_or_else(|| {
            let number = self.places.push(Place { id, account: ArcSwapOption::empty() });
            self.standings.push(AtomicU8::new(ABSENT));
            let number = u32::try_from(number).expect("fewer accounts than a disk can hold");
            self.numbers.pin().insert(id, number);
            number
        })
    }

    fn find(&self, id: AccountId) -> Option<u32> {
        self.numbers.pin().get(&id).copied()
    }

    /// Whose number this is.
    pub(super) fn id(&self, number: u32) -> Option<AccountId> {
        self.places.get(number as usize).map(|place| place.id)
    }

    /// Whose number this is, and the account unless it is deleted.
    pub(super) fn by_number(&self, number: u32) -> (Option<AccountId>, Shown<Account>) {
        self.places.get(number as usize).map_or((None, Shown::nothing()), |place| (Some(place.id), Shown::of(&place.account)))
    }

    /// Has the processor fetch what leads to an account: this first.
    pub(super) fn expect(&self, number: u32) {
        if let Some(place) = self.places.get(number as usize) {
            fetch(place);
        }
    }

    /// Has the processor fetch what answers tell of an account, once it was expected.
    pub(super) fn expect_told(&self, number: u32) {
        if let Some(account) = self.by_number(number).1.get() {
            fetch(&account.external_id);
        }
    }

    /// Has the processor fetch a text of that, once it was expected.
    pub(super) fn expect_texts(&self, number: u32) {
        if let Some(external_id) = self.by_number(number).1.get().and_then(|account| account.external_id.as_deref()) {
            prefetch_index(external_id.as_bytes(), 0);
        }
    }

    /// How the account of this number stands, unless it is deleted.
    pub(super) fn standing_of(&self, number: u32) -> Option<Standing> {
        unpacked(self.standings.get(number as usize)?.load(Ordering::Acquire))
    }

    /// How an account stands, unless it is deleted.
    pub(super) fn standing(&self, id: AccountId) -> Option<Standing> {
        self.standing_of(self.find(id)?)
    }

    pub(super) fn get(&self, id: AccountId) -> Option<Arc<Account>> {
        self.places.get(self.find(id)? as usize)?.account.load_full()
    }

    /// Takes over an account, or that it is deleted. Returns the one of before.
    pub(super) fn set(&self, id: AccountId, account: Option<(Account, Standing)>) -> Option<Arc<Account>> {
        let number = self.number(id) as usize;
        let (account, standing) = account.unzip();
        let is_here = usize::from(account.is_some());
        let before = self.places[number].account.swap(account.map(Arc::new));
        self.standings[number].store(standing.map_or(ABSENT, packed), Ordering::SeqCst);
        self.len.fetch_add(is_here, Ordering::Relaxed);
        self.len.fetch_sub(usize::from(before.is_some()), Ordering::Relaxed);
        before
    }

    /// How many are not deleted.
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_gets_one_number_and_a_standing_of_its_own_however_many_ask_at_once() {
        let accounts = Accounts::new();
        let numbers = || (0..20_000).map(|id| accounts.number(AccountId(id))).collect::<Vec<_>>();
        std::thread::scope(|scope| {
            let others = [(); 3].map(|()| scope.spawn(numbers));
            let own = numbers();
            assert!(others.into_iter().all(|other| other.join().unwrap() == own));
        });
        let standing = |id: i64| Standing { level: Level::new(id % 9).unwrap(), status: Status::Active, consent: id % 2 == 0 };
        for id in 0..20_000 {
            let number = accounts.number(AccountId(id));
            assert_eq!((accounts.id(number), accounts.standing(AccountId(id))), (Some(AccountId(id)), None));
            accounts.standings[number as usize].store(packed(standing(id)), Ordering::SeqCst);
        }
        assert!((0..20_000).all(|id| accounts.standing(AccountId(id)) == Some(standing(id))));
    }

    #[test]
    fn a_standing_reads_back_as_it_was_written() {
        for level in Level::all() {
            for status in [Status::Active, Status::Locked, Status::Blocked] {
                for consent in [false, true] {
                    let standing = Standing { level, status, consent };
                    assert_eq!(unpacked(packed(standing)), Some(standing));
                }
            }
        }
        assert_eq!(unpacked(ABSENT), None);
    }
}
