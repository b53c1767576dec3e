//! Gates from elsewhere.

use keybearer_core::authority::Authority;
use keybearer_core::permission::Permission;

use super::super::gate;
use super::super::tx::Tx;
use super::{Stop, Taken};
use crate::error::present;
use crate::{NamedGate, RowRefusal, difference};

pub(super) fn take(tx: &mut Tx<'_>, authority: &Authority, row: &NamedGate) -> Result<Taken, Stop> {
    authority.write_gate()?;
    if let Some(here) = present(gate::one(tx.connection(), &row.name))? {
        return match difference::of_gate(row, &here) {
            None => Ok(Taken::Present),
            Some(field) => Err(RowRefusal::Differs { what: "gate", field }.into()),
        };
    }
    // What its service no longer declares may stay named, and so may it come along.
    let mut statement = tx.connection().prepare_cached("SELECT 1 FROM permissions WHERE full_name = ?1")?;
    let mut unknown: Vec<Permission> = Vec::new();
    for permission in row.gate.named().iter() {
        if !statement.exists([permission.as_str()])? {
            unknown.push(permission.clone());
        }
    }
    if !unknown.is_empty() {
        return Err(RowRefusal::UnknownPermissions(unknown).into());
    }
    gate::write(tx, row.clone(), None)?;
    Ok(Taken::Written)
}
