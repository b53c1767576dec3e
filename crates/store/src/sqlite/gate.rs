//! Gates on SQLite.

use async_trait::async_trait;
use keybearer_core::gate::{Gate, GateName};
use keybearer_core::policy::PermissionSet;
use keybearer_core::time::UnixMillis;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use super::tx::{Recorded, Tx};
use super::{Sqlite, policy, row};
use crate::error::present;
use crate::{Gates, IfGate, NamedGate, Origin, PutGate, StoreError, Target, What, audit, gate};

#[async_trait]
impl Gates for Sqlite {
    async fn put_gate(&self, origin: Origin, name: GateName, gate: Gate, known: IfGate) -> Result<PutGate, StoreError> {
        self.writer.change(origin, move |tx| put(tx, &name, gate.clone(), known)).await
    }

    async fn delete_gate(&self, origin: Origin, name: GateName, known: IfGate) -> Result<(), StoreError> {
        self.writer.change(origin, move |tx| delete(tx, name.clone(), known)).await
    }

    async fn gate(&self, name: GateName) -> Result<NamedGate, StoreError> {
        self.readers.read(move |connection| one(connection, &name)).await
    }

    async fn gates(&self) -> Result<Vec<NamedGate>, StoreError> {
        self.readers.read(all).await
    }
}

const GATE: &str = "name, definition, created_at, created_by, version";

/// All gates by name.
pub(super) fn all(connection: &Connection) -> Result<Vec<NamedGate>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {GATE} FROM gates ORDER BY name"))?;
    let gates = statement.query_map([], to_gate)?.collect::<Result<_, _>>()?;
    Ok(gates)
}

/// One gate.
pub(super) fn one(connection: &Connection, name: &GateName) -> Result<NamedGate, StoreError> {
    connection
        .prepare_cached(&format!("SELECT {GATE} FROM gates WHERE name = ?1"))?
        .query_row([name.as_str()], to_gate)
        .optional()?
        .ok_or(StoreError::NotFound(What::Gate))
}

fn to_gate(row: &Row<'_>) -> rusqlite::Result<NamedGate> {
    let bad = |column, error: String| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into());
    Ok(NamedGate {
        name: row.get_ref(0)?.as_str()?.parse().map_err(|error: keybearer_core::gate::GateNameError| bad(0, error.to_string()))?,
        gate: gate::read(row.get_ref(1)?.as_str()?).map_err(|error| bad(1, error))?,
        created_at: UnixMillis(row.get(2)?),
        created_by: row.get(3)?,
        version: row.get(4)?,
    })
}

fn put(tx: &mut Tx<'_>, name: &GateName, gate: Gate, known: IfGate) -> Result<PutGate, StoreError> {
    tx.authority()?.write_gate()?;
    let before = present(one(tx.connection(), name))?;
    known.check(before.as_ref())?;
    let named = before.as_ref().map_or(PermissionSet::NONE, |before| before.gate.named().clone());
    policy::require_declared(tx.connection(), &named, gate.named())?;
    let is_new = before.is_none();
    let gate = match before {
        Some(before) if before.gate == gate => before,
        Some(before) => write(tx, NamedGate { gate, ..before.clone() }, Some(&before))?,
        None => {
            let new = NamedGate { name: name.clone(), gate, created_at: tx.now(), created_by: tx.actor().to_string(), version: 0 };
            write(tx, new, None)?
        }
    };
    Ok(PutGate { gate, is_new })
}

/// Writes a gate as it is to be, and the event. Returns it with its version.
pub(super) fn write(tx: &mut Tx<'_>, gate: NamedGate, before: Option<&NamedGate>) -> Result<NamedGate, StoreError> {
    let definition = gate::written(&gate.gate).map_err(row::unreadable)?;
    tx.connection()
        .prepare_cached("INSERT OR REPLACE INTO gates (name, definition, created_at, created_by, version) VALUES (?1, ?2, ?3, ?4, 0)")?
        .execute((gate.name.as_str(), definition, gate.created_at.0, &gate.created_by))?;
    let version = tx.record(Recorded {
        action: if before.is_some() { "gate.changed" } else { "gate.created" },
        target: Target::Gate(gate.name.clone()),
        touched: Vec::new(),
        before: before.map(audit::gate),
        after: Some(audit::gate(&gate)),
    })?;
    tx.connection().prepare_cached("UPDATE gates SET version = ?2 WHERE name = ?1")?.execute((gate.name.as_str(), version))?;
    Ok(NamedGate { version, ..gate })
}

fn delete(tx: &mut Tx<'_>, name: GateName, known: IfGate) -> Result<(), StoreError> {
    tx.authority()?.write_gate()?;
    let gate = one(tx.connection(), &name)?;
    known.check(Some(&gate))?;
    erase(tx, &gate)
}

/// Deletes a gate, whoever asks.
pub(super) fn erase(tx: &mut Tx<'_>, gate: &NamedGate) -> Result<(), StoreError> {
    tx.connection().prepare_cached("DELETE FROM gates WHERE name = ?1")?.execute([gate.name.as_str()])?;
    tx.record(Recorded {
        action: "gate.deleted",
        target: Target::Gate(gate.name.clone()),
        touched: Vec::new(),
        before: Some(audit::gate(gate)),
        after: None,
    })?;
    Ok(())
}
