//! A connection that stays with whoever used it last.
//!
//! Where one alone asks, and never for two at once, the pool need not be asked each time who is next, and how long anybody waits.

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deadpool::managed::Object;

use super::manager::{Connection, Manager};

/// The connection of a pool of one, between its uses.
#[derive(Clone, Default)]
pub(super) struct AtHand(Arc<Mutex<Option<Object<Manager>>>>);

impl AtHand {
    fn object(&self) -> MutexGuard<'_, Option<Object<Manager>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It, unless it was never used or has ended since. Then the pool has it again, and makes another one.
    pub(super) fn take(&self) -> Option<Held> {
        let object = self.object().take().filter(|object| !object.client.is_closed())?;
        Some(Held::new(object, Some(self.clone())))
    }
}

/// A connection that is being used. Dropped, it is the pool's again.
pub(super) struct Held {
    object: Object<Manager>,
    at_hand: Option<AtHand>,
}

impl Held {
    /// It is at hand again once it was used, if there is a place for that.
    pub(super) fn new(object: Object<Manager>, at_hand: Option<AtHand>) -> Self {
        Self { object, at_hand }
    }

    /// It may be used again.
    pub(super) fn keep(self) {
        if let Some(at_hand) = self.at_hand {
            *at_hand.object() = Some(self.object);
        }
    }

    /// Nobody uses it again.
    pub(super) fn close(self) {
        drop(Object::take(self.object));
    }
}

impl Deref for Held {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.object
    }
}
