//! Connections that read beside the writer. Lists and look-ups for people go here; verification never does.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connect;
use crate::StoreError;

pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(file: &Path, count: usize) -> Result<Self, StoreError> {
        let idle = (0..count)
            .map(|_| {
                let connection = connect(file)?;
                connection.pragma_update(None, "query_only", true)?;
                Ok(connection)
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        Ok(Self { idle: Arc::new(Mutex::new(idle)), free: Arc::new(Semaphore::new(count)) })
    }

    /// Runs a query on one of the connections, in one read transaction, so that all its statements see one state.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.on_one(|connection| connection.transaction().map_err(StoreError::from).and_then(|transaction| query(&transaction))).await
    }

    /// As [`Readers::read`], for what is one statement: that sees one state anyway.
    pub(super) async fn read_at_once<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.on_one(|connection| query(connection)).await
    }

    async fn on_one<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let unavailable = |_| StoreError::Unavailable("the readers are closed".into());
        let permit = Arc::clone(&self.free).acquire_owned().await.map_err(unavailable)?;
        let idle = Arc::clone(&self.idle);
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = taken.ok_or_else(|| StoreError::Unavailable("no reader is left".into()))?;
            let answer = query(&mut connection);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            answer
        });
        task.await.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }
}
