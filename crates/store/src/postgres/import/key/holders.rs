//! Accounts and policies as an import knows them, so that it does not read them again for each of their keys.

use std::collections::HashMap;

use keybearer_core::account::{AccountId, Standing};
use keybearer_core::authority::Authority;
use keybearer_core::key::Limits;
use keybearer_core::name::canonical;
use keybearer_core::policy::{PermissionSet, PolicyId};

use super::super::super::tx::Tx;
use super::super::super::value::{get, policy_id};
use super::super::super::{export, key, row};
use super::super::Stop;
use crate::{AccountRow, KeyHolder, OwnerName, PolicyName, RowRefusal};

/// How many of each are known at most, so that memory does not grow with the import.
const MOST: usize = 100_000;

/// What is known of accounts and policies.
pub(in super::super) struct Holders {
    pub(super) limits: Limits,
    owners: HashMap<AccountId, Owner>,
    usernames: HashMap<String, AccountId>,
    /// Without permissions where it is deleted.
    policies: HashMap<PolicyId, Option<PermissionSet>>,
    policy_names: HashMap<String, PolicyId>,
}

enum Owner {
    Deleted,
    Present {
        username_key: String,
        standing: Standing,
        /// How many live keys it has, once somebody has counted them.
        live: Option<u32>,
    },
}

impl Holders {
    pub(in super::super) fn new(limits: Limits) -> Self {
        let (owners, usernames, policies, policy_names) = Default::default();
        Self { limits, owners, usernames, policies, policy_names }
    }

    /// What is known may be so no longer.
    pub(in super::super) fn forget(&mut self) {
        *self = Self::new(self.limits);
    }

    fn make_room(&mut self) {
        if [self.owners.len(), self.usernames.len(), self.policies.len(), self.policy_names.len()].into_iter().any(|known| known >= MOST) {
            self.forget();
        }
    }

    /// The account that is named so.
    pub(super) async fn owner(&mut self, tx: &Tx, name: &OwnerName) -> Result<AccountId, Stop> {
        let (id, asked) = match name {
            OwnerName::Number(id, username_key) => (*id, username_key.as_ref()),
            OwnerName::Username(username_key) => (self.by_username(tx, username_key).await?, None),
        };
        if !self.owners.contains_key(&id) {
            self.make_room();
            let owner = match export::account(tx.transaction(), id).await?.ok_or(RowRefusal::UnknownOwner)? {
                AccountRow::Deleted { .. } => Owner::Deleted,
                AccountRow::Present { account, .. } => {
                    Owner::Present { username_key: canonical(&account.username), standing: account.standing(tx.roles()), live: None }
                }
            };
            self.owners.insert(id, owner);
        }
        match (&self.owners[&id], asked) {
            (Owner::Present { username_key, .. }, Some(asked)) if username_key != asked => Err(RowRefusal::OtherOwner.into()),
            (Owner::Deleted, Some(_)) => Err(RowRefusal::OtherOwner.into()),
            _ => Ok(id),
        }
    }

    async fn by_username(&mut self, tx: &Tx, username_key: &str) -> Result<AccountId, Stop> {
        if let Some(id) = self.usernames.get(username_key) {
            return Ok(*id);
        }
        let found = tx.transaction().find("SELECT id FROM accounts WHERE username_key = $1", &[username_key.into()]).await?;
        let id = AccountId(get(&found.ok_or(RowRefusal::UnknownOwner)?, 0)?);
        self.make_room();
        self.usernames.insert(username_key.to_owned(), id);
        Ok(id)
    }

    /// The policy that is named so.
    pub(super) async fn policy(&mut self, tx: &Tx, name: &PolicyName) -> Result<PolicyId, Stop> {
        let id = match name {
            PolicyName::Id(id) => *id,
            PolicyName::Name(name_key) => self.by_policy_name(tx, name_key).await?,
        };
        if !self.policies.contains_key(&id) {
            let found = tx.transaction().find("SELECT deleted_at IS NOT NULL FROM policies WHERE id = $1", &[id.into()]).await?;
            let permissions = match get(&found.ok_or(RowRefusal::UnknownPolicy)?, 0)? {
                true => None,
                false => Some(row::policy_permissions(tx.transaction(), id).await?),
            };
            self.make_room();
            self.policies.insert(id, permissions);
        }
        Ok(id)
    }

    async fn by_policy_name(&mut self, tx: &Tx, name_key: &str) -> Result<PolicyId, Stop> {
        if let Some(id) = self.policy_names.get(name_key) {
            return Ok(*id);
        }
        let sql = "SELECT id FROM policies WHERE name_key = $1 AND deleted_at IS NULL";
        let found = tx.transaction().find(sql, &[name_key.into()]).await?;
        let id = policy_id(&found.ok_or(RowRefusal::UnknownPolicy)?, 0)?;
        self.make_room();
        self.policy_names.insert(name_key.to_owned(), id);
        Ok(id)
    }

    /// Whether such a key, not revoked, may be. An active one must also find room among those of its owner.
    pub(super) async fn admit(&mut self, tx: &Tx, authority: &Authority, holder: &KeyHolder, is_active: bool) -> Result<(), Stop> {
        match holder {
            KeyHolder::Service { policy, service } => match self.policies.get(policy) {
                Some(Some(permissions)) => Ok(authority.issue_service_key(permissions, service.as_ref())?),
                Some(None) => Err(RowRefusal::PolicyDeleted.into()),
                None => Err(RowRefusal::UnknownPolicy.into()),
            },
            KeyHolder::Account { owner, level } => match self.owners.get_mut(owner) {
                None => Err(RowRefusal::UnknownOwner.into()),
                Some(Owner::Deleted) => Err(RowRefusal::OwnerDeleted.into()),
                Some(Owner::Present { standing, live, .. }) => {
                    authority.issue_account_key(*owner, standing, *level)?;
                    let counted = match *live {
                        Some(counted) => counted,
                        None => *live.insert(key::count_live(tx, *owner).await?),
                    };
                    match self.limits.max_per_account {
                        max if is_active && counted >= max => Err(RowRefusal::TooManyKeys { max }.into()),
                        _ => Ok(()),
                    }
                }
            },
        }
    }

    /// This account has one more live key.
    pub(super) fn count(&mut self, owner: AccountId) {
        if let Some(Owner::Present { live: Some(live), .. }) = self.owners.get_mut(&owner) {
            *live += 1;
        }
    }
}
