//! What decides about new keys, read for many of them at once.

use std::collections::{BTreeMap, BTreeSet};

use keybearer_core::account::{AccountId, Standing};
use keybearer_core::authority::Authority;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::role::Roles;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use tokio_postgres::Row;
use uuid::Uuid;

use super::super::connection::Transaction;
use super::super::row;
use super::super::value::{Value, get, key_id, moment, policy_id, session_id, unreadable};
use super::{Asked, Wanted};
use crate::{Account, Actor, Key, Origin, SessionId, StoreError, caller};

/// The rows that all of these creations ask for. None of them is written by a creation, so they are the same for the first and for the last.
pub(super) struct Facts<'a> {
    roles: &'a Roles,
    /// The accounts of callers and owners that are not deleted.
    accounts: BTreeMap<AccountId, Account>,
    /// Whose a caller's session is, and when it ends.
    sessions: BTreeMap<SessionId, (AccountId, UnixMillis)>,
    /// The keys that ask, each with what its policy grants.
    makers: BTreeMap<KeyId, (Key, PermissionSet)>,
    policies: BTreeMap<PolicyId, PermissionSet>,
    /// How many live keys an account has at a moment.
    live: BTreeMap<(AccountId, UnixMillis), u32>,
}

impl<'a> Facts<'a> {
    /// Reads them in one journey.
    pub(super) async fn read(transaction: &Transaction, roles: &'a Roles, all: &[Asked]) -> Result<Self, StoreError> {
        let (mut accounts, mut sessions, mut makers) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let (mut policies, mut live) = (BTreeSet::new(), BTreeSet::new());
        for Asked { origin, wanted } in all {
            match origin.actor {
                Actor::Operator | Actor::Issuer => {}
                Actor::Session { account, session } => {
                    accounts.insert(account.0);
                    sessions.insert(session.0);
                }
                Actor::Identity { account, .. } => drop(accounts.insert(account.0)),
                Actor::Key(id) => drop(makers.insert(Uuid::from_bytes(*id.as_bytes()))),
            }
            match wanted {
                Wanted::OfAccount(new) => {
                    accounts.insert(new.owner.0);
                    live.insert((new.owner.0, origin.now.0));
                }
                Wanted::OfService(new) => drop(policies.insert(new.policy.0)),
            }
        }
        let (people, makers, policies, live) = tokio::join!(
            people(transaction, accounts, sessions, &makers),
            made_keys(transaction, &makers),
            granted(transaction, policies),
            counted(transaction, live),
        );
        let (accounts, sessions) = people?;
        Ok(Self { roles, accounts, sessions, makers: makers?, policies: policies?, live: live? })
    }

    /// What whoever asks may do.
    pub(super) fn authority(&self, origin: &Origin) -> Result<Authority, StoreError> {
        match origin.actor {
            Actor::Operator => Ok(Authority::Operator),
            Actor::Session { account, session } => {
                let standing = self.standing(account).ok_or(StoreError::ActorGone)?;
                let session = self.sessions.get(&session);
                caller::of_session(account, standing, session.is_some_and(|(holder, end)| *holder == account && *end > origin.now))
            }
            Actor::Identity { account, mark } => {
                caller::of_identity(self.accounts.get(&account).ok_or(StoreError::ActorGone)?, mark, self.roles)
            }
            // Nobody yet: who is welcomed asks for nothing else.
            Actor::Issuer => Err(StoreError::ActorGone),
            Actor::Key(id) => {
                let (key, granted) = self.makers.get(&id).ok_or(StoreError::ActorGone)?;
                let owner = key.holder.owner().and_then(|owner| self.standing(owner));
                caller::of_key(key, owner, granted.clone(), origin.now)
            }
        }
    }

    /// How an account stands, unless it is absent or deleted.
    pub(super) fn standing(&self, id: AccountId) -> Option<Standing> {
        self.accounts.get(&id).map(|account| account.standing(self.roles))
    }

    /// What a policy grants that is to be given to a key.
    pub(super) fn policy(&self, id: PolicyId) -> Result<&PermissionSet, StoreError> {
        self.policies.get(&id).ok_or(StoreError::UnknownPolicy)
    }

    /// How many live keys an account has at a moment, before any of these creations.
    pub(super) fn live(&self, owner: AccountId, now: UnixMillis) -> u32 {
        self.live.get(&(owner, now)).copied().unwrap_or(0)
    }
}

type People = (BTreeMap<AccountId, Account>, BTreeMap<SessionId, (AccountId, UnixMillis)>);

/// Accounts, those of the keys that ask among them, and sessions of theirs.
async fn people(
    transaction: &Transaction,
    accounts: BTreeSet<i64>,
    sessions: BTreeSet<Uuid>,
    makers: &BTreeSet<Uuid>,
) -> Result<People, StoreError> {
    let mut people = People::default();
    if accounts.is_empty() && makers.is_empty() {
        return Ok(people);
    }
    let sql = format!(
        "SELECT {}, session, session_end FROM accounts
         LEFT JOIN (SELECT id AS session, account AS holder, expires_at AS session_end FROM sessions WHERE id = ANY($2)) AS asking
         ON holder = id
         WHERE id = ANY($1 || ARRAY(SELECT owner FROM keys WHERE keys.id = ANY($3))) AND deleted_at IS NULL",
        row::ACCOUNT
    );
    let values = [
        Value::Numbers(accounts.into_iter().collect()),
        Value::Ids(sessions.into_iter().collect()),
        Value::Ids(makers.iter().copied().collect()),
    ];
    for found in &transaction.query(&sql, &values).await? {
        let account = row::to_account(found)?;
        if get::<Option<Uuid>>(found, row::AFTER_ACCOUNT)?.is_some() {
            people.1.insert(session_id(found, row::AFTER_ACCOUNT)?, (account.id, moment(found, row::AFTER_ACCOUNT + 1)?));
        }
        people.0.insert(account.id, account);
    }
    Ok(people)
}

fn permissions(row: &Row, column: usize) -> Result<PermissionSet, StoreError> {
    get::<Vec<&str>>(row, column)?.into_iter().map(|permission| permission.parse().map_err(unreadable)).collect()
}

async fn made_keys(transaction: &Transaction, ids: &BTreeSet<Uuid>) -> Result<BTreeMap<KeyId, (Key, PermissionSet)>, StoreError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let granted = "ARRAY(SELECT permission FROM policy_permissions WHERE policy_permissions.policy = keys.policy)";
    let sql = format!("SELECT {}, {granted} FROM keys WHERE id = ANY($1)", row::KEY);
    let found = transaction.query(&sql, &[Value::Ids(ids.iter().copied().collect())]).await?;
    found.iter().map(|row| Ok((key_id(row, 0)?, (row::to_key(row)?, permissions(row, row::AFTER_KEY)?)))).collect()
}

/// Policies that are not deleted. Their keys are not counted for that: there may be very many.
async fn granted(transaction: &Transaction, ids: BTreeSet<Uuid>) -> Result<BTreeMap<PolicyId, PermissionSet>, StoreError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = "SELECT id, ARRAY(SELECT permission FROM policy_permissions WHERE policy = policies.id) FROM policies
               WHERE id = ANY($1) AND deleted_at IS NULL";
    let found = transaction.query(sql, &[Value::Ids(ids.into_iter().collect())]).await?;
    found.iter().map(|row| Ok((policy_id(row, 0)?, permissions(row, 1)?))).collect()
}

async fn counted(transaction: &Transaction, asked: BTreeSet<(i64, i64)>) -> Result<BTreeMap<(AccountId, UnixMillis), u32>, StoreError> {
    if asked.is_empty() {
        return Ok(BTreeMap::new());
    }
    const SQL: &str = concat!(
        "SELECT account, at_moment, ",
        row::live_keys!("account", "at_moment"),
        " FROM unnest($1, $2) AS asked (account, at_moment)"
    );
    let (owners, moments) = asked.into_iter().unzip();
    let found = transaction.query(SQL, &[Value::Numbers(owners), Value::Numbers(moments)]).await?;
    let counted = |row| Ok(((AccountId(get(row, 0)?), moment(row, 1)?), get::<i64>(row, 2)?.try_into().map_err(unreadable)?));
    found.iter().map(counted).collect()
}
