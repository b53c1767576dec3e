//! Gates on PostgreSQL.

use async_trait::async_trait;
use keybearer_core::gate::{Gate, GateName};
use keybearer_core::policy::PermissionSet;
use tokio_postgres::Row;

use super::connection::Transaction;
use super::tx::{Recorded, Tx};
use super::value::{get, moment, unreadable};
use super::{Postgres, policy};
use crate::error::present;
use crate::{Gates, IfGate, NamedGate, Origin, PutGate, StoreError, Target, What, audit, gate};

#[async_trait]
impl Gates for Postgres {
    async fn put_gate(&self, origin: Origin, name: GateName, gate: Gate, known: IfGate) -> Result<PutGate, StoreError> {
        self.writer.change(origin, move |tx| Box::pin(put(tx, name, gate, known))).await
    }

    async fn delete_gate(&self, origin: Origin, name: GateName, known: IfGate) -> Result<(), StoreError> {
        self.writer.change(origin, move |tx| Box::pin(delete(tx, name, known))).await
    }

    async fn gate(&self, name: GateName) -> Result<NamedGate, StoreError> {
        self.readers.read(move |transaction| Box::pin(async move { one(transaction, &name).await })).await
    }

    async fn gates(&self) -> Result<Vec<NamedGate>, StoreError> {
        self.readers.read(|transaction| Box::pin(all(transaction))).await
    }
}

const GATE: &str = "name, definition, created_at, created_by, version";

/// All gates by name.
pub(super) async fn all(transaction: &Transaction) -> Result<Vec<NamedGate>, StoreError> {
    let gates = transaction.query(&format!("SELECT {GATE} FROM gates ORDER BY name"), &[]).await?;
    gates.iter().map(to_gate).collect()
}

/// One gate.
pub(super) async fn one(transaction: &Transaction, name: &GateName) -> Result<NamedGate, StoreError> {
    let found = transaction.find(&format!("SELECT {GATE} FROM gates WHERE name = $1"), &[name.as_str().into()]).await?;
    found.as_ref().map(to_gate).transpose()?.ok_or(StoreError::NotFound(What::Gate))
}

fn to_gate(row: &Row) -> Result<NamedGate, StoreError> {
    Ok(NamedGate {
        name: get::<&str>(row, 0)?.parse().map_err(unreadable)?,
        gate: gate::read(get(row, 1)?).map_err(unreadable)?,
        created_at: moment(row, 2)?,
        created_by: get(row, 3)?,
        version: get(row, 4)?,
    })
}

async fn put(tx: &mut Tx, name: GateName, gate: Gate, known: IfGate) -> Result<PutGate, StoreError> {
    tx.authority().await?.write_gate()?;
    let before = present(one(tx.transaction(), &name).await)?;
    known.check(before.as_ref())?;
    let named = before.as_ref().map_or(PermissionSet::NONE, |before| before.gate.named().clone());
    policy::require_declared(tx.transaction(), &named, gate.named()).await?;
    let is_new = before.is_none();
    let gate = match before {
        Some(before) if before.gate == gate => before,
        Some(before) => write(tx, NamedGate { gate, ..before.clone() }, Some(&before)).await?,
        None => {
            let new = NamedGate { name, gate, created_at: tx.now(), created_by: tx.actor().to_string(), version: 0 };
            write(tx, new, None).await?
        }
    };
    Ok(PutGate { gate, is_new })
}

/// Writes a gate as it is to be, and the event. Returns it with its version.
pub(super) async fn write(tx: &mut Tx, gate: NamedGate, before: Option<&NamedGate>) -> Result<NamedGate, StoreError> {
    let definition = gate::written(&gate.gate).map_err(unreadable)?;
    tx.transaction()
        .execute(
            "INSERT INTO gates (name, definition, created_at, created_by, version) VALUES ($1, $2, $3, $4, 0)
             ON CONFLICT (name) DO UPDATE SET definition = $2",
            &[gate.name.as_str().into(), (&definition).into(), gate.created_at.into(), (&gate.created_by).into()],
        )
        .await?;
    let version = tx
        .record(Recorded {
            action: if before.is_some() { "gate.changed" } else { "gate.created" },
            target: Target::Gate(gate.name.clone()),
            touched: Vec::new(),
            before: before.map(audit::gate),
            after: Some(audit::gate(&gate)),
        })
        .await?;
    tx.transaction().execute("UPDATE gates SET version = $2 WHERE name = $1", &[gate.name.as_str().into(), version.into()]).await?;
    Ok(NamedGate { version, ..gate })
}

async fn delete(tx: &mut Tx, name: GateName, known: IfGate) -> Result<(), StoreError> {
    tx.authority().await?.write_gate()?;
    let gate = one(tx.transaction(), &name).await?;
    known.check(Some(&gate))?;
    tx.transaction().execute("DELETE FROM gates WHERE name = $1", &[name.as_str().into()]).await?;
    tx.record(Recorded {
        action: "gate.deleted",
        target: Target::Gate(name),
        touched: Vec::new(),
        before: Some(audit::gate(&gate)),
        after: None,
    })
    .await?;
    Ok(())
}
