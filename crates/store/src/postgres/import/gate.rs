//! Gates from elsewhere.

use keybearer_core::authority::Authority;

use super::super::tx::Tx;
use super::super::{gate, policy};
use super::{Stop, Taken};
use crate::error::present;
use crate::{NamedGate, RowRefusal, difference};

pub(super) async fn take(tx: &mut Tx, authority: &Authority, row: &NamedGate) -> Result<Taken, Stop> {
    authority.write_gate()?;
    if let Some(here) = present(gate::one(tx.transaction(), &row.name).await)? {
        return match difference::of_gate(row, &here) {
            None => Ok(Taken::Present),
            Some(field) => Err(RowRefusal::Differs { what: "gate", field }.into()),
        };
    }
    // What its service no longer declares may stay named, and so may it come along.
    let unknown = policy::unknown(tx.transaction(), row.gate.named().iter(), "TRUE").await?;
    if !unknown.is_empty() {
        return Err(RowRefusal::UnknownPermissions(unknown).into());
    }
    gate::write(tx, row.clone(), None).await?;
    Ok(Taken::Written)
}
