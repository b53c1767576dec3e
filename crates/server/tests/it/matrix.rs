//! Who may do what: every operation of every face, asked by every kind of caller. An operation without a row fails the test.

mod actors;
mod catena;
mod dashboard;
mod freesewing;
mod native;
mod oauth2;

use std::collections::BTreeSet;

use self::actors::{Actor, Actors};

/// What a caller is to be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// 401: no credential, or a bad one.
    Unauthenticated,
    /// Done: the row's own status.
    Done,
    /// 403.
    Forbidden,
    /// 404, as if it did not exist.
    Hidden,
}

/// Which operations a table has no row for, and which rows no operation has.
pub fn assert_complete(operations: impl IntoIterator<Item = String>, rows: impl IntoIterator<Item = String>) {
    let operations: BTreeSet<String> = operations.into_iter().collect();
    let rows: BTreeSet<String> = rows.into_iter().collect();
    let without: Vec<_> = operations.difference(&rows).collect();
    let stale: Vec<_> = rows.difference(&operations).collect();
    assert!(without.is_empty() && stale.is_empty(), "operations without a row: {without:?}; rows without an operation: {stale:?}");
}
