//! `keybearer export`.

use std::cell::{Cell, RefCell};
use std::io::{BufWriter, Write};
use std::path::Path;

use keybearer_api::Timestamp;
use keybearer_core::key::Lifecycle;
use keybearer_core::time::UnixMillis;
use keybearer_store::{AccountRow, Contents, Database, GateText, Key, KeyHolder, Metadata, NamedGate, OutgoingRow, PolicyRow, ServiceRow};
use serde::Serialize;

use super::TransferError;
use super::line::{self, FORMAT, Kind};
use crate::config::Config;
use crate::files;

/// What an export holds.
pub struct Exported {
    /// Of the database.
    pub contents: Contents,
    /// Lines between the first and the last.
    pub rows: u64,
}

/// Writes all that makes up the keys into a file that only its owner can read, or to standard output where no file is named. The server may
/// go on meanwhile; the export is of one moment. `progress` is told how many rows are written, and about how many there are.
///
/// # Errors
/// [`TransferError`]; no file is made, or the one that was there stays.
pub async fn export(
    config: &Config,
    now: UnixMillis,
    file: Option<&Path>,
    may_replace: bool,
    with_passwords: bool,
    progress: impl FnMut(u64, u64),
) -> Result<Exported, TransferError> {
    let database = config.database();
    if database.is_new().await? {
        return Err(TransferError::NoDatabase(database.to_string()));
    }
    let Some(file) = file else {
        let output = Output { writer: BufWriter::new(std::io::stdout().lock()), path: Path::new("standard output"), rows: 0 };
        return output.write(&database, now, with_passwords, progress).await;
    };
    if !may_replace && file.try_exists().map_err(TransferError::file(file))? {
        return Err(TransferError::Exists(file.to_owned()));
    }
    let directory = files::directory_of(file);
    let temporary = tempfile::Builder::new().prefix(".keybearer-export-").tempfile_in(directory).map_err(TransferError::file(directory))?;
    let output = Output { writer: BufWriter::new(temporary.as_file()), path: file, rows: 0 };
    let exported = output.write(&database, now, with_passwords, progress).await?;
    temporary.as_file().sync_all().map_err(TransferError::file(file))?;
    let kept = if may_replace { temporary.persist(file) } else { temporary.persist_noclobber(file) };
    kept.map_err(|error| TransferError::file(file)(error.error))?;
    files::sync_directory_of(file).map_err(TransferError::file(directory))?;
    Ok(exported)
}

struct Output<'a, W: Write> {
    writer: W,
    path: &'a Path,
    rows: u64,
}

impl<W: Write> Output<'_, W> {
    async fn write(
        self,
        database: &Database,
        now: UnixMillis,
        with_passwords: bool,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Exported, TransferError> {
        let (total, output) = (Cell::new(0), RefCell::new(self));
        let begin = |contents: &Contents| {
            total.set(contents.keys + contents.accounts + contents.policies);
            output.borrow_mut().line(&header(contents, now, with_passwords))
        };
        let each = |row| {
            let mut output = output.borrow_mut();
            output.row(row)?;
            progress(output.rows, total.get());
            Ok::<(), TransferError>(())
        };
        let contents = database.export(with_passwords, begin, each).await?;
        let mut output = output.into_inner();
        output.line(&line::End { kind: Kind::End, rows: output.rows })?;
        output.writer.flush().map_err(TransferError::file(output.path))?;
        Ok(Exported { contents, rows: output.rows })
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), TransferError> {
        let written = serde_json::to_writer(&mut self.writer, line).map_err(std::io::Error::from);
        written.and_then(|()| self.writer.write_all(b"\n")).map_err(TransferError::file(self.path))
    }

    fn row(&mut self, row: OutgoingRow) -> Result<(), TransferError> {
        self.rows += 1;
        match row {
            OutgoingRow::Service(row) => self.line(&service(row)),
            OutgoingRow::Account(row) => self.line(&account(row)),
            OutgoingRow::Policy(row) => self.line(&policy(row)),
            OutgoingRow::Gate(row) => self.line(&gate(row)),
            OutgoingRow::Key { key, owner_name } => self.line(&self::key(key, owner_name)),
        }
    }
}

fn moment(at: UnixMillis) -> Timestamp {
    Timestamp::from_unix_millis(at.0)
}

fn header(contents: &Contents, now: UnixMillis, passwords: bool) -> line::Header {
    line::Header {
        kind: Kind::Export,
        format: FORMAT,
        installation: contents.installation,
        revision: contents.revision,
        made_at: moment(now),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        peppers: contents.peppers.clone(),
        passwords,
    }
}

fn service(row: ServiceRow) -> line::Service {
    let permissions = row.permissions.into_iter().map(|one| line::Permission {
        name: one.permission.name().to_owned(),
        description: one.description,
        declared: one.declared,
    });
    line::Service { kind: Kind::Service, service: row.service.as_str().to_owned(), permissions: permissions.collect() }
}

fn account(row: AccountRow) -> line::Account {
    match row {
        AccountRow::Present { account, password_hash } => line::Account {
            kind: Kind::Account,
            id: account.id.0,
            username: Some(account.username),
            role: Some(account.role),
            status: Some(account.status),
            consent: Some(account.consent),
            email: account.email,
            external_id: account.external_id,
            issuer: account.issuer,
            metadata: account.metadata,
            password_hash,
            created_at: moment(account.created_at),
            deleted_at: None,
        },
        AccountRow::Deleted { id, created_at, deleted_at } => line::Account {
            kind: Kind::Account,
            id: id.0,
            username: None,
            role: None,
            status: None,
            consent: None,
            email: None,
            external_id: None,
            issuer: None,
            metadata: Metadata::new(),
            password_hash: None,
            created_at: moment(created_at),
            deleted_at: Some(moment(deleted_at)),
        },
    }
}

fn policy(row: PolicyRow) -> line::Policy {
    match row {
        PolicyRow::Present(policy) => line::Policy {
            kind: Kind::Policy,
            id: policy.id.0,
            name: policy.name,
            permissions: policy.permissions.iter().map(|one| one.as_str().to_owned()).collect(),
            created_at: moment(policy.created_at),
            created_by: policy.created_by,
            deleted_at: None,
        },
        PolicyRow::Deleted { id, name, created_at, created_by, deleted_at } => line::Policy {
            kind: Kind::Policy,
            id: id.0,
            name,
            permissions: Vec::new(),
            created_at: moment(created_at),
            created_by,
            deleted_at: Some(moment(deleted_at)),
        },
    }
}

fn gate(row: NamedGate) -> line::Gate {
    line::Gate {
        kind: Kind::Gate,
        name: row.name.to_string(),
        gate: GateText::from(&row.gate),
        created_at: moment(row.created_at),
        created_by: row.created_by,
    }
}

fn key(key: Key, owner_name: Option<String>) -> line::Key {
    let (owner, level, policy_id, service) = match key.holder {
        KeyHolder::Account { owner, level } => (Some(owner.0), Some(level.number().into()), None, None),
        KeyHolder::Service { policy, service } => (None, None, Some(policy.0), service.map(|name| name.as_str().to_owned())),
    };
    let (revoked_at, revoked_reason) = match key.lifecycle {
        Lifecycle::Revoked { at, reason, .. } => (Some(moment(at)), Some(reason)),
        Lifecycle::Live { .. } => (None, None),
    };
    line::Key {
        kind: Kind::Key,
        token: None,
        id: Some(key.id.to_string()),
        name: key.name,
        owner,
        owner_name,
        level,
        policy: None,
        policy_id,
        service,
        metadata: key.metadata,
        digest: Some(hex(key.digest.as_bytes())),
        pepper: Some(key.pepper),
        created_at: Some(moment(key.created_at)),
        created_by: Some(key.created_by),
        expires_at: key.lifecycle.expires_at().map(moment),
        revoked_at,
        revoked_reason,
        last_used_at: key.last_used_at.map(moment),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| char::from(b"0123456789abcdef"[usize::from(nibble)])).collect()
}
