//! One key in the image, and what else decides about it.

use std::sync::Arc;

use keybearer_core::account::{AccountId, Standing, Status};
use keybearer_core::decision::{Holder, Record};
use keybearer_core::key::{KeyKind, Lifecycle};
use keybearer_core::permission::ServiceName;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::{Account, Metadata, Policy};

use super::bucket::Place;
use super::slot::{Slot, SlotHolder};

/// A key as it was when it was looked up, and its last use, which is noted here first and written later. To copy it costs no memory.
#[derive(Clone)]
pub struct KeyEntry(pub(super) Place);

impl KeyEntry {
    pub(super) fn slot(&self) -> &Slot {
        &self.0.bucket.slots()[self.0.at]
    }

    fn text(&self) -> &[u8] {
        self.0.bucket.text(self.0.at)
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.slot().id
    }

    /// The name that somebody gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.slot().name(self.text())
    }

    /// Where it is in its life.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        self.slot().lifecycle(|| self.text())
    }

    /// What applications keep with it.
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        self.slot().metadata(self.text())
    }

    /// The kind of key.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match self.slot().holder() {
            SlotHolder::Account { .. } => KeyKind::Account,
            SlotHolder::Service { .. } => KeyKind::Service,
        }
    }

    /// Whose key it is, if a person's.
    #[must_use]
    pub fn owner(&self) -> Option<AccountId> {
        match self.slot().holder() {
            SlotHolder::Account { owner, .. } => Some(owner),
            SlotHolder::Service { .. } => None,
        }
    }

    /// The service to which it is bound, if to one.
    #[must_use]
    pub fn service(&self) -> Option<ServiceName> {
        self.slot().service(self.text())
    }

    /// When the key was last used, to the moment.
    #[must_use]
    pub fn last_used_at(&self) -> Option<UnixMillis> {
        self.slot().last_used_at()
    }

    /// Notes a use. Returns whether the key is to be queued for writing.
    pub(crate) fn note_use(&self, now: UnixMillis) -> bool {
        self.slot().note_use(now)
    }

    /// Ends the wait for writing, whether it was written or found no place.
    pub(crate) fn dequeue(&self) {
        self.slot().dequeue();
    }
}

/// What besides the key itself decides about it.
pub enum Facts {
    /// Of a person's key.
    Account {
        /// The level that the key was made with.
        level: Level,
        /// Its owner and how he stands, unless deleted.
        owner: Option<(Arc<Account>, Standing)>,
    },
    /// Of a service's key.
    Service {
        /// Which policy it has.
        id: PolicyId,
        /// Its policy, unless deleted.
        policy: Option<Arc<Policy>>,
    },
}

impl Facts {
    /// What `decide` asks for. What is absent grants nothing.
    #[must_use]
    pub fn record(&self, lifecycle: Lifecycle) -> Record<'_> {
        let holder = match self {
            Self::Account { level, owner } => {
                let absent = Standing { level: Level::NONE, status: Status::Blocked, consent: false };
                Holder::Account { level: *level, owner: owner.as_ref().map_or(absent, |(_, standing)| *standing) }
            }
            Self::Service { policy, .. } => Holder::Service { permissions: granted(policy.as_deref()) },
        };
        Record { lifecycle, holder }
    }
}

/// What a policy grants: nothing once it is deleted.
#[must_use]
pub fn granted(policy: Option<&Policy>) -> &PermissionSet {
    static NOTHING: PermissionSet = PermissionSet::NONE;
    policy.map_or(&NOTHING, |policy| &policy.permissions)
}

#[cfg(test)]
mod tests {
    use keybearer_core::key::RevocationReason;
    use keybearer_core::token::Digest;
    use keybearer_store::{Key, KeyHolder};
    use proptest::prelude::*;

    use super::*;
    use crate::index::bucket::Builder;

    fn entry(key: &Key) -> KeyEntry {
        let mut bucket = Builder::default();
        bucket.push(0, |texts| Slot::new(key, 7, texts));
        bucket.push(1, |texts| Slot::new(key, 7, texts));
        KeyEntry(Place { bucket: bucket.build(1), at: 0 })
    }

    fn holders() -> impl Strategy<Value = KeyHolder> {
        let account = (any::<i64>(), 0i64..9)
            .prop_map(|(owner, level)| KeyHolder::Account { owner: AccountId(owner), level: Level::new(level).unwrap() });
        let service = prop::option::of("[A-Za-z][A-Za-z0-9._-]{0,63}").prop_map(|service| KeyHolder::Service {
            policy: PolicyId(uuid::Uuid::from_u128(1)),
            service: service.map(|name| name.parse().unwrap()),
        });
        prop_oneof![account, service]
    }

    fn lives() -> impl Strategy<Value = Lifecycle> {
        let expiry = || prop::option::of((0..i64::MAX).prop_map(UnixMillis));
        let live = expiry().prop_map(|expires_at| Lifecycle::Live { expires_at });
        let revoked = (any::<i64>(), prop::sample::select(&RevocationReason::ALL[..]), expiry())
            .prop_map(|(at, reason, expires_at)| Lifecycle::Revoked { at: UnixMillis(at), reason, expires_at });
        prop_oneof![live, revoked]
    }

    proptest! {
        #[test]
        fn a_key_reads_back_as_it_was_written(
            holder in holders(),
            lifecycle in lives(),
            name in "\\PC{0,200}",
            metadata in prop::collection::btree_map("[a-z\"]{0,9}", "\\PC{0,30}", 0..3),
            last_used_at in prop::option::of((1..i64::MAX / 2).prop_map(UnixMillis)),
        ) {
            let key = Key {
                id: KeyId::from_bytes([7; 16]),
                name,
                holder,
                lifecycle,
                metadata: metadata.into_iter().map(|(name, value)| (name, value.into())).collect(),
                digest: Digest::from_bytes([5; 32]),
                pepper: 3,
                created_at: UnixMillis(1),
                created_by: "account:1".into(),
                last_used_at,
            };
            let entry = entry(&key);
            prop_assert_eq!(entry.id(), key.id);
            prop_assert_eq!(entry.name(), &key.name);
            prop_assert_eq!(entry.lifecycle(), key.lifecycle);
            prop_assert_eq!(entry.metadata(), key.metadata);
            prop_assert_eq!(entry.last_used_at(), key.last_used_at);
            prop_assert_eq!(entry.slot().pepper, key.pepper);
            prop_assert!(entry.slot().digest.matches(&key.digest));
            prop_assert_eq!((entry.kind(), entry.owner()), (key.holder.kind(), key.holder.owner()));
            match (&key.holder, entry.slot().holder()) {
                (KeyHolder::Account { level, .. }, SlotHolder::Account { level: kept, .. }) => prop_assert_eq!(*level, kept),
                (KeyHolder::Service { service, .. }, SlotHolder::Service { policy }) => {
                    prop_assert_eq!((service, policy), (&entry.service(), 7));
                }
                _ => prop_assert!(false, "another kind"),
            }
        }
    }
}
