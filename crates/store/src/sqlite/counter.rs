//! The numbers of changes.

use std::cell::Cell;

use rusqlite::Connection;

use crate::StoreError;

/// The revision, while a transaction makes changes that nobody sees before its end: the row is read once and written once.
pub(super) struct Counter {
    written: i64,
    last: Cell<i64>,
}

impl Counter {
    /// As the transaction finds it, which nobody else can change before its end.
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let written = connection.prepare_cached("SELECT revision FROM counter")?.query_row([], |row| row.get(0))?;
        Ok(Self { written, last: Cell::new(written) })
    }

    /// To be called before the commit.
    pub(super) fn write(&self, connection: &Connection) -> Result<(), StoreError> {
        if self.last.get() != self.written {
            connection.prepare_cached("UPDATE counter SET revision = ?1")?.execute([self.last.get()])?;
        }
        Ok(())
    }

    /// The revision of the last change.
    pub(super) fn last(&self) -> i64 {
        self.last.get()
    }

    /// The revision of one more change.
    pub(super) fn next(&self) -> i64 {
        self.last.set(self.last.get() + 1);
        self.last.get()
    }

    /// Gives back the numbers of changes that were taken back.
    pub(super) fn go_back_to(&self, last: i64) {
        self.last.set(last);
    }

    /// Leaves out all numbers up to this one.
    pub(super) fn pass(&self, revision: i64) {
        self.last.set(self.last.get().max(revision));
    }
}
