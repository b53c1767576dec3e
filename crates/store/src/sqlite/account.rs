//! Accounts on SQLite.

use std::path::Path;

use async_trait::async_trait;
use keybearer_core::account::{AccountId, Standing, Status, revocation};
use keybearer_core::authority::{Authority, Touched};
use keybearer_core::identity::{Identity, may_begin_with};
use keybearer_core::key::RevocationReason;
use keybearer_core::role::Level;
use keybearer_core::token::KeyId;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use serde_json::{Value, json};

use super::backup::connect_read_only;
use super::tx::{Recorded, Tx, is_taken};
use super::{Sqlite, migrate, row};
use crate::account::deleted_identity;
use crate::audit;
use crate::{
    Account, AccountChange, AccountFilter, Accounts, Actor, ChangedAccount, Login, Metadata, NewAccount, Newcomer, Origin, Page,
    PageRequest, PasswordReset, Revoked, SessionId, StoreError, Target, What,
};

#[async_trait]
impl Accounts for Sqlite {
    async fn create_account(&self, origin: Origin, new: NewAccount) -> Result<Account, StoreError> {
        self.writer
            .change(origin, move |tx| {
                tx.authority()?.create_account(tx.roles().level(&new.role))?;
                create(tx, &new)
            })
            .await
    }

    async fn welcome(&self, origin: Origin, newcomer: Newcomer) -> Result<Account, StoreError> {
        self.writer.change(origin, move |tx| self::welcome(tx, newcomer.clone())).await
    }

    async fn create_first_admin(&self, origin: Origin, new: NewAccount) -> Result<Account, StoreError> {
        self.writer
            .change(origin, move |tx| {
                tx.authority()?.create_account(Level::ALL)?;
                if !standings(tx, None)?.iter().any(|standing| standing.level == Level::ALL) {
                    return create(tx, &new);
                }
                Err(StoreError::AdminExists)
            })
            .await
    }

    async fn change_account(&self, origin: Origin, id: AccountId, change: AccountChange) -> Result<ChangedAccount, StoreError> {
        self.writer.change(origin, move |tx| alter(tx, id, change.clone())).await
    }

    async fn reset_password(&self, origin: Origin, reset: PasswordReset) -> Result<ChangedAccount, StoreError> {
        self.writer.change(origin, move |tx| self::reset_password(tx, reset.clone())).await
    }

    async fn delete_account(
        &self,
        origin: Origin,
        id: AccountId,
        proved: Option<String>,
        if_keys: Option<usize>,
    ) -> Result<Revoked, StoreError> {
        self.writer.change(origin, move |tx| delete(tx, id, proved.as_ref(), if_keys)).await
    }

    async fn revoke_account_keys(
        &self,
        origin: Origin,
        id: AccountId,
        reason: String,
        if_keys: Option<usize>,
    ) -> Result<Revoked, StoreError> {
        self.writer.change(origin, move |tx| revoke_keys(tx, id, &reason, if_keys)).await
    }

    async fn account(&self, id: AccountId) -> Result<Account, StoreError> {
        self.readers.read(move |connection| row::account(connection, id)).await
    }

    async fn accounts(&self, filter: AccountFilter, page: PageRequest) -> Result<Page<Account>, StoreError> {
        self.readers.read(move |connection| list(connection, &filter, &page)).await
    }

    async fn login_by_username(&self, username_key: String) -> Result<Option<Login>, StoreError> {
        self.readers.read(move |connection| login(connection, "username_key = ?1", Sql::Text(username_key))).await
    }

    async fn login_by_id(&self, id: AccountId) -> Result<Option<Login>, StoreError> {
        self.readers.read(move |connection| login(connection, "id = ?1", Sql::Integer(id.0))).await
    }

    async fn admin_exists(&self) -> Result<bool, StoreError> {
        // Asked of the writer, which alone knows the table of roles.
        let origin = Origin { actor: Actor::Operator, now: keybearer_core::time::UnixMillis(0), request_id: String::new() };
        self.writer.change(origin, |tx| Ok(standings(tx, None)?.iter().any(|standing| standing.level == Level::ALL))).await
    }
}

/// How all accounts stand, but for one.
fn standings(tx: &Tx<'_>, except: Option<AccountId>) -> Result<Vec<Standing>, StoreError> {
    let standings = tx
        .connection()
        .prepare_cached("SELECT DISTINCT role, status, consent FROM accounts WHERE deleted_at IS NULL AND id IS NOT ?1")?
        .query_map([except.map(|id| id.0)], |row| {
            let (role, status): (String, String) = (row.get(0)?, row.get(1)?);
            // A status that cannot be read counts as blocked: it is no administrator to rely on.
            let status = Status::parse(&status).unwrap_or(Status::Blocked);
            Ok(Standing { level: tx.roles().level(&role), status, consent: row.get(2)? })
        })?
        .collect::<Result<_, _>>()?;
    Ok(standings)
}

fn welcome(tx: &mut Tx<'_>, newcomer: Newcomer) -> Result<Account, StoreError> {
    let Newcomer { identity, usernames, role } = newcomer;
    let find = "SELECT id FROM accounts WHERE issuer = ?1 AND external_id = ?2";
    let known: Option<i64> =
        tx.connection().prepare_cached(find)?.query_row((&identity.issuer, &identity.external_id), |row| row.get(0)).optional()?;
    if let Some(id) = known {
        return row::account(tx.connection(), AccountId(id));
    }
    let gone = "SELECT 1 FROM accounts WHERE issuer = ?1 AND external_id IS NULL";
    if tx.connection().prepare_cached(gone)?.exists([deleted_identity(Some(&identity))])? {
        return Err(StoreError::IdentityDeleted);
    }
    may_begin_with(tx.roles().level(&role))?;
    let Identity { issuer, external_id } = identity;
    let mut taken = StoreError::Taken { what: What::Account, field: "username" };
    for username in usernames {
        let username_key = username.canonical();
        match require_free_username(tx.connection(), &username_key) {
            Ok(()) => {
                let (external_id, issuer) = (Some(external_id), Some(issuer));
                let (username, metadata) = (username.as_str().to_owned(), Metadata::new());
                let new = NewAccount { username, username_key, password_hash: None, role, email: None, external_id, issuer, metadata };
                return create(tx, &new);
            }
            Err(error @ StoreError::Taken { .. }) => taken = error,
            Err(error) => return Err(error),
        }
    }
    Err(taken)
}

fn create(tx: &mut Tx<'_>, new: &NewAccount) -> Result<Account, StoreError> {
    require_free_username(tx.connection(), &new.username_key)?;
    let id: i64 = tx
        .connection()
        .prepare_cached(
            "INSERT INTO accounts (username, username_key, email, external_id, metadata, password_hash, role, status, consent, created_at, issuer)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'active', 1, ?8, coalesce(?9, '')) RETURNING id",
        )?
        .query_row(
            (
                &new.username,
                &new.username_key,
                &new.email,
                &new.external_id,
                Value::Object(new.metadata.clone()).to_string(),
                &new.password_hash,
                &new.role,
                tx.now().0,
                &new.issuer,
            ),
            |row| row.get(0),
        )
        .map_err(external_id_taken)?;
    let account = row::account(tx.connection(), AccountId(id))?;
    tx.record(Recorded {
        action: "account.created",
        target: Target::Account(account.id),
        touched: Vec::new(),
        before: None,
        after: Some(audit::account(&account)),
    })?;
    Ok(account)
}

fn require_free_username(connection: &Connection, username_key: &str) -> Result<(), StoreError> {
    let taken =
        connection.prepare_cached("SELECT 1 FROM accounts WHERE username_key = ?1")?.query_row([username_key], |_| Ok(())).optional()?;
    match taken {
        Some(()) => Err(StoreError::Taken { what: What::Account, field: "username" }),
        None => Ok(()),
    }
}

/// The username was looked up before, so the only unique column left is the external id.
fn external_id_taken(error: rusqlite::Error) -> StoreError {
    if is_taken(&error) { StoreError::Taken { what: What::Account, field: "external_id" } } else { error.into() }
}

/// The account, if whoever asks may know of it; else the refusal that a stranger gets.
fn find(tx: &Tx<'_>, id: AccountId, authority: &Authority) -> Result<Account, StoreError> {
    match row::account(tx.connection(), id) {
        Err(StoreError::NotFound(What::Account)) => {
            authority.miss_account()?;
            Err(StoreError::NotFound(What::Account))
        }
        account => account,
    }
}

fn alter(tx: &mut Tx<'_>, id: AccountId, change: AccountChange) -> Result<ChangedAccount, StoreError> {
    let authority = tx.authority()?;
    let before = find(tx, id, &authority)?;
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
        require_proof(tx.connection(), id, change.proved.as_ref())?;
    }
    if stood.is_active_admin() && !stands.is_active_admin() {
        require_another_admin(tx, id)?;
    }
    if before == after && change.password_hash.is_none() {
        require_foreseen(&Revoked::default(), change.if_keys)?;
        return Ok(ChangedAccount { account: after, revoked: Revoked::default(), live_keys: None });
    }
    tx.connection()
        .prepare_cached(
            "UPDATE accounts SET role = ?2, status = ?3, consent = ?4, email = ?5, external_id = ?6, metadata = ?7,
             password_hash = coalesce(?8, password_hash), issuer = coalesce(?9, '') WHERE id = ?1",
        )?
        .execute((
            id.0,
            &after.role,
            after.status.as_str(),
            after.consent,
            &after.email,
            &after.external_id,
            Value::Object(after.metadata.clone()).to_string(),
            &change.password_hash,
            &after.issuer,
        ))
        .map_err(external_id_taken)?;
    let (keys, sessions) = match revocation(&stood, &stands) {
        Some(reason) => tx.end_all_of(id, reason)?,
        None if touched.password => (Vec::new(), tx.end_sessions_of(id, own_session(tx.actor(), id))?),
        None => (Vec::new(), Vec::new()),
    };
    let live_keys = if touched.password { Some(live_keys_made_by(tx, id)?) } else { None };
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
    })?;
    Ok(ChangedAccount { account: after, revoked, live_keys })
}

fn reset_password(tx: &mut Tx<'_>, reset: PasswordReset) -> Result<ChangedAccount, StoreError> {
    tx.authority()?.at_least(Level::ALL)?;
    let id = reset.replaced.account;
    let now = login(tx.connection(), "id = ?1", Sql::Integer(id.0))?.ok_or(StoreError::NotFound(What::Account))?;
    if now.password_hash != reset.replaced.password_hash {
        return Err(StoreError::LinkUsed);
    }
    alter(tx, id, AccountChange { password_hash: Some(reset.password_hash), ..AccountChange::default() })
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
fn require_proof(connection: &Connection, id: AccountId, proved: Option<&String>) -> Result<(), StoreError> {
    match login(connection, "id = ?1", Sql::Integer(id.0))?.and_then(|login| login.password_hash) {
        Some(stored) if Some(&stored) != proved => Err(StoreError::PasswordNotProved),
        _ => Ok(()),
    }
}

fn require_another_admin(tx: &Tx<'_>, id: AccountId) -> Result<(), StoreError> {
    if standings(tx, Some(id))?.iter().any(Standing::is_active_admin) { Ok(()) } else { Err(StoreError::LastAdmin) }
}

/// Live keys of the account, and those that it made for others, by session or by a key of its own: an intruder who knew the password may
/// have made them.
fn live_keys_made_by(tx: &Tx<'_>, id: AccountId) -> Result<Vec<KeyId>, StoreError> {
    let keys = tx
        .connection()
        .prepare_cached(
            "WITH RECURSIVE made (id) AS (
                 SELECT id FROM keys WHERE owner = ?1 OR created_by = ?2
                 UNION SELECT keys.id FROM keys JOIN made ON keys.created_by_key = made.id)
             SELECT id FROM keys WHERE id IN made AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?3) ORDER BY id",
        )?
        .query_map((id.0, Target::Account(id).to_string(), tx.now().0), |row| row.get(0).map(KeyId::from_bytes))?
        .collect::<Result<_, _>>()?;
    Ok(keys)
}

fn delete(tx: &mut Tx<'_>, id: AccountId, proved: Option<&String>, if_keys: Option<usize>) -> Result<Revoked, StoreError> {
    let authority = tx.authority()?;
    let account = find(tx, id, &authority)?;
    let standing = account.standing(tx.roles());
    if authority.delete_account(id, &standing)?.of_account(account.has_password)? {
        require_proof(tx.connection(), id, proved)?;
    }
    if standing.is_active_admin() {
        require_another_admin(tx, id)?;
    }
    let revoked = erase(tx, &account)?;
    require_foreseen(&revoked, if_keys)?;
    Ok(revoked)
}

/// Deletes an account with its keys and sessions, whoever asks.
pub(super) fn erase(tx: &mut Tx<'_>, account: &Account) -> Result<Revoked, StoreError> {
    let id = account.id;
    let (keys, sessions) = tx.end_all_of(id, RevocationReason::AccountDeleted)?;
    tx.connection().execute(
        "UPDATE accounts SET deleted_at = ?2, username = NULL, username_key = NULL, email = NULL, external_id = NULL,
         password_hash = NULL, metadata = '{}', issuer = ?3 WHERE id = ?1",
        (id.0, tx.now().0, deleted_identity(account.identity().as_ref())),
    )?;
    let revoked = Revoked { keys: keys.len(), sessions: sessions.len() };
    tx.record(Recorded {
        action: "account.deleted",
        target: Target::Account(id),
        touched: ended(keys, sessions),
        before: Some(audit::account(account)),
        after: None,
    })?;
    Ok(revoked)
}

fn revoke_keys(tx: &mut Tx<'_>, id: AccountId, reason: &str, if_keys: Option<usize>) -> Result<Revoked, StoreError> {
    tx.authority()?.at_least(Level::ALL)?;
    row::account(tx.connection(), id)?;
    let (keys, sessions) = tx.end_all_of(id, RevocationReason::ExcessiveUse)?;
    let revoked = Revoked { keys: keys.len(), sessions: sessions.len() };
    require_foreseen(&revoked, if_keys)?;
    tx.record(Recorded {
        action: "account.keys_revoked",
        target: Target::Account(id),
        touched: ended(keys, sessions),
        before: None,
        after: Some(json!({"reason": reason, "revoked_keys": revoked.keys, "ended_sessions": revoked.sessions})),
    })?;
    Ok(revoked)
}

/// As [`Accounts::login_by_username`], of a file.
pub(crate) fn login_of(file: &Path, username_key: String) -> Result<Option<Login>, StoreError> {
    let connection = connect_read_only(file)?;
    migrate::require_current(&connection)?;
    login(&connection, "username_key = ?1", Sql::Text(username_key))
}

fn login(connection: &Connection, condition: &str, value: Sql) -> Result<Option<Login>, StoreError> {
    let login = connection
        .prepare_cached(&format!("SELECT id, password_hash FROM accounts WHERE deleted_at IS NULL AND {condition}"))?
        .query_row([value], |row| Ok(Login { account: AccountId(row.get(0)?), password_hash: row.get(1)? }))
        .optional()?;
    Ok(login)
}

fn list(connection: &Connection, filter: &AccountFilter, page: &PageRequest) -> Result<Page<Account>, StoreError> {
    let after = match &page.cursor {
        Some(cursor) => cursor.parse().map_err(|_| StoreError::BadCursor)?,
        None => 0,
    };
    let mut values = vec![Sql::Integer(after), Sql::Integer(i64::from(page.limit) + 1)];
    let mut conditions = String::new();
    let mut and = |condition: &str, value: Option<String>| {
        if let Some(value) = value {
            values.push(Sql::Text(value));
            conditions.push_str(&format!(" AND {} ", condition.replace('?', &format!("?{}", values.len()))));
        }
    };
    and("username_key = ?", filter.named.as_deref().map(keybearer_core::name::canonical));
    and("instr(username_key, ?) > 0", filter.username.as_deref().map(keybearer_core::name::canonical));
    and("role = ?", filter.role.clone());
    and("status = ?", filter.status.map(|status| status.as_str().to_owned()));
    and("issuer = ?", filter.issuer.clone());
    and("external_id = ?", filter.external_id.clone());
    let mut items = connection
        .prepare_cached(&format!(
            "SELECT {} FROM accounts WHERE deleted_at IS NULL AND id > ?1 {conditions} ORDER BY id LIMIT ?2",
            row::ACCOUNT
        ))?
        .query_map(params_from_iter(values), row::to_account)?
        .collect::<Result<Vec<_>, _>>()?;
    let next = crate::page_end(&mut items, page.limit).map(|last| last.id.0.to_string());
    Ok(Page { items, next })
}
