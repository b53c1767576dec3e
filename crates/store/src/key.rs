//! Keys in the store.

use async_trait::async_trait;
use keybearer_core::account::AccountId;
use keybearer_core::key::{KeyKind, Lifecycle};
use keybearer_core::permission::ServiceName;
use keybearer_core::policy::PolicyId;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Digest, KeyId, PepperVersion};

use crate::{Metadata, Origin, Page, PageRequest, StoreError};

/// For whom a key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyHolder {
    /// A person.
    Account {
        /// Whose key it is.
        owner: AccountId,
        /// The level it was made with.
        level: Level,
    },
    /// A service.
    Service {
        /// Its policy.
        policy: PolicyId,
        /// The service for which it may declare permissions.
        service: Option<ServiceName>,
    },
}

impl KeyHolder {
    /// The kind of key.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Account { .. } => KeyKind::Account,
            Self::Service { .. } => KeyKind::Service,
        }
    }

    /// Whose key it is, if a person's.
    #[must_use]
    pub fn owner(&self) -> Option<AccountId> {
        match self {
            Self::Account { owner, .. } => Some(*owner),
            Self::Service { .. } => None,
        }
    }
}

/// A key without its secret. No `Debug`, since it holds the digest.
#[derive(Clone)]
pub struct Key {
    /// Its public name.
    pub id: KeyId,
    /// The name that somebody gave it.
    pub name: String,
    /// For whom it stands.
    pub holder: KeyHolder,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// What applications keep with it.
    pub metadata: Metadata,
    /// What is stored in place of the secret.
    pub digest: Digest,
    /// The pepper in the digest.
    pub pepper: PepperVersion,
    /// When it was made.
    pub created_at: UnixMillis,
    /// Who made it; see [`crate::Actor`].
    pub created_by: String,
    /// When it was last used, up to a few seconds.
    pub last_used_at: Option<UnixMillis>,
}

/// What both kinds of a new key have.
#[derive(Clone)]
pub struct NewKey {
    /// Its public name.
    pub id: KeyId,
    /// The name that somebody gave it.
    pub name: String,
    /// The spelling under which names are compared.
    pub name_key: String,
    /// What is stored in place of the secret.
    pub digest: Digest,
    /// The pepper in the digest.
    pub pepper: PepperVersion,
    /// What applications keep with it.
    pub metadata: Metadata,
}

impl NewKey {
    /// The key as it is once this origin has made it.
    pub(crate) fn made(&self, holder: KeyHolder, expires_at: Option<UnixMillis>, origin: &Origin) -> Key {
        Key {
            id: self.id,
            name: self.name.clone(),
            holder,
            lifecycle: Lifecycle::Live { expires_at },
            metadata: self.metadata.clone(),
            digest: self.digest,
            pepper: self.pepper,
            created_at: origin.now,
            created_by: origin.actor.to_string(),
            last_used_at: None,
        }
    }
}

/// A key of a person, to be made.
#[derive(Clone)]
pub struct NewAccountKey {
    /// What all keys have.
    pub key: NewKey,
    /// Whose it is to be.
    pub owner: AccountId,
    /// Its level.
    pub level: Level,
    /// When it expires.
    pub expires_at: UnixMillis,
    /// The most live keys of an account.
    pub max_per_account: u32,
}

/// A key of a service, to be made.
#[derive(Clone)]
pub struct NewServiceKey {
    /// What all keys have.
    pub key: NewKey,
    /// Its policy.
    pub policy: PolicyId,
    /// The service for which it may declare permissions.
    pub service: Option<ServiceName>,
    /// When it expires, if ever.
    pub expires_at: Option<UnixMillis>,
}

/// What to change of a service key; `None` leaves it.
#[derive(Clone, Default)]
pub struct ServiceKeyChange {
    /// Another name, and its canonical spelling.
    pub name: Option<(String, String)>,
    /// Another policy.
    pub policy: Option<PolicyId>,
    /// Other metadata.
    pub metadata: Option<Metadata>,
}

/// Which keys may end with the thing that is to end: with a policy those that have it, with a key those that it made.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub enum Cascade {
    /// None of them.
    #[default]
    Nothing,
    /// All of them.
    Everything,
    /// All of them, if there is none beside these.
    These(Vec<KeyId>),
}

impl Cascade {
    /// Whether it knows of all these keys.
    #[must_use]
    pub fn covers(&self, doomed: impl IntoIterator<Item = KeyId>) -> bool {
        match self {
            Self::Nothing => doomed.into_iter().next().is_none(),
            Self::Everything => true,
            Self::These(known) => doomed.into_iter().all(|key| known.contains(&key)),
        }
    }
}

/// In which state keys of a list are to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyStateFilter {
    /// They verify.
    Active,
    /// Their time is over.
    Expired,
    /// They were revoked.
    Revoked,
    /// Any but revoked.
    NotRevoked,
}

/// Which keys a list is to have.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// Of this kind.
    pub kind: Option<KeyKind>,
    /// Of this owner.
    pub owner: Option<AccountId>,
    /// With this policy.
    pub policy: Option<PolicyId>,
    /// In this state.
    pub state: Option<KeyStateFilter>,
    /// Whose name contains this, whatever its case.
    pub name: Option<String>,
    /// Made before.
    pub created_before: Option<UnixMillis>,
    /// That expire before.
    pub expires_before: Option<UnixMillis>,
    /// Not used at or after; never used counts.
    pub unused_since: Option<UnixMillis>,
}

/// By what a list of keys is ordered; ties by id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeySort {
    /// By time of creation (the id tells it).
    Created,
    /// By name.
    Name,
    /// By expiry; what never expires comes last.
    Expires,
    /// By last use; what was never used comes first.
    LastUsed,
}

/// A key that is not revoked, as an image shows it to somebody who may revoke it: all that this was judged by is as it was at one revision, or
/// newer. So where the counter has that revision still, it is what a look at the rows would find.
#[derive(Clone, Debug)]
pub struct Foreseen {
    /// The revision.
    pub revision: i64,
    /// The name of the key.
    pub name: String,
    /// Who has it.
    pub holder: KeyHolder,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// What applications keep with it.
    pub metadata: Metadata,
}

/// Verbs about keys.
#[async_trait]
pub trait Keys {
    /// Makes a key of a person.
    async fn issue_account_key(&self, origin: Origin, new: NewAccountKey) -> Result<Key, StoreError>;
    /// Makes a key of a service.
    async fn issue_service_key(&self, origin: Origin, new: NewServiceKey) -> Result<Key, StoreError>;
    /// Renames or re-points a key of a service. `only_service`: a key of a person counts as absent (else [`StoreError::Immutable`]).
    async fn change_service_key(&self, origin: Origin, id: KeyId, change: ServiceKeyChange, only_service: bool) -> Result<Key, StoreError>;
    /// Revokes a key, and by `descendants` all that it made, and what those made; where these are others than it knows of,
    /// [`StoreError::KeysChanged`]. Returns which were revoked. `kind`: any other counts as absent. A key may revoke
    /// itself whatever else it may do. What was `foreseen` of a key without what it made spares a look at the rows while nothing else changed;
    /// else it counts for nothing.
    async fn revoke_key(
        &self,
        origin: Origin,
        id: KeyId,
        kind: Option<KeyKind>,
        descendants: Cascade,
        foreseen: Option<Foreseen>,
    ) -> Result<Vec<KeyId>, StoreError>;
    /// One key, in whatever state.
    async fn key(&self, id: KeyId) -> Result<Key, StoreError>;
    /// All that a key made, and what those made, oldest first, but for what is revoked.
    async fn descendants(&self, id: KeyId) -> Result<Vec<Key>, StoreError>;
    /// Keys, filtered and ordered.
    async fn keys(&self, filter: KeyFilter, sort: (KeySort, bool), now: UnixMillis, page: PageRequest) -> Result<Page<Key>, StoreError>;
    /// How many keys there are, filtered.
    async fn count_keys(&self, filter: KeyFilter, now: UnixMillis) -> Result<usize, StoreError>;
    /// Notes when keys were last used. Bookkeeping: no event, no revision. What `waits` is kept so that no crash loses it, in place of what
    /// waited before, for a fraction of the cost of its rows: they have it when it is told as `used`, and from the next start on.
    async fn record_use(&self, used: Vec<(KeyId, UnixMillis)>, waits: Vec<(KeyId, UnixMillis)>) -> Result<(), StoreError>;
}
