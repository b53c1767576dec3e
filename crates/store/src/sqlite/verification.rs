//! The numbers of verifications on SQLite.

use async_trait::async_trait;
use keybearer_core::decision::Outcome;
use keybearer_core::time::UnixMillis;
use rusqlite::Connection;

use super::Sqlite;
use super::row::unreadable;
use crate::verification::MINUTE;
use crate::{Answered, StoreError, Verifications};

#[async_trait]
impl Verifications for Sqlite {
    async fn count_verifications(&self, answered: Vec<Answered>) -> Result<(), StoreError> {
        self.writer.bookkeeping(move |connection| count(connection, &answered)).await
    }

    async fn verifications(&self, since: UnixMillis, until: UnixMillis, step: i64) -> Result<Vec<Answered>, StoreError> {
        self.readers.read(move |connection| sums(connection, since, until, step)).await
    }

    async fn forget_verifications(&self, before: UnixMillis) -> Result<(), StoreError> {
        let before = minute(before);
        let is_any = self.readers.read(move |connection| {
            Ok(connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM verifications WHERE minute < ?1)")?
                .query_row([before], |row| row.get(0))?)
        });
        // It is asked every minute, and mostly there is nothing: the writer has better things to do.
        if !is_any.await? {
            return Ok(());
        }
        self.writer
            .bookkeeping(move |connection| {
                connection.prepare_cached("DELETE FROM verifications WHERE minute < ?1")?.execute([before])?;
                Ok(())
            })
            .await
    }
}

fn minute(at: UnixMillis) -> i64 {
    at.0.div_euclid(MINUTE)
}

fn count(connection: &Connection, answered: &[Answered]) -> Result<(), StoreError> {
    let mut add = connection.prepare_cached(
        "INSERT INTO verifications (minute, outcome, count) VALUES (?1, ?2, ?3)
         ON CONFLICT (minute, outcome) DO UPDATE SET count = count + excluded.count",
    )?;
    for Answered { at, outcome, count } in answered.iter().filter(|answered| answered.count > 0) {
        add.execute((minute(*at), outcome.code(), i64::try_from(*count).unwrap_or(i64::MAX)))?;
    }
    Ok(())
}

fn sums(connection: &Connection, since: UnixMillis, until: UnixMillis, step: i64) -> Result<Vec<Answered>, StoreError> {
    let step = (step / MINUTE).max(1);
    let rows = connection
        .prepare_cached(
            "SELECT minute / ?3 AS step, outcome, sum(count) FROM verifications WHERE minute >= ?1 AND minute < ?2
             GROUP BY step, outcome ORDER BY step, outcome",
        )?
        .query_map((minute(since), minute(until.plus(MINUTE - 1)), step), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<Vec<(i64, String, i64)>, _>>()?;
    let answered = rows.into_iter().map(|(at, code, count)| {
        let outcome = Outcome::from_code(&code).ok_or_else(|| unreadable(format!("verifications: no outcome is {code:?}")))?;
        Ok(Answered { at: UnixMillis(at * step * MINUTE), outcome, count: count.unsigned_abs() })
    });
    answered.collect()
}
