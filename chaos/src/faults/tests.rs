//! The schedule by itself.

use std::collections::BTreeSet;

use super::{Fault, Schedule};

#[test]
fn the_same_seed_makes_the_same_schedule_and_another_seed_another() {
    let first = |seed| Schedule::new(seed, 3).take(200).collect::<Vec<_>>();
    assert_eq!(first(7), first(7));
    assert_ne!(first(7), first(8));
}

#[test]
fn a_schedule_has_every_kind_of_fault_on_every_node() {
    let faults: Vec<Fault> = Schedule::new(1, 3).take(500).map(|(_, fault)| fault).collect();
    let kinds: BTreeSet<&str> = faults.iter().map(Fault::what).collect();
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    let paused: BTreeSet<usize> =
        faults.iter().filter_map(|fault| if let Fault::Pause { node, .. } = fault { Some(*node) } else { None }).collect();
    assert_eq!(paused, BTreeSet::from([0, 1, 2]));
}
