//! The names of permissions, each of them once. Many policies grant the same few, which so stay where the processor has them at hand.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use foldhash::fast::RandomState;
use keybearer_core::permission::Permission;
use keybearer_core::policy::PermissionSet;

/// How many names more than are granted may be there.
const IDLE: usize = 1_000;

/// The names that any policy grants.
pub(super) struct Names(Mutex<Held>);

struct Held {
    names: HashSet<Permission, RandomState>,
    /// Beyond so many, those that nobody grants any more go.
    most: usize,
}

impl Names {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Held { names: HashSet::default(), most: IDLE }))
    }

    /// The same permissions, whose names lie where all have them from.
    pub(super) fn shared(&self, permissions: &PermissionSet) -> PermissionSet {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut share = |permission: &Permission| {
            if let Some(shared) = held.names.get(permission) {
                return shared.clone();
            }
            held.names.insert(permission.clone());
            permission.clone()
        };
        let shared = permissions.iter().map(&mut share).collect();
        if held.names.len() > held.most {
            held.names.retain(Permission::is_shared);
            held.most = 2 * held.names.len() + IDLE;
        }
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: impl IntoIterator<Item = usize>) -> PermissionSet {
        names.into_iter().map(|number| format!("shop:orders.{number}").parse().unwrap()).collect()
    }

    fn places(permissions: &PermissionSet) -> Vec<*const str> {
        permissions.iter().map(|permission| std::ptr::from_ref(permission.as_str())).collect()
    }

    #[test]
    fn equal_names_lie_in_one_place() {
        let names = Names::new();
        let (first, second) = (set([1, 2]), set([2, 1]));
        assert_ne!(places(&first), places(&second));
        let shared = [&first, &second].map(|permissions| names.shared(permissions));
        assert_eq!(shared, [first, second]);
        assert_eq!(places(&shared[0]), places(&shared[1]));
    }

    #[test]
    fn names_that_nobody_grants_any_more_go() {
        let names = Names::new();
        let kept = names.shared(&set(0..10));
        for round in 1..20 {
            drop(names.shared(&set(round * IDLE..(round + 1) * IDLE)));
        }
        let held = names.0.lock().unwrap().names.len();
        assert!(held <= 2 * IDLE + 10, "{held}");
        assert_eq!(places(&names.shared(&set(0..10))), places(&kept));
    }
}
