//! One key in the image, and what else decides about it.

use std::ops::Deref;
use std::sync::Arc;

use arc_swap::{ArcSwapOption, Guard};
use keybearer_core::account::{AccountId, Standing, Status};
use keybearer_core::decision::{Holder, Record};
use keybearer_core::key::{KeyKind, Lifecycle};
use keybearer_core::permission::ServiceName;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::{Account, Policy};

use super::slot::{Slot, SlotHolder};
use super::table::Place;
use super::texts::Text;

/// All of a key that decides, as it was when it was looked up.
#[derive(Clone)]
pub struct Found {
    pub(super) slot: Slot,
    pub(super) last_used_at: Option<UnixMillis>,
    /// Where it is in its life, and there first: it may be written anew.
    pub(super) lifecycle: Lifecycle,
    /// Where it lies, if in the image.
    pub(super) place: Option<Place>,
}

impl Found {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.slot.id
    }

    /// Where it is in its life.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle
    }

    /// The kind of key.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match self.slot.holder() {
            SlotHolder::Account { .. } => KeyKind::Account,
            SlotHolder::Service { .. } => KeyKind::Service,
        }
    }

    /// When the key was last used before it was looked up.
    #[must_use]
    pub fn last_used_at(&self) -> Option<UnixMillis> {
        self.last_used_at
    }
}

/// A key as it was when it was looked up, with what answers tell of it. To copy it costs no memory.
#[derive(Clone)]
pub struct KeyEntry {
    pub(super) found: Found,
    pub(super) text: Text,
    pub(super) owner: Option<AccountId>,
    pub(super) account: Shown<Account>,
}

impl Deref for KeyEntry {
    type Target = Found;

    fn deref(&self) -> &Found {
        &self.found
    }
}

impl KeyEntry {
    /// The name that somebody gave it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.slot.name(self.text.bytes())
    }

    /// What applications keep with it, in JSON.
    #[must_use]
    pub fn metadata(&self) -> &[u8] {
        self.slot.metadata(self.text.bytes())
    }

    /// Whose key it is, if a person's.
    #[must_use]
    pub fn owner(&self) -> Option<AccountId> {
        self.owner
    }

    /// That person's account, unless deleted. It may be a moment newer than what decided.
    #[must_use]
    pub fn account(&self) -> &Shown<Account> {
        &self.account
    }

    /// The service to which it is bound, if to one.
    #[must_use]
    pub fn service(&self) -> Option<ServiceName> {
        self.slot.service(self.text.bytes())
    }
}

/// Something of the image as it was when it was looked up. Until it is looked at, it costs hardly anything.
pub struct Shown<T>(Guard<Option<Arc<T>>>);

impl<T> Clone for Shown<T> {
    fn clone(&self) -> Self {
        Self(Guard::from_inner(self.share()))
    }
}

impl<T> Shown<T> {
    pub(super) fn of(place: &ArcSwapOption<T>) -> Self {
        Self(place.load())
    }

    pub(super) fn nothing() -> Self {
        Self(Guard::from_inner(None))
    }

    /// It, unless it is deleted.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }

    /// It, to be kept.
    #[must_use]
    pub fn share(&self) -> Option<Arc<T>> {
        self.0.clone()
    }
}

/// What besides the key itself decides about it.
pub enum Facts {
    /// Of a person's key.
    Account {
        /// The level that the key was made with.
        level: Level,
        /// How its owner stands, unless deleted.
        standing: Option<Standing>,
    },
    /// Of a service's key.
    Service {
        /// Which policy it has.
        id: PolicyId,
        /// Its policy, unless deleted.
        policy: Shown<Policy>,
    },
}

impl Facts {
    /// What `decide` asks for. What is absent grants nothing.
    #[must_use]
    pub fn record(&self, lifecycle: Lifecycle) -> Record<'_> {
        let holder = match self {
            Self::Account { level, standing } => {
                let absent = Standing { level: Level::NONE, status: Status::Blocked, consent: false };
                Holder::Account { level: *level, owner: standing.unwrap_or(absent) }
            }
            Self::Service { policy, .. } => Holder::Service { permissions: granted(policy.get()) },
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

    fn entry(key: &Key) -> KeyEntry {
        let mut text = Vec::new();
        let slot = Slot::from_words(Slot::new(key, 7, 9, &mut text).to_words()).unwrap();
        let found = Found { slot, last_used_at: None, lifecycle: slot.lifecycle(|| &text), place: None };
        KeyEntry { found, text: Text::apart(&text), owner: key.holder.owner(), account: Shown::nothing() }
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
        let expiry = || prop::option::of((0i64..1 << 53).prop_map(UnixMillis));
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
                last_used_at: None,
            };
            let entry = entry(&key);
            prop_assert_eq!(entry.id(), key.id);
            prop_assert_eq!(entry.name(), &key.name);
            prop_assert_eq!(entry.lifecycle(), key.lifecycle);
            prop_assert_eq!(entry.metadata(), serde_json::to_vec(&key.metadata).unwrap());
            prop_assert_eq!(entry.slot.pepper, key.pepper);
            prop_assert!(entry.slot.imprint.matches(&key.digest.imprint()));
            prop_assert_eq!(entry.slot.text, 9);
            prop_assert_eq!((entry.kind(), entry.owner()), (key.holder.kind(), key.holder.owner()));
            match (&key.holder, entry.slot.holder()) {
                (KeyHolder::Account { level, .. }, SlotHolder::Account { level: kept, owner }) => prop_assert_eq!((*level, 7), (kept, owner)),
                (KeyHolder::Service { service, .. }, SlotHolder::Service { policy }) => {
                    prop_assert_eq!((service, policy), (&entry.service(), 7));
                }
                _ => prop_assert!(false, "another kind"),
            }
        }
    }
}
