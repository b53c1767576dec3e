//! Gates by name.

use std::sync::Arc;

use foldhash::fast::RandomState;
use keybearer_core::gate::GateName;
use keybearer_store::NamedGate;
use papaya::HashMap;

/// What the image has under a name.
#[derive(Clone)]
pub enum FoundGate {
    /// No gate.
    Absent,
    /// A gate that is being changed together with what it decides about.
    Changing,
    /// This gate.
    Here(Arc<NamedGate>),
}

impl FoundGate {
    /// Whether this gate is still the one.
    #[must_use]
    pub fn is(&self, gate: &Arc<NamedGate>) -> bool {
        matches!(self, Self::Here(here) if Arc::ptr_eq(here, gate))
    }
}

pub(super) struct Gates {
    /// None while it is being changed.
    by_name: HashMap<GateName, Option<Arc<NamedGate>>, RandomState>,
}

impl Gates {
    pub(super) fn new() -> Self {
        Self { by_name: HashMap::default() }
    }

    pub(super) fn find(&self, name: &str) -> FoundGate {
        match self.by_name.pin().get(name) {
            None => FoundGate::Absent,
            Some(None) => FoundGate::Changing,
            Some(Some(gate)) => FoundGate::Here(Arc::clone(gate)),
        }
    }

    /// Nobody passes this gate until it is set.
    pub(super) fn begin(&self, name: &GateName) {
        self.by_name.pin().insert(name.clone(), None);
    }

    pub(super) fn set(&self, name: GateName, gate: Option<NamedGate>) {
        match gate {
            Some(gate) => drop(self.by_name.pin().insert(name, Some(Arc::new(gate)))),
            None => drop(self.by_name.pin().remove(&name)),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }
}
