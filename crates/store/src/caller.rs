//! Who asks, judged by rows that an engine has read behind its lock: for one change alone, or for many that run together.

use keybearer_core::account::{AccountId, Standing};
use keybearer_core::authority::{Authority, SignIn};
use keybearer_core::decision::{Evidence, Holder, Record, decide};
use keybearer_core::identity::IdentityMark;
use keybearer_core::policy::PermissionSet;
use keybearer_core::requirement::Requirement;
use keybearer_core::role::Roles;
use keybearer_core::time::UnixMillis;

use crate::{Account, Key, KeyHolder, StoreError};

/// A person who signed in here. `is_live` tells whether that session is theirs and goes on.
pub(crate) fn of_session(account: AccountId, standing: Standing, is_live: bool) -> Result<Authority, StoreError> {
    if !is_live || !standing.may_sign_in() {
        return Err(StoreError::ActorGone);
    }
    Ok(Authority::Session { account, standing, by: SignIn::Here })
}

/// A person who signed in at an application, which must still call them so.
pub(crate) fn of_identity(account: &Account, mark: IdentityMark, roles: &Roles) -> Result<Authority, StoreError> {
    let standing = account.standing(roles);
    let is_theirs = account.identity().is_some_and(|identity| identity.mark() == mark);
    if !is_theirs || !standing.may_sign_in() {
        return Err(StoreError::ActorGone);
    }
    Ok(Authority::Session { account: account.id, standing, by: SignIn::Elsewhere })
}

/// A key of either kind: `owner` is how its owner's account stands, if it has one that is there, and `granted` what its policy grants, if it
/// has one.
pub(crate) fn of_key(key: &Key, owner: Option<Standing>, granted: PermissionSet, now: UnixMillis) -> Result<Authority, StoreError> {
    let holder = match &key.holder {
        KeyHolder::Account { level, .. } => Holder::Account { level: *level, owner: owner.ok_or(StoreError::ActorGone)? },
        KeyHolder::Service { .. } => Holder::Service { permissions: &granted },
    };
    let record = Record { lifecycle: key.lifecycle, holder };
    let evidence = decide(&record, &Requirement::ANY, now).map_err(|_| StoreError::ActorGone)?.evidence();
    match (&key.holder, evidence) {
        (KeyHolder::Account { owner, .. }, Evidence::Level(level)) => Ok(Authority::AccountKey { key: key.id, owner: *owner, level }),
        (KeyHolder::Service { service, .. }, Evidence::Permissions { .. }) => {
            Ok(Authority::ServiceKey { key: key.id, service: service.clone(), permissions: granted })
        }
        _ => Err(StoreError::ActorGone),
    }
}
