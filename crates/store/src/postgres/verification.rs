//! The numbers of verifications on PostgreSQL.

use async_trait::async_trait;
use keybearer_core::decision::Outcome;
use keybearer_core::time::UnixMillis;

use super::Postgres;
use super::connection::Transaction;
use super::value::{get, unreadable};
use crate::verification::MINUTE;
use crate::{Answered, StoreError, Verifications};

#[async_trait]
impl Verifications for Postgres {
    async fn count_verifications(&self, answered: Vec<Answered>) -> Result<(), StoreError> {
        self.writer.bookkeeping(move |transaction| Box::pin(count(transaction, answered))).await
    }

    async fn verifications(&self, since: UnixMillis, until: UnixMillis, step: i64) -> Result<Vec<Answered>, StoreError> {
        self.readers.read(move |transaction| Box::pin(sums(transaction, since, until, step))).await
    }

    async fn forget_verifications(&self, before: UnixMillis) -> Result<(), StoreError> {
        let before = minute(before);
        // It is asked every minute, and mostly there is nothing: the writer has better things to do.
        if self.readers.read(move |transaction| Box::pin(is_any(transaction, before))).await? {
            self.writer.bookkeeping(move |transaction| Box::pin(forget(transaction, before))).await?;
        }
        Ok(())
    }
}

fn minute(at: UnixMillis) -> i64 {
    at.0.div_euclid(MINUTE)
}

async fn is_any(transaction: &Transaction, before: i64) -> Result<bool, StoreError> {
    get(&transaction.one("SELECT EXISTS (SELECT 1 FROM verifications WHERE minute < $1)", &[before.into()]).await?, 0)
}

async fn forget(transaction: &Transaction, before: i64) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM verifications WHERE minute < $1", &[before.into()]).await?;
    Ok(())
}

async fn count(transaction: &Transaction, answered: Vec<Answered>) -> Result<(), StoreError> {
    let sql = "INSERT INTO verifications (minute, outcome, count) VALUES ($1, $2, $3)
               ON CONFLICT (minute, outcome) DO UPDATE SET count = verifications.count + excluded.count";
    for Answered { at, outcome, count } in answered.into_iter().filter(|answered| answered.count > 0) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        transaction.execute(sql, &[minute(at).into(), outcome.code().into(), count.into()]).await?;
    }
    Ok(())
}

async fn sums(transaction: &Transaction, since: UnixMillis, until: UnixMillis, step: i64) -> Result<Vec<Answered>, StoreError> {
    let step = (step / MINUTE).max(1);
    let rows = transaction
        .query(
            "SELECT minute / $3 AS step, outcome, sum(count)::int8 FROM verifications WHERE minute >= $1 AND minute < $2
             GROUP BY step, outcome ORDER BY step, outcome",
            &[minute(since).into(), minute(until.plus(MINUTE - 1)).into(), step.into()],
        )
        .await?;
    let answered = rows.iter().map(|row| {
        let (at, code, count): (i64, &str, i64) = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
        let outcome = Outcome::from_code(code).ok_or_else(|| unreadable(format!("verifications: no outcome is {code:?}")))?;
        Ok(Answered { at: UnixMillis(at * step * MINUTE), outcome, count: count.unsigned_abs() })
    });
    answered.collect()
}
