//! What a handler is told of the key that was let through.

use std::sync::Arc;

use keybearer_api::{KeyKind, VerifiedKey};
use uuid::Uuid;

/// The key whose request was let through, as the server described it for this very request. Only a layer of this crate makes one.
///
/// A layer puts it into the extensions of the request. With the feature `axum` it is also an argument of handlers.
#[derive(Clone, Debug)]
pub struct Grant {
    service: Arc<str>,
    key: Arc<VerifiedKey<'static>>,
}

impl Grant {
    pub(crate) fn new(service: Arc<str>, key: VerifiedKey<'static>) -> Self {
        Self { service, key: Arc::new(key) }
    }

    /// All that the server says of the key. Permissions have their full names here: two services may declare the same bare one.
    #[must_use]
    pub fn key(&self) -> &VerifiedKey<'static> {
        &self.key
    }

    /// The public name of the key: what belongs into a log.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.key.id
    }

    /// Whether the key stands for a person or for a service.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.key.kind
    }

    /// Of a person's key: the number of the account.
    #[must_use]
    pub fn owner(&self) -> Option<i64> {
        self.key.owner
    }

    /// Of a person's key: the level in force.
    #[must_use]
    pub fn level(&self) -> Option<u8> {
        self.key.level
    }

    /// Whether the key has this permission of this service, named as in the declaration.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let held = self.key.permissions.as_deref().unwrap_or_default();
        held.iter().filter_map(|full| full.split_once(':')).any(|(service, held)| service == &*self.service && held == name)
    }
}
