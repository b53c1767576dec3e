//! Policies by number. A million keys name a few hundred policies: a number takes a quarter of the room of an id, and leads there without a
//! look-up.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use foldhash::fast::RandomState;
use keybearer_core::policy::PolicyId;
use keybearer_store::Policy;
use papaya::HashMap;
use prefetch_index::prefetch_index;
use uuid::Uuid;

use super::entry::Shown;
use super::fetch;
use super::names::Names;

/// All policies that were ever met. A number is never given to another one, and stays when the policy is deleted. A policy may have several.
pub(super) struct Policies {
    numbers: HashMap<PolicyId, u32, RandomState>,
    /// Numbers that a policy had before it was given another one. Keys still name them.
    former: HashMap<PolicyId, Vec<u32>, RandomState>,
    places: boxcar::Vec<Place>,
    names: Names,
}

struct Place {
    id: PolicyId,
    policy: ArcSwapOption<Policy>,
}

impl Policies {
    pub(super) fn new() -> Self {
        Self { numbers: HashMap::default(), former: HashMap::default(), places: boxcar::Vec::new(), names: Names::new() }
    }

    /// The number of a policy, which need not be there yet, nor any more.
    pub(super) fn number(&self, id: PolicyId) -> u32 {
        let numbers = self.numbers.pin();
        if let Some(number) = numbers.get(&id) {
            return *number;
        }
        // Of two that come at once, all use the number of one.
        *numbers.get_or_insert(id, self.place(id, None))
    }

    fn place(&self, id: PolicyId, policy: Option<Policy>) -> u32 {
        let place = self.places.push(Place { id, policy: ArcSwapOption::from_pointee(policy) });
        u32::try_from(place).expect("fewer policies than a disk can hold")
    }

    /// Gives a policy another number, under which it is this from now on. Under those that it had it stays as it was until it is [`Policies::set`].
    pub(super) fn renumber(&self, id: PolicyId, policy: Option<Policy>) {
        let number = self.place(id, policy.map(|policy| self.shared(policy)));
        if let Some(before) = self.numbers.pin().insert(id, number).copied() {
            let former = self.former.pin();
            let all = former.get(&id).into_iter().flatten().copied().chain([before]).collect();
            former.insert(id, all);
        }
    }

    fn shared(&self, policy: Policy) -> Policy {
        Policy { permissions: self.names.shared(&policy.permissions), ..policy }
    }

    /// Which policy has this number, and the policy itself unless it is deleted.
    pub(super) fn by_number(&self, number: u32) -> (PolicyId, Shown<Policy>) {
        let place = self.places.get(number as usize);
        place.map_or((PolicyId(Uuid::nil()), Shown::nothing()), |place| (place.id, Shown::of(&place.policy)))
    }

    /// Has the processor fetch what leads to a policy: this first.
    pub(super) fn expect(&self, number: u32) {
        if let Some(place) = self.places.get(number as usize) {
            fetch(place);
        }
    }

    /// Has the processor fetch a policy, once it was expected.
    pub(super) fn expect_told(&self, number: u32) {
        if let Some(policy) = self.by_number(number).1.get() {
            fetch(&policy.name);
            fetch(&policy.permissions);
        }
    }

    /// Has the processor fetch what answers tell of a policy, once the policy was expected.
    pub(super) fn expect_texts(&self, number: u32) {
        if let Some(policy) = self.by_number(number).1.get() {
            prefetch_index(policy.name.as_bytes(), 0);
            policy.permissions.iter().take(1).for_each(fetch);
        }
    }

    pub(super) fn get(&self, id: PolicyId) -> Option<Arc<Policy>> {
        let number = *self.numbers.pin().get(&id)?;
        self.by_number(number).1.share()
    }

    pub(super) fn set(&self, id: PolicyId, policy: Option<Policy>) {
        let policy = policy.map(|policy| Arc::new(self.shared(policy)));
        let former = self.former.pin();
        for number in former.get(&id).into_iter().flatten().copied().chain([self.number(id)]) {
            if let Some(place) = self.places.get(number as usize) {
                place.policy.store(policy.clone());
            }
        }
    }

    /// All that are not deleted.
    pub(super) fn all(&self) -> Vec<Arc<Policy>> {
        self.numbers.pin().values().filter_map(|number| self.by_number(*number).1.share()).collect()
    }

    /// Some that are not deleted, at most so many.
    pub(super) fn some(&self, most: usize) -> Vec<Arc<Policy>> {
        self.places.iter().filter_map(|(_, place)| place.policy.load_full()).take(most).collect()
    }

    /// How many are not deleted.
    pub(super) fn len(&self) -> usize {
        self.numbers.pin().values().filter(|number| self.by_number(**number).1.get().is_some()).count()
    }
}
