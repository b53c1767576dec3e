//! How many connections are open, and how many may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places for connections.
pub struct Connections {
    places: Arc<Semaphore>,
    most: usize,
    open: Arc<AtomicUsize>,
}

/// A place for a connection. It is free again when this is dropped.
pub struct Place {
    permit: OwnedSemaphorePermit,
    open: Arc<AtomicUsize>,
}

/// A connection counts as open until this is dropped.
pub struct Open {
    _permit: OwnedSemaphorePermit,
    open: Arc<AtomicUsize>,
}

impl Connections {
    /// So many places, all free.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { places: Arc::new(Semaphore::new(most)), most, open: Arc::default() }
    }

    /// How many connections are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// How many may be open at once.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }

    /// A place, if one is free.
    #[must_use]
    pub fn try_take(&self) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Place { permit, open: Arc::clone(&self.open) })
    }

    /// A place, as soon as one is free.
    ///
    /// # Panics
    /// Never: nothing closes the semaphore.
    pub async fn take(&self) -> Place {
        let permit = Arc::clone(&self.places).acquire_owned().await.expect("nothing closes the semaphore");
        Place { permit, open: Arc::clone(&self.open) }
    }
}

impl Place {
    /// A connection has come to take it.
    #[must_use]
    pub fn open(self) -> Open {
        self.open.fetch_add(1, Ordering::Relaxed);
        Open { _permit: self.permit, open: self.open }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}
