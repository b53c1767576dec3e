//! Rows that leave a store for another, and rows that come from elsewhere.

use async_trait::async_trait;
use keybearer_core::account::AccountId;
use keybearer_core::authority::Refusal;
use keybearer_core::key::{LifetimeError, Limits, RevocationReason};
use keybearer_core::permission::{Permission, ServiceName};
use keybearer_core::policy::PolicyId;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Digest, KeyId, PepperVersion};

use crate::{Account, DeclaredPermission, Key, Metadata, NamedGate, Origin, Policy, StoreError, What};

/// What a service declares, and what it no longer declares but some policy still grants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceRow {
    /// Its name as it was declared.
    pub service: ServiceName,
    /// All its permissions by name.
    pub permissions: Vec<DeclaredPermission>,
}

/// An account. No `Debug`: it may hold the hash of a password.
#[derive(Clone)]
pub enum AccountRow {
    /// One that is there.
    Present {
        /// All but the password.
        account: Account,
        /// The hash in PHC form, where it is told.
        password_hash: Option<String>,
    },
    /// One that is not there any more. Its number is never given again, and its dead keys still name it.
    Deleted {
        /// Its number.
        id: AccountId,
        /// When it was made.
        created_at: UnixMillis,
        /// When it was deleted.
        deleted_at: UnixMillis,
    },
}

impl AccountRow {
    /// Its number.
    #[must_use]
    pub fn id(&self) -> AccountId {
        match self {
            Self::Present { account, .. } => account.id,
            Self::Deleted { id, .. } => *id,
        }
    }
}

/// A policy.
#[derive(Clone, Debug)]
pub enum PolicyRow {
    /// One that is there.
    Present(Policy),
    /// One that is not there any more, but that dead keys still name.
    Deleted {
        /// Its name for ever.
        id: PolicyId,
        /// The name that it had.
        name: String,
        /// When it was made.
        created_at: UnixMillis,
        /// Who made it.
        created_by: String,
        /// When it was deleted.
        deleted_at: UnixMillis,
    },
}

/// A row as a store hands it out. What a row names comes before it.
pub enum OutgoingRow {
    /// A service.
    Service(ServiceRow),
    /// An account.
    Account(AccountRow),
    /// A policy.
    Policy(PolicyRow),
    /// A gate.
    Gate(NamedGate),
    /// A key.
    Key {
        /// The key.
        key: Key,
        /// The user name of its owner, where that is an account that is there.
        owner_name: Option<String>,
    },
}

/// Whose a key from elsewhere is to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OwnerName {
    /// The account of this number, which must also have this canonical user name where one is told: two stores may give one number to two
    /// people.
    Number(AccountId, Option<String>),
    /// The account of this canonical user name.
    Username(String),
}

/// Which policy a key from elsewhere is to have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PolicyName {
    /// The one of this id.
    Id(PolicyId),
    /// The one of this canonical name.
    Name(String),
}

/// For whom a key from elsewhere is to stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IncomingHolder {
    /// A person.
    Account {
        /// Whose key it is.
        owner: OwnerName,
        /// Its level.
        level: Level,
    },
    /// A service.
    Service {
        /// Its policy.
        policy: PolicyName,
        /// The service for which it may declare permissions.
        service: Option<ServiceName>,
    },
}

/// A key from elsewhere. No `Debug`, since it holds digests.
#[derive(Clone)]
pub struct IncomingKey {
    /// Its public name.
    pub id: KeyId,
    /// The name that somebody gave it.
    pub name: String,
    /// The spelling under which names are compared.
    pub name_key: String,
    /// For whom it is to stand.
    pub holder: IncomingHolder,
    /// Since when it is revoked, if it is, and why.
    pub revoked: Option<(UnixMillis, RevocationReason)>,
    /// When it expires. Where nothing is said, as a new key of its kind.
    pub expires_at: Option<UnixMillis>,
    /// What applications keep with it.
    pub metadata: Metadata,
    /// What may be stored in place of the secret. The first is; a key that is there already may have any of them.
    pub digests: Vec<(PepperVersion, Digest)>,
    /// When it was made; where nothing is said, now.
    pub created_at: Option<UnixMillis>,
    /// Who made it; where nothing is said, whoever imports it.
    pub created_by: Option<String>,
    /// When it was last used, where that is known.
    pub last_used_at: Option<UnixMillis>,
}

/// A row from elsewhere.
#[derive(Clone)]
pub enum IncomingRow {
    /// A service.
    Service(ServiceRow),
    /// An account.
    Account(AccountRow),
    /// A policy.
    Policy(PolicyRow),
    /// A gate.
    Gate(Box<NamedGate>),
    /// A key.
    Key(Box<IncomingKey>),
}

/// What became of a row from elsewhere.
#[derive(Debug)]
pub enum Verdict {
    /// It is here now.
    Imported,
    /// It was here before, just so.
    Present,
    /// It is not here, or not so.
    Refused(RowRefusal),
}

/// Why a row from elsewhere is not taken in.
#[derive(Debug, thiserror::Error)]
pub enum RowRefusal {
    /// A rule about who may have what.
    #[error("{0}")]
    Rule(#[from] Refusal),
    /// A rule about how long a key may live.
    #[error("expires_at: its lifetime {0}")]
    Lifetime(#[from] LifetimeError),
    /// The owner has as many live keys as one may.
    #[error("its owner has {max} live keys already: revoke some, or raise the setting keys.max_per_account")]
    TooManyKeys {
        /// The limit.
        max: u32,
    },
    /// Nobody of this number or name.
    #[error("there is no such owner here: import the account before its keys, or make it")]
    UnknownOwner,
    /// The number belongs to somebody else here.
    #[error("its owner has another user name here: the number belongs to somebody else, so import into an empty data directory")]
    OtherOwner,
    /// The account of its owner was refused by this import.
    #[error("its owner's line was refused: mend that one first")]
    OwnerRefused,
    /// The owner is deleted, and the key lives.
    #[error("its owner is deleted, so only a revoked key can come with it")]
    OwnerDeleted,
    /// No such policy.
    #[error("there is no such policy here: import the policy before its keys, or make it")]
    UnknownPolicy,
    /// The policy is deleted, and the key lives.
    #[error("its policy is deleted, so only a revoked key can come with it")]
    PolicyDeleted,
    /// The key that made it is not here.
    #[error("the key that made it is not here: import that one before it")]
    UnknownMaker,
    /// A role that the table lacks.
    #[error("its role is not in the table of roles: add it by the setting `roles`")]
    UnknownRole,
    /// Permissions that are not here.
    #[error("no service here has declared {}: import the service first", join(.0))]
    UnknownPermissions(Vec<Permission>),
    /// A unique name is somebody else's.
    #[error("this {field} belongs to another {} here", .what.as_str())]
    Taken {
        /// What has the name.
        what: What,
        /// Which of its fields.
        field: &'static str,
    },
    /// A number below the last that was given.
    #[error("the number {0} was given before, to an account that is lost: numbers are never given twice, and come in ascending order")]
    NumberSpent(i64),
    /// The same id with something else behind it.
    #[error("this {what} is here already, with another {field}")]
    Differs {
        /// What it is.
        what: &'static str,
        /// The first field that differs.
        field: &'static str,
    },
    /// The key is dead here, and the row would have it alive.
    #[error("this key is revoked here, and nothing brings a key back to life")]
    RevokedHere,
    /// The key lives here, and the row has it dead.
    #[error("this key is live here, but revoked in the file: if it should be dead, revoke it by `keybearer key revoke`")]
    LiveHere,
}

fn join(permissions: &[Permission]) -> String {
    permissions.iter().map(Permission::as_str).collect::<Vec<_>>().join(", ")
}

/// Where rows from elsewhere come from, and who is told what became of them.
pub trait Incoming: Send {
    /// The next rows, each with the number by which it is told of; `None` behind the last.
    fn next(&mut self) -> Option<Vec<(u64, IncomingRow)>>;
    /// What becomes of a row, if the transaction that it is in is kept.
    fn told(&mut self, number: u64, verdict: Verdict);
    /// All rows that were told of are committed.
    fn committed(&mut self);
    /// Whether they are to be kept after all. Asked behind the last row by [`Keep::IfWanted`] alone.
    fn is_wanted(&mut self) -> bool;
}

/// How much of an import is one transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Some thousand rows: what is committed stays, whatever comes after it.
    Pieces,
    /// All rows, which are kept if [`Incoming::is_wanted`] says so in the end.
    IfWanted,
}

/// Verbs about rows from elsewhere.
#[async_trait]
pub trait Imports {
    /// Takes in rows, each by the rules for a new one of its kind and with an event of its own. What is here already is never changed, and
    /// no dead key comes alive. Other changes wait until it is done. Returns whether the rows were kept.
    async fn import(&self, origin: Origin, limits: Limits, keep: Keep, rows: Box<dyn Incoming>) -> Result<bool, StoreError>;
}
