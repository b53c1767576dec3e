//! Accounts by number, so that a key leads to how its owner stands without a look-up, and in half the room of an id.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;
use foldhash::fast::RandomState;
use keybearer_core::account::{AccountId, Standing, Status};
use keybearer_core::role::Level;
use keybearer_store::Account;
use papaya::HashMap;

use super::entry::Shown;

/// All accounts that were ever met. A number is never given to another one, and stays when the account is deleted.
pub(super) struct Accounts {
    numbers: HashMap<AccountId, u32, RandomState>,
    places: boxcar::Vec<Place>,
    /// How each stands, by [`packed`]. It alone decides; a byte each, so that those of many accounts stay where the processor has them at hand.
    standings: boxcar::Vec<AtomicU8>,
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
        Self { numbers: HashMap::default(), places: boxcar::Vec::new(), standings: boxcar::Vec::new(), len: AtomicUsize::new(0) }
    }

    /// The number of an account, which need not be there yet, nor any more.
    pub(super) fn number(&self, id: AccountId) -> u32 {
        let numbers = self.numbers.pin();
        if let Some(number) = numbers.get(&id) {
            return *number;
        }
        // Both grow by the one writer, and so in step.
        let number = self.places.push(Place { id, account: ArcSwapOption::empty() });
        self.standings.push(AtomicU8::new(ABSENT));
        let number = u32::try_from(number).expect("fewer accounts than a disk can hold");
        numbers.insert(id, number);
        number
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
