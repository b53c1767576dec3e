//! The image in memory that decides every request: accounts, sessions, policies, gates and keys.
//!
//! Reads take no lock that a writer holds. There is one way in: [`Follower::apply`], called by the store in the order of the commits.

mod accounts;
mod entry;
mod gates;
mod names;
mod policies;
mod seat;
mod segment;
mod slot;
mod table;
mod texts;

use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use foldhash::fast::RandomState;
use keybearer_core::account::{AccountId, Standing};
use keybearer_core::identity::{Identity, IdentityMark};
use keybearer_core::policy::PolicyId;
use keybearer_core::role::Roles;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId, Peppers};
use keybearer_store::{Account, Changed, Follower, Key, KeyHolder, Policy, Session, SessionId};
use papaya::HashMap;
use prefetch_index::prefetch_index;

use self::accounts::Accounts;
pub use self::entry::{Facts, Found, KeyEntry, Shown, granted};
pub use self::gates::FoundGate;
use self::gates::Gates;
use self::policies::Policies;
use self::slot::{Slot, SlotHolder};
use self::table::{Seated, Table, Write};
use self::texts::Text;
use crate::clock::Clock;

/// How many rows the image has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Keys in whatever state.
    pub keys: usize,
    /// Accounts.
    pub accounts: usize,
    /// Policies.
    pub policies: usize,
    /// Gates.
    pub gates: usize,
    /// Sessions, perhaps over.
    pub sessions: usize,
}

/// Keys as they are from the moment on in which this was taken.
pub struct View<'a> {
    index: &'a Index,
    keys: table::View<'a>,
}

impl View<'_> {
    /// Has the processor fetch what a look-up of this key begins with, while there is still something else to do: a key among a million is far
    /// away.
    pub fn expect(&self, id: &KeyId) {
        self.keys.expect(id);
    }

    /// As [`View::expect`], of keys that will all be looked up next, with what answers tell of them. That is several steps away, so it is gone a
    /// step of all of them at a time: one waits for memory while the others are looked for.
    #[must_use]
    pub fn expect_all(&self, ids: &[Option<KeyId>]) -> Vec<Sought> {
        self.keys.expect_all(ids.iter().flatten());
        let sought: Vec<_> = ids.iter().map(|id| Sought(id.as_ref().and_then(|id| self.keys.find(id)))).collect();
        let found = || sought.iter().filter_map(|sought| sought.0.as_ref()).map(|seated| (seated.slot.text, seated.slot.holder()));
        let Index { accounts, policies, keys, .. } = self.index;
        for (text, holder) in found() {
            keys.texts().expect(text);
            match holder {
                SlotHolder::Account { owner, .. } => accounts.expect(owner),
                SlotHolder::Service { policy } => policies.expect(policy),
            }
        }
        for (text, holder) in found() {
            keys.texts().expect_ends(text);
            match holder {
                SlotHolder::Account { owner, .. } => accounts.expect_told(owner),
                SlotHolder::Service { policy } => policies.expect_told(policy),
            }
        }
        for (text, holder) in found() {
            keys.texts().expect_bytes(text);
            match holder {
                SlotHolder::Account { owner, .. } => accounts.expect_texts(owner),
                SlotHolder::Service { policy } => policies.expect_texts(policy),
            }
        }
        sought
    }

    /// The key that this credential proves: the id exists and the secret is the right one. It should have been [`View::expect`]ed: then it
    /// arrives while the digest is computed.
    #[must_use]
    pub fn prove(&mut self, credential: &Credential, peppers: &Peppers) -> Option<Found> {
        self.proved(credential, peppers, None)
    }

    /// As [`View::prove`], with what answers tell of the key. It may have been sought before.
    #[inline]
    #[must_use]
    pub fn prove_entry(&mut self, credential: &Credential, peppers: &Peppers, sought: Option<&Sought>) -> Option<KeyEntry> {
        let mut seated = sought.and_then(|sought| sought.0.as_ref());
        loop {
            let found = self.proved(credential, peppers, seated.take())?;
            if let Some(entry) = self.told(found) {
                return Some(entry);
            }
            self.keys = self.index.keys.view();
        }
    }

    /// `seated` is where the key was, unless that is not known.
    #[inline]
    fn proved(&mut self, credential: &Credential, peppers: &Peppers, mut seated: Option<&Seated>) -> Option<Found> {
        let presented = peppers.present(credential);
        loop {
            let looked_up = if seated.is_none() { self.keys.find(&credential.id) } else { None };
            let seated = seated.take().or(looked_up.as_ref());
            let sealed = seated.map(|seated| (seated.slot.pepper, &seated.slot.imprint));
            let is_proved = presented.proves(sealed);
            let seated = seated.filter(|_| is_proved)?;
            if let Some(found) = self.found(seated) {
                return Some(found);
            }
            // What was let go meanwhile would show the same again.
            self.keys = self.index.keys.view();
        }
    }

    /// None where the key was moved meanwhile, and should be looked for again.
    #[inline]
    fn found(&self, seated: &Seated) -> Option<Found> {
        let Seated { slot, last_used_at, place } = *seated;
        let lifecycle = if slot.is_revoked() {
            let text = self.keys.text(&slot, place)?;
            slot.lifecycle(|| text.bytes())
        } else {
            slot.lifecycle(|| &[])
        };
        Some(Found { slot, last_used_at, lifecycle, place: Some(place) })
    }

    /// None where the key was moved meanwhile, and should be looked for again.
    #[inline]
    fn told(&self, found: Found) -> Option<KeyEntry> {
        let text = self.keys.text(&found.slot, found.place?)?;
        Some(self.index.entry(found, text))
    }

    /// Notes a use. Returns whether the key is to be queued for writing, where the queue has a place.
    pub(crate) fn note_use(&self, key: &Found, now: UnixMillis, has_place: bool) -> bool {
        key.place.is_some_and(|place| self.keys.note_use(place, now, has_place))
    }

    /// Ends the wait for writing, whether it was written or found no place. Returns the last use.
    pub(crate) fn dequeue(&self, key: &Found) -> Option<UnixMillis> {
        key.place.and_then(|place| self.keys.dequeue(place)).or(key.last_used_at)
    }
}

/// What there was of a key that was [expected](View::expect_all).
pub struct Sought(Option<Seated>);

/// Has the processor fetch the line of memory in which this begins.
fn fetch<T>(one: &T) {
    prefetch_index(slice::from_ref(one), 0);
}

/// The image. Entries are shared, so that a reader keeps what it looks at while a change replaces it.
pub struct Index {
    roles: Roles,
    clock: Clock,
    accounts: Accounts,
    /// Whose account may be whose. Whether it is, the account says.
    identities: HashMap<IdentityMark, AccountId, RandomState>,
    sessions: HashMap<SessionId, Session, RandomState>,
    policies: Policies,
    gates: Gates,
    keys: Table,
    revision: AtomicI64,
    changed_at: AtomicI64,
}

impl Index {
    /// An empty image, to be filled by the store.
    #[must_use]
    pub fn new(roles: Roles, clock: Clock) -> Self {
        Self {
            roles,
            clock,
            accounts: Accounts::new(),
            identities: HashMap::default(),
            sessions: HashMap::default(),
            policies: Policies::new(),
            gates: Gates::new(),
            keys: Table::new(),
            revision: AtomicI64::new(0),
            changed_at: AtomicI64::new(0),
        }
    }

    /// The table of roles in force.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// The revision of the last change that is in the image.
    #[must_use]
    pub fn revision(&self) -> i64 {
        self.revision.load(Ordering::Acquire)
    }

    /// When that change, or the load, came into the image.
    #[must_use]
    pub fn changed_at(&self) -> UnixMillis {
        UnixMillis(self.changed_at.load(Ordering::Relaxed))
    }

    /// How many rows the image has.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            keys: self.keys.len(),
            accounts: self.accounts.len(),
            policies: self.policies.len(),
            gates: self.gates.len(),
            sessions: self.sessions.len(),
        }
    }

    /// One account that is not deleted.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        self.accounts.get(id)
    }

    /// How an account stands; none where it is absent or deleted.
    #[must_use]
    pub fn standing(&self, id: AccountId) -> Option<Standing> {
        self.accounts.standing(id)
    }

    /// The account of a person at an application, and how it stands.
    #[must_use]
    pub fn identity(&self, identity: &Identity) -> Option<(AccountId, Standing)> {
        let id = *self.identities.pin().get(&identity.mark())?;
        let (account, standing) = (self.account(id)?, self.standing(id)?);
        (account.identity().as_ref() == Some(identity)).then_some((id, standing))
    }

    /// One policy that is not deleted.
    #[must_use]
    pub fn policy(&self, id: PolicyId) -> Option<Arc<Policy>> {
        self.policies.get(id)
    }

    /// All policies that are not deleted, in no order. How many keys they have is not kept here.
    #[must_use]
    pub fn policies(&self) -> Vec<Arc<Policy>> {
        self.policies.all()
    }

    /// At most so many of those, to tell whether there are more.
    #[must_use]
    pub fn some_policies(&self, most: usize) -> Vec<Arc<Policy>> {
        self.policies.some(most)
    }

    /// What there is under the name of a gate.
    #[must_use]
    pub fn gate(&self, name: &str) -> FoundGate {
        self.gates.find(name)
    }

    /// A session that has not ended, and how its account stands.
    #[must_use]
    pub fn session(&self, id: SessionId, now: UnixMillis) -> Option<(Session, Standing)> {
        let sessions = self.sessions.pin();
        let session = *sessions.get(&id)?;
        let standing = self.standing(session.account)?;
        // It may have been ended by what this standing is due to.
        let lives = now < session.expires_at && sessions.contains_key(&id);
        (lives && standing.may_sign_in()).then_some((session, standing))
    }

    /// The key of this id, in whatever state.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<KeyEntry> {
        loop {
            let view = self.view();
            let seated = view.keys.find(&id)?;
            if let Some(entry) = view.found(&seated).and_then(|found| view.told(found)) {
                return Some(entry);
            }
        }
    }

    /// A key that is not in the image, in the form of those that are.
    #[must_use]
    pub fn apart(&self, key: &Key) -> KeyEntry {
        let mut text = Vec::new();
        let slot = Slot::new(key, self.holder_number(key), 0, &mut text);
        let found = Found { slot, last_used_at: key.last_used_at, lifecycle: key.lifecycle, place: None };
        self.entry(found, Text::apart(&text))
    }

    /// Keys as they are from now on.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View { index: self, keys: self.keys.view() }
    }

    /// As [`View::prove_entry`], of keys as they are now.
    #[must_use]
    pub fn prove(&self, credential: &Credential, peppers: &Peppers) -> Option<KeyEntry> {
        let mut view = self.view();
        view.expect(&credential.id);
        view.prove_entry(credential, peppers, None)
    }

    #[inline]
    fn entry(&self, found: Found, text: Text) -> KeyEntry {
        let (owner, account) = match found.slot.holder() {
            SlotHolder::Account { owner, .. } => self.accounts.by_number(owner),
            SlotHolder::Service { .. } => (None, Shown::nothing()),
        };
        KeyEntry { found, text, owner, account }
    }

    /// Whose key it is, if a person's.
    #[must_use]
    pub fn owner(&self, key: &Found) -> Option<AccountId> {
        match key.slot.holder() {
            SlotHolder::Account { owner, .. } => self.accounts.id(owner),
            SlotHolder::Service { .. } => None,
        }
    }

    /// What besides the key itself decides about it now.
    #[inline]
    #[must_use]
    pub fn facts(&self, key: &Found) -> Facts {
        match key.slot.holder() {
            SlotHolder::Account { owner, level } => Facts::Account { level, standing: self.accounts.standing_of(owner) },
            SlotHolder::Service { policy } => {
                let (id, policy) = self.policies.by_number(policy);
                Facts::Service { id, policy }
            }
        }
    }

    fn holder_number(&self, key: &Key) -> u32 {
        match key.holder {
            KeyHolder::Service { policy, .. } => self.policies.number(policy),
            KeyHolder::Account { owner, .. } => self.accounts.number(owner),
        }
    }
}

impl Index {
    /// A policy may change, and a key move to it, before the image is told of either. The key must not meet the policy as it was then: that might
    /// grant what neither change did. So it gets a number of its own, under which the policy is as it is now.
    fn separate_moved(&self, changed: &Changed) {
        for (id, policy) in &changed.policies {
            let is_held = |key: &Key| matches!(key.holder, KeyHolder::Service { policy, .. } if policy == *id);
            if changed.keys.iter().any(|(_, key)| key.as_ref().is_some_and(is_held)) {
                self.policies.renumber(*id, policy.clone());
            }
        }
    }
}

impl Index {
    /// An identity may have gone from this account to another that was told of before, and is then left there.
    fn move_identity(&self, id: AccountId, before: Option<IdentityMark>, now: Option<IdentityMark>) {
        if before == now {
            return;
        }
        let identities = self.identities.pin();
        if let Some(before) = before.filter(|before| identities.get(before) == Some(&id)) {
            identities.remove(&before);
        }
        if let Some(now) = now {
            identities.insert(now, id);
        }
    }

    /// A gate may change together with what it decides about, where several changes come at once. Neither order would do: a wider policy must
    /// not meet the gate of before, nor a wider gate the policy of before. So such a gate decides nothing until both are in the image.
    fn begin_gates(&self, changed: &Changed) {
        if changed.accounts.is_empty() && changed.policies.is_empty() && changed.keys.is_empty() {
            return;
        }
        for (name, _) in &changed.gates {
            self.gates.begin(name);
        }
    }
}

impl Follower for Index {
    fn expect_keys(&self, count: usize) {
        self.keys.make_room(count);
    }

    fn apply(&self, changed: Changed) {
        self.begin_gates(&changed);
        self.separate_moved(&changed);
        // What ends comes before its cause: nobody meets a live session of an account that lacks consent already.
        let sessions = self.sessions.pin();
        for (id, session) in changed.sessions {
            match session {
                Some(session) => drop(sessions.insert(id, session)),
                None => drop(sessions.remove(&id)),
            }
        }
        let keys = changed.keys.into_iter().map(|(id, key)| Write { id, key: key.map(|key| (self.holder_number(&key), key)) });
        self.keys.write(keys.collect());
        if let Some(revoked) = changed.revoked {
            self.keys.revoke(&revoked);
        }
        for (id, account) in changed.accounts {
            let now = account.as_ref().and_then(Account::identity).map(|identity| identity.mark());
            let account = account.map(|account| {
                let standing = account.standing(&self.roles);
                (account, standing)
            });
            let before = self.accounts.set(id, account);
            let before = before.and_then(|account| account.identity()).map(|identity| identity.mark());
            self.move_identity(id, before, now);
        }
        for (id, policy) in changed.policies {
            self.policies.set(id, policy);
        }
        for (name, gate) in changed.gates {
            self.gates.set(name, gate);
        }
        self.changed_at.store(self.clock.now().0, Ordering::Relaxed);
        self.revision.store(changed.revision, Ordering::Release);
    }

    fn forget_sessions(&self, until: UnixMillis) {
        self.sessions.pin().retain(|_, session| session.expires_at > until);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use keybearer_core::account::AccountId;
    use keybearer_core::key::{Lifecycle, RevocationReason};
    use keybearer_core::role::Level;
    use keybearer_core::token::{Pepper, Secret};
    use keybearer_store::Metadata;

    use super::*;

    fn credential(number: u128) -> Credential {
        Credential { id: KeyId::from_bytes(number.to_be_bytes()), secret: Secret::new([7; 32]) }
    }

    fn peppers() -> Peppers {
        Peppers::new(BTreeMap::from([(1, Pepper::new(&[1; 32]))])).unwrap()
    }

    fn key(number: u128, lifecycle: Lifecycle) -> (KeyId, Option<Key>) {
        let (pepper, digest) = peppers().seal(&credential(number));
        let key = Key {
            id: credential(number).id,
            name: format!("key {number}"),
            holder: KeyHolder::Account { owner: AccountId(1), level: Level::OWN },
            lifecycle,
            metadata: Metadata::new(),
            digest,
            pepper,
            created_at: UnixMillis(1),
            created_by: "account:1".into(),
            last_used_at: None,
        };
        (key.id, Some(key))
    }

    fn told(keys: impl IntoIterator<Item = (KeyId, Option<Key>)>) -> Changed {
        Changed { keys: keys.into_iter().collect(), ..Changed::default() }
    }

    const LIVE: Lifecycle = Lifecycle::Live { expires_at: None };
    const REVOKED: Lifecycle = Lifecycle::Revoked { at: UnixMillis(5), reason: RevocationReason::Deleted, expires_at: None };

    #[test]
    fn a_view_shows_keys_that_lie_elsewhere_since_it_was_taken() {
        let (index, peppers) = (Index::new(Roles::default(), Clock::System), peppers());
        index.apply(told([key(0, LIVE), key(1, REVOKED)]));
        let views = [(); 3].map(|()| index.view());
        // Every segment grows.
        index.apply(told((2..20_000).map(|number| key(number, LIVE))));
        let [mut first, mut second, mut third] = views;
        assert_eq!(first.prove_entry(&credential(0), &peppers, None).unwrap().name(), "key 0");
        assert_eq!(second.prove_entry(&credential(1), &peppers, None).unwrap().lifecycle(), REVOKED);
        assert_eq!(third.prove(&credential(1), &peppers).unwrap().lifecycle(), REVOKED);
    }

    #[test]
    fn a_key_that_was_sought_is_proved_as_it_is_by_then() {
        let (index, peppers) = (Index::new(Roles::default(), Clock::System), peppers());
        index.apply(told([key(0, LIVE), key(1, LIVE)]));
        let mut view = index.view();
        let ids = [0, 1, 2].map(|number| Some(credential(number).id));
        let mut sought = view.expect_all(&ids).into_iter();
        let mut proved = |number| view.prove_entry(&credential(number), &peppers, sought.next().as_ref()).map(|entry| entry.lifecycle());
        index.apply(told([key(0, REVOKED)]));
        assert_eq!(proved(0), Some(REVOKED));
        // Every segment grows, so that the seat of before stays as it was.
        index.apply(told((2..20_000).map(|number| key(number, LIVE))));
        index.apply(told([key(1, REVOKED)]));
        assert_eq!(proved(1), Some(REVOKED));
        assert_eq!(proved(2), Some(LIVE), "it came meanwhile");
    }
}
