//! The rows of the nodes: the statements of the protocol, each atomic at the server, and a look at all of them for people.

use keybearer_core::time::UnixMillis;
use tokio_postgres::Row;
use uuid::Uuid;

use super::connection::{Pool, Purpose, Transaction};
use super::migrate;
use super::value::{Value, get, moment};
use crate::{Cluster, Consistency, Membership, Node, ServerState, StoreError};

/// The time of the server, in milliseconds since 1970.
const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::int8";
/// How long after its last heartbeat a row may still be that of a process that runs.
const MAY_LIVE: i64 = 10_000;
/// After how long the row of a fenced incarnation is of no interest to anybody.
const OF_INTEREST: i64 = 3_600_000;

/// The channel on which nodes are told that there is a change.
pub(super) const CHANGED: &str = "keybearer_changed";
/// The channel on which those who wait for a change are told that a node has it.
pub(super) const ACKED: &str = "keybearer_acked";

/// By what a node joins.
pub(super) struct Joining<'a> {
    pub(super) membership: &'a Membership,
    /// The table of roles, as text.
    pub(super) roles: &'a str,
    /// The newest pepper held.
    pub(super) pepper: u16,
}

/// What a heartbeat learned.
pub(super) enum Heard {
    /// This incarnation is fenced: whatever else was read counts for nothing.
    Fenced,
    /// The counter, the time of the server, and the newest pepper that every node holds.
    Counter { revision: i64, server: UnixMillis, pepper: u16 },
}

/// Makes a row under a new incarnation. The counter is read under its lock, so a change that this row is too late for was committed before.
pub(super) async fn register(pool: &Pool, joining: &Joining<'_>) -> Result<Uuid, StoreError> {
    let incarnation = Uuid::new_v4();
    let transaction = pool.begin(Purpose::Beat).await?;
    let revision: i64 = get(&transaction.one("SELECT revision FROM counter WHERE id = 1 FOR UPDATE", &[]).await?, 0)?;
    let sql = format!("SELECT name FROM nodes WHERE NOT fenced AND roles <> $1 AND beat_at > {NOW} - $2 LIMIT 1");
    if let Some(other) = transaction.find(&sql, &[joining.roles.into(), MAY_LIVE.into()]).await? {
        let name: &str = get(&other, 0)?;
        return Err(StoreError::OtherRoles(name.to_owned()));
    }
    let sql = format!("DELETE FROM nodes WHERE fenced AND beat_at < {NOW} - $1");
    transaction.execute(&sql, &[OF_INTEREST.into()]).await?;
    let sql = format!(
        "INSERT INTO nodes (incarnation, name, address, version, leases, roles, pepper, acked, registered_at, beat_at, lease_left)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, {NOW}, {NOW}, 0)"
    );
    let Membership { name, address, consistency, .. } = joining.membership;
    let values = [
        Value::Id(Some(incarnation)),
        name.into(),
        address.into(),
        env!("CARGO_PKG_VERSION").into(),
        (*consistency == Consistency::Lease).into(),
        joining.roles.into(),
        joining.pepper.into(),
        revision.into(),
    ];
    transaction.execute(&sql, &values).await?;
    transaction.commit().await?;
    Ok(incarnation)
}

/// Tells what is held and that this node lives, and reads the counter, in one statement. It is committed as durably as a change: a server that
/// is no longer the one that writes cannot prolong a lease.
pub(super) async fn beat(pool: &Pool, incarnation: Uuid, revision: i64, lease_left: i64) -> Result<Heard, StoreError> {
    let sql = format!(
        "WITH beat AS (
             UPDATE nodes SET acked = GREATEST(acked, $2), beat_at = {NOW}, lease_left = $3
             WHERE incarnation = $1 AND NOT fenced RETURNING incarnation)
         SELECT (SELECT count(*) FROM beat), counter.revision, {NOW}, (SELECT min(pepper) FROM nodes WHERE NOT fenced)
         FROM counter WHERE id = 1"
    );
    let values = [Value::Id(Some(incarnation)), revision.into(), lease_left.into()];
    let (transaction, heard) = pool.begin_with(Purpose::Beat, Some((&sql, &values))).await?;
    transaction.commit().await?;
    let heard = heard.first().ok_or_else(no_counter)?;
    if get::<i64>(heard, 0)? == 0 {
        return Ok(Heard::Fenced);
    }
    let pepper = get::<Option<i32>>(heard, 3)?.and_then(|pepper| u16::try_from(pepper).ok()).unwrap_or(u16::MAX);
    Ok(Heard::Counter { revision: get(heard, 1)?, server: moment(heard, 2)?, pepper })
}

/// These statements as a transaction whose commit is not waited for on the disk: they grant nothing, and where they are lost somebody waits
/// longer.
fn fleeting(sql: &str) -> String {
    format!("BEGIN; SET LOCAL synchronous_commit = off; {sql}; COMMIT")
}

/// Tells by the row of this incarnation, where all who wait look, that a revision is held.
pub(super) fn acknowledging(incarnation: Uuid, revision: i64) -> String {
    fleeting(&format!("{}; NOTIFY {ACKED}", raise(incarnation, revision)))
}

/// As [`acknowledging`], and wakes nobody: who hears anything was told before.
pub(super) fn noting(incarnation: Uuid, revision: i64) -> String {
    fleeting(&raise(incarnation, revision))
}

fn raise(incarnation: Uuid, revision: i64) -> String {
    // There is nothing in it but numbers and names of ours.
    format!("UPDATE nodes SET acked = {revision} WHERE incarnation = '{incarnation}' AND NOT fenced AND acked < {revision}")
}

/// Those that changes wait for, each with what its row says that it holds.
pub(super) type WaitedFor = Vec<(Uuid, i64)>;

/// As they were at one moment.
pub(super) struct Members {
    pub(super) nodes: WaitedFor,
    /// How many nodes had joined by then.
    pub(super) joined: i64,
}

pub(super) const WAITED_FOR: &str = "SELECT joined, incarnation, acked FROM counter LEFT JOIN nodes ON leases AND NOT fenced WHERE id = 1";

pub(super) fn no_counter() -> StoreError {
    StoreError::Unavailable("the counter row is missing".into())
}

/// Those that changes wait for at this moment.
pub(super) async fn waited_for(pool: &Pool) -> Result<Members, StoreError> {
    to_members(&pool.all(WAITED_FOR, &[]).await?)
}

/// What [`WAITED_FOR`] answered.
pub(super) fn to_members(rows: &[Row]) -> Result<Members, StoreError> {
    let joined = rows.first().ok_or_else(no_counter)?;
    let mut members = Members { nodes: Vec::new(), joined: get(joined, 0)? };
    for row in rows {
        // There may be nobody.
        if let Some(incarnation) = get(row, 1)? {
            members.nodes.push((incarnation, get(row, 2)?));
        }
    }
    Ok(members)
}

/// Fences all that hold less than this revision, by what they hold at this moment. Returns their names.
pub(super) async fn fence(pool: &Pool, revision: i64) -> Result<Vec<String>, StoreError> {
    let transaction = pool.begin(Purpose::Beat).await?;
    let sql = "UPDATE nodes SET fenced = TRUE WHERE leases AND NOT fenced AND acked < $1 RETURNING name";
    let fenced = transaction.query(sql, &[revision.into()]).await?;
    let fenced = fenced.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
    transaction.commit().await?;
    Ok(fenced)
}

/// Removes the row of an incarnation whose lease is over.
pub(super) async fn leave(pool: &Pool, incarnation: Uuid) -> Result<(), StoreError> {
    pool.run(&format!("DELETE FROM nodes WHERE incarnation = '{incarnation}'; NOTIFY {ACKED}")).await
}

/// All of them, for people.
pub(super) async fn all(transaction: &Transaction, own: Option<Uuid>) -> Result<Cluster, StoreError> {
    let revision = get(&transaction.one("SELECT revision FROM counter WHERE id = 1", &[]).await?, 0)?;
    let sql = format!(
        "SELECT incarnation, name, address, version, leases, acked, fenced, registered_at, {NOW} - beat_at,
                CASE WHEN fenced OR NOT leases THEN 0 ELSE GREATEST(0, lease_left - ({NOW} - beat_at)) END
         FROM nodes ORDER BY name, registered_at, incarnation"
    );
    let nodes = transaction.query(&sql, &[]).await?;
    let nodes = nodes.iter().map(|row| {
        let incarnation = get(row, 0)?;
        Ok(Node {
            incarnation,
            name: get(row, 1)?,
            address: get(row, 2)?,
            version: get(row, 3)?,
            consistency: if get(row, 4)? { Consistency::Lease } else { Consistency::Strict },
            applied: get(row, 5)?,
            is_fenced: get(row, 6)?,
            registered_at: moment(row, 7)?,
            silent_for: get(row, 8)?,
            lease_left: get(row, 9)?,
            is_self: own == Some(incarnation),
        })
    });
    Ok(Cluster { revision, nodes: nodes.collect::<Result<_, StoreError>>()? })
}

/// As [`crate::Database::server_state`].
pub(super) async fn server_state(transaction: &Transaction) -> Result<ServerState, StoreError> {
    migrate::require_current(transaction).await?;
    let sql = format!("SELECT {NOW}, current_setting('synchronous_standby_names'), pg_is_in_recovery()");
    let server = transaction.one(&sql, &[]).await?;
    Ok(ServerState {
        now: moment(&server, 0)?,
        synchronous_standbys: get(&server, 1)?,
        is_standby: get(&server, 2)?,
        cluster: all(transaction, None).await?,
    })
}
