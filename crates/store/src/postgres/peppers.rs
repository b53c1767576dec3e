//! Which peppers the stored digests need.

use std::collections::BTreeMap;

use keybearer_core::token::PepperVersion;

use super::connection::Transaction;
use super::value::{get, unreadable};
use crate::StoreError;

/// Refuses a keyring that lacks a pepper in use or holds another one under its version; notes the versions that are new.
pub(super) async fn check(transaction: &Transaction, held: BTreeMap<PepperVersion, String>) -> Result<(), StoreError> {
    let sql = "SELECT version, fingerprint, EXISTS (SELECT 1 FROM keys WHERE keys.pepper = peppers.version) FROM peppers";
    for known in transaction.query(sql, &[]).await? {
        let version = get::<i32>(&known, 0)?.try_into().map_err(unreadable)?;
        match held.get(&version) {
            None if get(&known, 2)? => {
                return Err(StoreError::Pepper { version, problem: "is missing from the keyring, and stored keys need it" });
            }
            Some(ours) if ours != get::<&str>(&known, 1)? => {
                return Err(StoreError::Pepper { version, problem: "in the keyring is not the one that this database was used with" });
            }
            None | Some(_) => {}
        }
    }
    for (version, fingerprint) in &held {
        let sql = "INSERT INTO peppers (version, fingerprint) VALUES ($1, $2) ON CONFLICT (version) DO NOTHING";
        transaction.execute(sql, &[(*version).into(), fingerprint.into()]).await?;
    }
    Ok(())
}
