//! Reading, changing and revoking keys.

use std::sync::Arc;

use futures_util::future::join_all;
use keybearer_core::account::AccountId;
use keybearer_core::authority::HeldBy;
use keybearer_core::key::KeyKind;
use keybearer_core::permission::OwnPermission;
use keybearer_core::policy::PolicyId;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId};
use keybearer_store::{
    Cascade, Foreseen, Key, KeyFilter, KeyHolder, KeySort, Metadata, Page, PageRequest, Policy, ServiceKeyChange, StoreError, What,
};

use super::{metadata, name, unseen_is_absent};
use crate::app::{App, RequestContext};
use crate::caller::Caller;
use crate::error::AppError;
use crate::index::{Facts, KeyEntry, granted};

/// The most keys that one call revokes.
pub const MAX_REVOKE: usize = 200;

/// One key, in whatever state, with its last use to the moment.
///
/// # Errors
/// [`AppError::NotFound`] where there is none, or none that the caller may see.
pub async fn read(app: &App, caller: &Caller, id: KeyId) -> Result<Key, AppError> {
    caller.authority.see_some_key()?;
    let key = app.store.key(id).await?;
    caller.authority.see_key(key.holder.owner()).map_err(AppError::from).map_err(unseen_is_absent(What::Key))?;
    Ok(with_last_use(app, key))
}

/// Keys. Whoever does not see all of them sees their own.
///
/// # Errors
/// [`AppError::Refused`] for whoever sees none at all.
pub async fn list(
    app: &App,
    caller: &Caller,
    mut filter: KeyFilter,
    sort: (KeySort, bool),
    page: PageRequest,
) -> Result<Page<Key>, AppError> {
    caller.authority.see_some_key()?;
    if caller.authority.manages(OwnPermission::KeysRead).is_err() {
        let own = caller.authority.account();
        if filter.owner.is_some() && filter.owner != own {
            return Ok(Page { items: Vec::new(), next: None });
        }
        filter.owner = own;
    }
    let page = app.store.keys(filter, sort, app.clock.now(), page).await?;
    Ok(Page { items: page.items.into_iter().map(|key| with_last_use(app, key)).collect(), next: page.next })
}

/// All live and expired keys of an account, newest first, for faces that have no pages.
///
/// # Errors
/// As [`list`].
pub async fn all_not_revoked(app: &App, caller: &Caller, kind: KeyKind, owner: Option<AccountId>) -> Result<Vec<Key>, AppError> {
    let filter = KeyFilter { kind: Some(kind), owner, state: Some(keybearer_store::KeyStateFilter::NotRevoked), ..KeyFilter::default() };
    every(app, caller, filter).await
}

/// All keys that end with a policy, newest first: live and expired ones.
///
/// # Errors
/// As [`list`].
pub async fn all_with_policy(app: &App, caller: &Caller, policy: PolicyId) -> Result<Vec<Key>, AppError> {
    let state = Some(keybearer_store::KeyStateFilter::NotRevoked);
    every(app, caller, KeyFilter { policy: Some(policy), state, ..KeyFilter::default() }).await
}

/// All pages of a list.
async fn every(app: &App, caller: &Caller, filter: KeyFilter) -> Result<Vec<Key>, AppError> {
    let mut keys = Vec::new();
    let mut cursor = None;
    loop {
        let page = PageRequest { cursor, limit: 1_000 };
        let page = list(app, caller, filter.clone(), (KeySort::Created, true), page).await?;
        keys.extend(page.items);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(keys),
        }
    }
}

/// How many keys of an account end when something ends them all: those that are neither revoked nor forgotten, expired ones included.
///
/// # Errors
/// [`AppError::NotFound`] where there is no such account, or none that the caller may see.
pub async fn count_of(app: &App, caller: &Caller, owner: AccountId) -> Result<usize, AppError> {
    caller.authority.see_account(owner).map_err(AppError::from).map_err(unseen_is_absent(What::Account))?;
    let filter = KeyFilter { owner: Some(owner), state: Some(keybearer_store::KeyStateFilter::NotRevoked), ..KeyFilter::default() };
    Ok(app.store.count_keys(filter, app.clock.now()).await?)
}

/// The store knows the last use up to a few seconds; the index knows it exactly.
fn with_last_use(app: &App, key: Key) -> Key {
    let noted = app.index.key(key.id).and_then(|entry| entry.last_used_at());
    Key { last_used_at: key.last_used_at.max(noted), ..key }
}

/// The policy that a service key has now: part of what whoever may see the key sees of it.
#[must_use]
pub fn policy_of(app: &App, key: &Key) -> Option<Arc<Policy>> {
    match key.holder {
        KeyHolder::Service { policy, .. } => app.index.policy(policy),
        KeyHolder::Account { .. } => None,
    }
}

/// The key that somebody came with, whole: what decides nothing is not in memory.
///
/// # Errors
/// Where the store fails.
pub async fn of_caller(app: &App, entry: &KeyEntry) -> Result<Key, AppError> {
    Ok(with_last_use(app, app.store.key(entry.id()).await?))
}

/// What to change of a service key.
#[derive(Default)]
pub struct KeyChange<'a> {
    /// Another unique name.
    pub name: Option<&'a str>,
    /// Another policy.
    pub policy: Option<PolicyId>,
    /// Other metadata.
    pub metadata: Option<Metadata>,
}

/// Renames or re-points a service key; its rights change at once. `only_service`: a person's key counts as absent, else it is immutable.
///
/// # Errors
/// [`AppError`] names the field, the rule, or what stands in the way.
pub async fn change(
    app: &App,
    request: &RequestContext,
    caller: &Caller,
    id: KeyId,
    asked: KeyChange<'_>,
    only_service: bool,
) -> Result<Key, AppError> {
    let change = ServiceKeyChange {
        name: asked.name.map(|given| name("/name", given)).transpose()?,
        policy: asked.policy,
        metadata: asked.metadata.map(|given| metadata(Some(given))).transpose()?,
    };
    let changed = app.store.change_service_key(app.origin(caller.actor, request), id, change, only_service).await;
    let key = changed.map_err(AppError::from).map_err(unseen_is_absent(What::Key))?;
    Ok(with_last_use(app, key))
}

/// All that a key made, and what those made, oldest first, but for what is revoked.
///
/// # Errors
/// [`AppError::NotFound`] where there is no such key, or the caller may not see it and all of these.
pub async fn descendants(app: &App, caller: &Caller, id: KeyId) -> Result<Vec<Key>, AppError> {
    read(app, caller, id).await?;
    let made = app.store.descendants(id).await?;
    let seen = made.iter().try_for_each(|key| caller.authority.see_key(key.holder.owner()));
    seen.map_err(AppError::from).map_err(unseen_is_absent(What::Key))?;
    Ok(made.into_iter().map(|key| with_last_use(app, key)).collect())
}

/// Revokes a key (of this kind, if one is named), by `descendants` also what it made. Returns which were revoked.
///
/// # Errors
/// [`AppError::NotFound`] where there is none that lives, or none that the caller may see; [`AppError::VersionMismatch`] where it made others
/// than `descendants` knows of.
pub async fn revoke(
    app: &App,
    request: &RequestContext,
    caller: &Caller,
    id: KeyId,
    kind: Option<KeyKind>,
    descendants: Cascade,
) -> Result<Vec<KeyId>, AppError> {
    // Also of itself: the store would let any key give itself up.
    caller.authority.write_some_key()?;
    let origin = app.origin(caller.actor, request);
    let foreseen = app.index.key(id).and_then(|entry| foreseen(app, caller, &entry, kind, origin.now));
    let revoked = app.store.revoke_key(origin, id, kind, descendants, foreseen).await;
    revoked.map_err(AppError::from).map_err(unseen_is_absent(What::Key))
}

/// What the rows would show to whoever revokes this key, if the image shows that they may. The caller was judged before the key was looked at, and
/// the revision noted before that.
fn foreseen(app: &App, caller: &Caller, entry: &KeyEntry, kind: Option<KeyKind>, now: UnixMillis) -> Option<Foreseen> {
    let facts = app.index.facts(entry);
    let (holder, held_by) = match &facts {
        Facts::Account { level, standing } => {
            let owner = entry.owner()?;
            let owner_level = standing.map_or(Level::NONE, |standing| standing.level);
            (KeyHolder::Account { owner, level: *level }, HeldBy::Account { owner, owner_level })
        }
        Facts::Service { id, policy } => {
            let permissions = granted(policy.get());
            (KeyHolder::Service { policy: *id, service: entry.service() }, HeldBy::Service { permissions })
        }
    };
    let is_foreseen = caller.is_in_time(now)
        && kind.is_none_or(|kind| kind == holder.kind())
        && !entry.lifecycle().is_revoked()
        && caller.authority.revoke_key(entry.id(), held_by).is_ok();
    let metadata = serde_json::from_slice(entry.metadata()).ok()?;
    let (name, lifecycle) = (entry.name().to_owned(), entry.lifecycle());
    is_foreseen.then_some(Foreseen { revision: caller.revision, name, holder, lifecycle, metadata })
}

/// Revokes the key that is shown, with its secret, unless it is dead already or never was. A key may so give itself up, whatever else it may do.
///
/// # Errors
/// [`AppError::Refused`] for whoever manages no keys and shows another than its own, whether it exists or not; or where the key is beyond reach.
pub async fn give_up(app: &App, request: &RequestContext, caller: &Caller, text: &str) -> Result<(), AppError> {
    let shown = Credential::parse(text).ok();
    if !shown.as_ref().is_some_and(|shown| caller.authority.is_key(shown.id)) {
        caller.authority.manages(OwnPermission::KeysWrite)?;
    }
    let Some(entry) = shown.and_then(|shown| app.index.prove(&shown, &app.peppers)) else {
        return Ok(());
    };
    let origin = app.origin(caller.actor, request);
    let foreseen = foreseen(app, caller, &entry, None, origin.now);
    match app.store.revoke_key(origin, entry.id(), None, Cascade::Nothing, foreseen).await {
        Ok(_) | Err(StoreError::NotFound(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What became of one of many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Dead from now on.
    Revoked,
    /// No such key, or one that is revoked already, or not the caller's to see.
    NotFound,
    /// Not the caller's to revoke.
    Refused,
}

/// Revokes many keys, one event each. They are asked for together, so that the store commits them together.
///
/// # Errors
/// [`AppError::Invalid`] beyond [`MAX_REVOKE`]; the first failure that is not an answer about one key.
pub async fn revoke_many(app: &App, request: &RequestContext, caller: &Caller, ids: &[KeyId]) -> Result<Vec<(KeyId, Outcome)>, AppError> {
    if ids.is_empty() || ids.len() > MAX_REVOKE {
        return Err(AppError::invalid("/ids", format!("must have 1 to {MAX_REVOKE} ids")));
    }
    caller.authority.write_some_key()?;
    let revocations = ids.iter().map(|id| app.store.revoke_key(app.origin(caller.actor, request), *id, None, Cascade::Nothing, None));
    join_all(revocations)
        .await
        .into_iter()
        .zip(ids)
        .map(|(result, id)| {
            let outcome = match result {
                Ok(_) => Outcome::Revoked,
                Err(StoreError::NotFound(_) | StoreError::Refused(keybearer_core::authority::Refusal::Hidden)) => Outcome::NotFound,
                // A key that revokes itself among others has no power over those behind it.
                Err(StoreError::Refused(_) | StoreError::ActorGone) => Outcome::Refused,
                Err(error) => return Err(error.into()),
            };
            Ok((*id, outcome))
        })
        .collect()
}
