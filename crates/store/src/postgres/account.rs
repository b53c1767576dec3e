//! Accounts on PostgreSQL.

use async_trait::async_trait;
use keybearer_core::account::{AccountId, Standing, Status, revocation};
use keybearer_core::authority::{Authority, Touched};
use keybearer_core::identity::{Identity, may_begin_with};
use keybearer_core::key::RevocationReason;
use keybearer_core::name::canonical;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use serde_json::{Value as Json, json};

use super::conditions::Conditions;
use super::connection::Transaction;
use super::failure::Failure;
use super::tx::{Recorded, Tx};
use super::value::{Value, get, key_id};
use super::{Postgres, row};
use crate::account::deleted_identity;
use crate::audit;
use crate::{
    Account, AccountChange, AccountFilter, Accounts, Actor, ChangedAccount, Login, Metadata, NewAccount, Newcomer, Origin, Page,
    PageRequest, PasswordReset, Revoked, SessionId, StoreError, Target, What,
};

#[async_trait]
impl Accounts for Postgres {
    async fn create_account(&self, origin: Origin, new: NewAccount) -> Result<Account, StoreError> {
        self.writer
            .change(origin, move |tx| {
                Box::pin(async move {
                    tx.authority().await?.create_account(tx.roles().level(&new.role))?;
                    create(tx, &new).await
                })
            })
            .await
    }

    async fn welcome(&self, origin: Origin, newcomer: Newcomer) -> Result<Account, StoreError> {
        self.writer.change(origin, move |tx| Box::pin(self::welcome(tx, newcomer))).await
    }

    async fn create_first_admin(&self, origin: Origin, new: NewAccount) -> Result<Account, StoreError> {
        self.writer
            .change(origin, move |tx| {
                Box::pin(async move {
                    tx.authority().await?.create_account(Level::ALL)?;
                    if !standings(tx, None).await?.iter().any(|standing| standing.level == Level::ALL) {
                        return create(tx, &new).await;
                    }
                    Err(StoreError::AdminExists)
                })
            })
            .await
    }

    async fn change_account(&self, origin: Origin, id: AccountId, change: AccountChange) -> Result<ChangedAccount, StoreError> {
        self.writer.change(origin, move |tx| Box::pin(alter(tx, id, change))).await
    }

    async fn reset_password(&self, origin: Origin, reset: PasswordReset) -> Result<ChangedAccount, StoreError> {
        self.writer.change(origin, move |tx| Box::pin(self::reset_password(tx, reset))).await
    }

    async fn delete_account(
        &self,
        origin: Origin,
        id: AccountId,
        proved: Option<String>,
        if_keys: Option<usize>,
    ) -> Result<Revoked, StoreError> {
        self.writer.change(origin, move |tx| Box::pin(delete(tx, id, proved, if_keys))).await
    }

    async fn revoke_account_keys(
        &self,
        origin: Origin,
        id: AccountId,
        reason: String,
        if_keys: Option<usize>,
    ) -> Result<Revoked, StoreError> {
        self.writer.change(origin, move |tx| Box::pin(revoke_keys(tx, id, reason, if_keys))).await
    }

    async fn account(&self, id: AccountId) -> Result<Account, StoreError> {
        self.readers.read(move |transaction| Box::pin(row::account(transaction, id))).await
    }

    async fn accounts(&self, filter: AccountFilter, page: PageRequest) -> Result<Page<Account>, StoreError> {
        self.readers.read(move |transaction| Box::pin(list(transaction, filter, page))).await
    }

    async fn login_by_username(&self, username_key: String) -> Result<Option<Login>, StoreError> {
        self.readers.read(move |transaction| Box::pin(login_by_username(transaction, username_key))).await
    }

    async fn login_by_id(&self, id: AccountId) -> Result<Option<Login>, StoreError> {
        self.readers.read(move |transaction| Box::pin(login_by_id(transaction, id))).await
    }

    async fn admin_exists(&self) -> Result<bool, StoreError> {
        // Asked of the writer, which alone knows the table of roles.
        let origin = Origin { actor: Actor::Operator, now: UnixMillis(0), request_id: String::new() };
        let exists = async |tx: &mut Tx| Ok(standings(tx, None).await?.iter().any(|standing| standing.level == Level::ALL));
        self.writer.change(origin, move |tx| Box::pin(exists(tx))).await
    }
}

/// How all accounts stand, but for one.
async fn standings(tx: &Tx, except: Option<AccountId>) -> Result<Vec<Standing>, StoreError> {
    let sql = "SELECT DISTINCT role, status, consent FROM accounts WHERE deleted_at IS NULL AND id IS DISTINCT FROM $1";
    let rows = tx.transaction().query(sql, &[Value::Number(except.map(|id| id.0))]).await?;
    rows.iter()
        .map(|row| {
            // A status that cannot be read counts as blocked: it is no administrator to rely on.
            let status = Status::parse(get(row, 1)?).unwrap_or(Status::Blocked);
            Ok(Standing { level: tx.roles().level(get(row, 0)?), status, consent: get(row, 2)? })
        })
        .collect()
}

async fn welcome(tx: &mut Tx, newcomer: Newcomer) -> Result<Account, StoreError> {
    let Newcomer { identity, usernames, role } = newcomer;
    let find = "SELECT id FROM accounts WHERE issuer = $1 AND external_id = $2";
    if let Some(known) = tx.transaction().find(find, &[(&identity.issuer).into(), (&identity.external_id).into()]).await? {
        return row::account(tx.transaction(), AccountId(get(&known, 0)?)).await;
    }
    let gone = "SELECT 1 FROM accounts WHERE issuer = $1 AND external_id IS NULL";
    if tx.transaction().find(gone, &[(&deleted_identity(Some(&identity))).into()]).await?.is_some() {
        return Err(StoreError::IdentityDeleted);
    }
    may_begin_with(tx.roles().level(&role))?;
    let Identity { issuer, external_id } = identity;
    let mut taken = StoreError::Taken { what: What::Account, field: "username" };
    for username in usernames {
        let username_key = username.canonical();
        match require_free_username(tx.transaction(), &username_key).await {
            Ok(()) => {
                let (external_id, issuer) = (Some(external_id), Some(issuer));
                let (username, metadata) = (username.as_str().to_owned(), Metadata::new());
                let new = NewAccount { username, username_key, password_hash: None, role, email: None, external_id, issuer, metadata };
                return create(tx, &new).await;
            }
            Err(error @ StoreError::Taken { .. }) => taken = error,
            Err(error) => return Err(error),
        }
    }
    Err(taken)
}

async fn create(tx: &mut Tx, new: &NewAccount) -> Result<Account, StoreError> {
    require_free_username(tx.transaction(), &new.username_key).await?;
    let number =
        tx.transaction().one("UPDATE counter SET last_account = last_account + 1 WHERE id = 1 RETURNING last_account", &[]).await?;
    let id = AccountId(get(&number, 0)?);
    let metadata = Json::Object(new.metadata.clone()).to_string();
    tx.transaction()
        .execute(
            "INSERT INTO accounts (id, username, username_key, email, external_id, metadata, password_hash, role, status, consent, created_at,
             issuer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'active', TRUE, $9, coalesce($10, ''))",
            &[
                id.into(),
                (&new.username).into(),
                (&new.username_key).into(),
                (&new.email).into(),
                (&new.external_id).into(),
                (&metadata).into(),
                (&new.password_hash).into(),
                (&new.role).into(),
                tx.now().into(),
                (&new.issuer).into(),
            ],
        )
        .await
        .map_err(external_id_taken)?;
    let account = row::account(tx.transaction(), id).await?;
    tx.record(Recorded {
        action: "account.created",
        target: Target::Account(account.id),
        touched: Vec::new(),
        before: None,
        after: Some(audit::account(&account)),
    })
    .await?;
    Ok(account)
}

async fn require_free_username(transaction: &Transaction, username_key: &str) -> Result<(), StoreError> {
    match transaction.find("SELECT 1 FROM accounts WHERE username_key = $1", &[username_key.into()]).await? {
        Some(_) => Err(StoreError::Taken { what: What::Account, field: "username" }),
        None => Ok(()),
    }
}

/// The username was looked up before, so the only unique column left is the external id.
fn external_id_taken(failure: Failure) -> StoreError {
    if failure.is_taken() { StoreError::Taken { what: What::Account, field: "external_id" } } else { failure.into() }
}

/// The account, if whoever asks may know of it; else the refusal that a stranger gets.
async fn find(tx: &Tx, id: AccountId, authority: &Authority) -> Result<Account, StoreError> {
    match row::account(tx.transaction(), id).await {
        Err(StoreError::NotFound(What::Account)) => {
            authority.miss_account()?;
            Err(StoreError::NotFound(What::Account))
        }
        account => account,
    }
}

async fn alter(tx: &mut Tx, id: AccountId, change: AccountChange) -> Result<ChangedAccount, StoreError> {
    let authority = tx.authority().await?;
    let before = find(tx, id, &authority).await?;
    let external_id = change.external_id.clone().unwrap_or_else(|| before.external_id.clone());
    let after = Account {
        role: change.role.clone().unwrap_or_else(|| before.role.clone()),
        status: change.status.unwrap_or(before.status),
        consent: change.consent.unwrap_or(before.consent),
        email: change.email.clone().unwrap_or_else(|| before.email.clone()),
        issuer: change.issuer.clone().unwrap_or_else(|| before.issuer.clone()).filter(|_| external_id.is_some()),
        external_id,
        metadata: change.metadata.clone().unwrap_or_else(|| before.metadata.clone()),
        has_password: before.has_password || change.password_hash.is_some(),
        ..before.clone()
    };
    let touched = Touched {
        role: change.role.is_some(),
        status: change.status.is_some(),
        consent: change.consent.is_some(),
        password: change.password_hash.is_some(),
        email: change.email.is_some(),
        external: change.external_id.is_some() || change.issuer.is_some() || change.metadata.is_some(),
    };
    let (stood, stands) = (before.standing(tx.roles()), after.standing(tx.roles()));
    if authority.change_account(id, &stood, &stands, touched)?.of_account(before.has_password)? {
        require_proof(tx.transaction(), id, change.proved.as_ref()).await?;
    }
    if stood.is_active_admin() && !stands.is_active_admin() {
        require_another_admin(tx, id).await?;
    }
    if before == after && change.password_hash.is_none() {
        require_foreseen(&Revoked::default(), change.if_keys)?;
        return Ok(ChangedAccount { account: after, revoked: Revoked::default(), live_keys: None });
    }
    let metadata = Json::Object(after.metadata.clone()).to_string();
    tx.transaction()
        .execute(
            "UPDATE accounts SET role = $2, status = $3, consent = $4, email = $5, external_id = $6, metadata = $7,
             password_hash = coalesce($8, password_hash), issuer = coalesce($9, '') WHERE id = $1",
            &[
                id.into(),
                (&after.role).into(),
                after.status.as_str().into(),
                after.consent.into(),
                (&after.email).into(),
                (&after.external_id).into(),
                (&metadata).into(),
                (&change.password_hash).into(),
                (&after.issuer).into(),
            ],
        )
        .await
        .map_err(external_id_taken)?;
    let (keys, sessions) = match revocation(&stood, &stands) {
        Some(reason) => tx.end_all_of(id, reason).await?,
        None if touched.password => (Vec::new(), tx.end_sessions_of(id, own_session(tx.actor(), id)).await?),
        None => (Vec::new(), Vec::new()),
    };
    let live_keys = if touched.password { Some(live_keys_made_by(tx, id).await?) } else { None };
    let revoked = Revoked { keys: keys.len(), sessions: sessions.len() };
    require_foreseen(&revoked, change.if_keys)?;
    let mut told = audit::account(&after);
    if touched.password {
        told["password"] = json!("changed");
    }
    tx.record(Recorded {
        action: "account.changed",
        target: Target::Account(id),
        touched: ended(keys, sessions),
        before: Some(audit::account(&before)),
        after: Some(told),
    })
    .await?;
    Ok(ChangedAccount { account: after, revoked, live_keys })
}

async fn reset_password(tx: &mut Tx, reset: PasswordReset) -> Result<ChangedAccount, StoreError> {
    tx.authority().await?.at_least(Level::ALL)?;
    let id = reset.replaced.account;
    let now = login_by_id(tx.transaction(), id).await?.ok_or(StoreError::NotFound(What::Account))?;
    if now.password_hash != reset.replaced.password_hash {
        return Err(StoreError::LinkUsed);
    }
    alter(tx, id, AccountChange { password_hash: Some(reset.password_hash), ..AccountChange::default() }).await
}

/// The session with which a holder changes their own account: it outlives a change of password.
fn own_session(actor: &Actor, id: AccountId) -> Option<SessionId> {
    match actor {
        Actor::Session { account, session } if *account == id => Some(*session),
        Actor::Session { .. } | Actor::Identity { .. } | Actor::Issuer | Actor::Operator | Actor::Key(_) => None,
    }
}

fn ended(keys: Vec<KeyId>, sessions: Vec<SessionId>) -> Vec<Target> {
    keys.into_iter().map(Target::Key).chain(sessions.into_iter().map(Target::Session)).collect()
}

/// As many keys ended as the caller knew of. Else the transaction is taken back.
fn require_foreseen(revoked: &Revoked, if_keys: Option<usize>) -> Result<(), StoreError> {
    if if_keys.is_none_or(|known| known == revoked.keys) { Ok(()) } else { Err(StoreError::KeysChanged) }
}

/// The current password must have been checked against the hash that is stored now.
async fn require_proof(transaction: &Transaction, id: AccountId, proved: Option<&String>) -> Result<(), StoreError> {
    match login_by_id(transaction, id).await?.and_then(|login| login.password_hash) {
        Some(stored) if Some(&stored) != proved => Err(StoreError::PasswordNotProved),
        _ => Ok(()),
    }
}

async fn require_another_admin(tx: &Tx, id: AccountId) -> Result<(), StoreError> {
    if standings(tx, Some(id)).await?.iter().any(Standing::is_active_admin) { Ok(()) } else { Err(StoreError::LastAdmin) }
}

/// Live keys of the account, and those that it made for others, by session or by a key of its own: an intruder who knew the password may
/// have made them.
async fn live_keys_made_by(tx: &Tx, id: AccountId) -> Result<Vec<KeyId>, StoreError> {
    let maker = Target::Account(id).to_string();
    let keys = tx
        .transaction()
        .query(
            &format!(
                "WITH RECURSIVE made (id) AS (
                     SELECT id FROM keys WHERE owner = $1 OR created_by = $2
                     UNION SELECT keys.id FROM keys JOIN made ON keys.created_by_key = made.id)
                 SELECT id FROM keys WHERE id IN (SELECT id FROM made)
                 AND {} AND (expires_at IS NULL OR expires_at > $3) ORDER BY id",
                row::IS_LIVE
            ),
            &[id.into(), (&maker).into(), tx.now().into()],
        )
        .await?;
    keys.iter().map(|row| key_id(row, 0)).collect()
}

async fn delete(tx: &mut Tx, id: AccountId, proved: Option<String>, if_keys: Option<usize>) -> Result<Revoked, StoreError> {
    let authority = tx.authority().await?;
    let account = find(tx, id, &authority).await?;
    let standing = account.standing(tx.roles());
    if authority.delete_account(id, &standing)?.of_account(account.has_password)? {
        require_proof(tx.transaction(), id, proved.as_ref()).await?;
    }
    if standing.is_active_admin() {
        require_another_admin(tx, id).await?;
    }
    let (keys, sessions) = tx.end_all_of(id, RevocationReason::AccountDeleted).await?;
    tx.transaction()
        .execute(
            "UPDATE accounts SET deleted_at = $2, username = NULL, username_key = NULL, email = NULL, external_id = NULL,
             password_hash = NULL, metadata = '{}', issuer = $3 WHERE id = $1",
            &[id.into(), tx.now().into(), (&deleted_identity(account.identity().as_ref())).into()],
        )
        .await?;
    let revoked = Revoked { keys: keys.len(), sessions: sessions.len() };
    require_foreseen(&revoked, if_keys)?;
    tx.record(Recorded {
        action: "account.deleted",
        target: Target::Account(id),
        touched: ended(keys, sessions),
        before: Some(audit::account(&account)),
        after: None,
    })
    .await?;
    Ok(revoked)
}

async fn revoke_keys(tx: &mut Tx, id: AccountId, reason: String, if_keys: Option<usize>) -> Result<Revoked, StoreError> {
    tx.authority().await?.at_least(Level::ALL)?;
    row::account(tx.transaction(), id).await?;
    let (keys, sessions) = tx.end_all_of(id, RevocationReason::ExcessiveUse).await?;
    let revoked = Revoked { keys: keys.len(), sessions: sessions.len() };
    require_foreseen(&revoked, if_keys)?;
    tx.record(Recorded {
        action: "account.keys_revoked",
        target: Target::Account(id),
        touched: ended(keys, sessions),
        before: None,
        after: Some(json!({"reason": reason, "revoked_keys": revoked.keys, "ended_sessions": revoked.sessions})),
    })
    .await?;
    Ok(revoked)
}

/// As [`Accounts::login_by_username`].
pub(super) async fn login_by_username(transaction: &Transaction, username_key: String) -> Result<Option<Login>, StoreError> {
    let mut conditions = Conditions::default();
    conditions.and("username_key = ?", Some(username_key.as_str()));
    login(transaction, conditions).await
}

async fn login_by_id(transaction: &Transaction, id: AccountId) -> Result<Option<Login>, StoreError> {
    let mut conditions = Conditions::default();
    conditions.and("id = ?", Some(id));
    login(transaction, conditions).await
}

async fn login(transaction: &Transaction, conditions: Conditions<'_>) -> Result<Option<Login>, StoreError> {
    let sql = format!("SELECT id, password_hash FROM accounts WHERE deleted_at IS NULL AND {}", conditions.sql());
    let found = transaction.find(&sql, conditions.values()).await?;
    found.map(|row| Ok(Login { account: AccountId(get(&row, 0)?), password_hash: get(&row, 1)? })).transpose()
}

async fn list(transaction: &Transaction, filter: AccountFilter, page: PageRequest) -> Result<Page<Account>, StoreError> {
    let after: i64 = match &page.cursor {
        Some(cursor) => cursor.parse().map_err(|_| StoreError::BadCursor)?,
        None => 0,
    };
    let (named, part) = (filter.named.as_deref().map(canonical), filter.username.as_deref().map(canonical));
    let mut conditions = Conditions::default();
    conditions.and("id > ?", Some(after));
    conditions.and("username_key = ?", named.as_deref());
    conditions.and("strpos(username_key, ?) > 0", part.as_deref());
    conditions.and("role = ?", filter.role.as_deref());
    conditions.and("status = ?", filter.status.map(Status::as_str));
    conditions.and("issuer = ?", filter.issuer.as_deref());
    conditions.and("external_id = ?", filter.external_id.as_deref());
    let sql = format!(
        "SELECT {} FROM accounts WHERE deleted_at IS NULL AND {} ORDER BY id LIMIT {}",
        row::ACCOUNT,
        conditions.sql(),
        i64::from(page.limit) + 1
    );
    let rows = transaction.query(&sql, conditions.values()).await?;
    let mut items = rows.iter().map(row::to_account).collect::<Result<Vec<_>, _>>()?;
    let next = crate::page_end(&mut items, page.limit).map(|last| last.id.0.to_string());
    Ok(Page { items, next })
}
