//! What a service declares, and what its routes require: recorded here, compared before it runs.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use keybearer_api::Declaration;

use crate::fault::{self, Fault, Faults};
use crate::layer::Require;
use crate::link::Link;
use crate::require::Requirement;

/// The most permissions of a service.
const MOST: usize = 1_000;

/// A service: its name, the permissions that it declares, and every requirement that was made of them.
///
/// Layers are made by [`require`](Self::require) while the routes are put together. They answer 503 until [`start`](Self::start) has
/// succeeded, which takes the service: afterwards nothing can be required that was not compared with the declaration.
pub struct Service {
    pub(crate) name: String,
    pub(crate) declared: Vec<Declaration>,
    required: Mutex<Vec<Requirement>>,
    pub(crate) link: Arc<Link>,
}

impl Service {
    /// A service that declares nothing yet. Full names of permissions are `name:permission`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), declared: Vec::new(), required: Mutex::default(), link: Arc::new(Link::new(name)) }
    }

    /// Declares a permission: its name within the service, and what it lets a key do, for those who put together policies.
    #[must_use]
    pub fn permission(mut self, name: &str, description: &str) -> Self {
        self.declared.push(Declaration { name: name.to_owned(), description: description.to_owned() });
        self
    }

    /// A layer that lets only those requests through whose key meets the requirement.
    pub fn require(&self, requirement: Requirement) -> Require {
        let layer = Require::new(&self.name, &requirement, Arc::clone(&self.link));
        self.required.lock().unwrap_or_else(PoisonError::into_inner).push(requirement);
        layer
    }

    /// Compares what is declared with what is required so far. [`start`](Self::start) does so too; by itself it needs no server, so that a
    /// test of the service can ask it.
    ///
    /// # Errors
    /// [`Faults`] names each thing that is wrong.
    pub fn check(&self) -> Result<(), Faults> {
        let required = self.required.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faults: Vec<Fault> = fault::of_service(&self.name).into_iter().collect();
        let mut declared = BTreeSet::new();
        for Declaration { name, description } in &self.declared {
            faults.extend(fault::of_permission(name));
            faults.extend(fault::of_description(name, description));
            if !declared.insert(name.as_str()) {
                faults.push(Fault::Twice(name.clone()));
            }
        }
        if self.declared.len() > MOST {
            faults.push(Fault::TooMany(self.declared.len()));
        }
        let names: BTreeSet<&str> = required.iter().flat_map(Requirement::names).collect();
        faults.extend(names.difference(&declared).map(|name| Fault::Undeclared((*name).to_owned())));
        faults.extend(declared.difference(&names).map(|name| Fault::Unused((*name).to_owned())));
        for fault in required.iter().filter_map(Requirement::fault) {
            // Once is enough, however many routes are wrong in the same way.
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
    }
}
