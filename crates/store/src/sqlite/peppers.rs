//! Which peppers the stored digests need.

use std::collections::BTreeMap;

use keybearer_core::token::PepperVersion;
use rusqlite::Connection;

use crate::StoreError;

/// Refuses a keyring that lacks a pepper in use or holds another one under its version; notes the versions that are new.
pub(super) fn check(connection: &Connection, held: &BTreeMap<PepperVersion, String>) -> Result<(), StoreError> {
    let known = connection
        .prepare("SELECT version, fingerprint, EXISTS (SELECT 1 FROM keys WHERE keys.pepper = peppers.version) FROM peppers")?
        .query_map([], |row| Ok((row.get::<_, PepperVersion>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    for (version, fingerprint, in_use) in &known {
        match held.get(version) {
            None if *in_use => {
                return Err(StoreError::Pepper { version: *version, problem: "is missing from the keyring, and stored keys need it" });
            }
            Some(ours) if ours != fingerprint => {
                return Err(StoreError::Pepper {
                    version: *version,
                    problem: "in the keyring is not the one that this database was used with",
                });
            }
            None | Some(_) => {}
        }
    }
    for (version, fingerprint) in held {
        connection.execute(
            "INSERT INTO peppers (version, fingerprint) VALUES (?1, ?2) ON CONFLICT (version) DO NOTHING",
            (version, fingerprint),
        )?;
    }
    Ok(())
}
