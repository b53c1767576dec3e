//! Explores a setup, and compares what comes out with docs/cluster-model.md.

use std::collections::BTreeSet;

use stateright::{Checker, Expectation, HasDiscoveries, Model};

use crate::promises::PROMISES;
use crate::setup::Setup;
use crate::state::Broken;
use crate::wrong::Wrong;

const DOCUMENT: &str = include_str!("../../../../docs/cluster-model.md");

/// As many states as fit into memory and patience: who needs more has made the model too large.
const MOST: usize = 60_000_000;

/// Explores everything, or everything within so many steps. No promise may be broken, and whatever should happen now and then must.
#[track_caller]
pub(crate) fn keeps(name: &str, setup: Setup, within: Option<usize>) {
    // The checker counts states along the way, of which there is one more than steps, and leaves out those at its bound.
    let builder = setup.checker().finish_when(HasDiscoveries::AnyFailures).target_state_count(MOST);
    let checker = match within {
        Some(steps) => builder.target_max_depth(steps + 2).spawn_bfs().join(),
        None => builder.spawn_bfs().join(),
    };
    let found = checker.discoveries();
    for property in setup.properties() {
        match (property.expectation, found.get(property.name)) {
            (Expectation::Sometimes, path) => assert!(path.is_some(), "{name}: it never happens that {}", property.name),
            (_, None) => {}
            (_, Some(path)) => panic!("{name}: {} is broken:\n{:#?}", property.name, path.clone().into_actions()),
        }
    }
    assert!(checker.state_count() < MOST, "{name}: there is no end to it");
    let extent = match within {
        Some(steps) => format!("all within {steps} steps"),
        None => format!("all, up to {} steps away", checker.max_depth() - 1),
    };
    documented(&format!("| {name} | {} | {extent} |", grouped(checker.unique_state_count())));
}

/// Finds the shortest way by which a wrong variant breaks a promise.
#[track_caller]
pub(crate) fn breaks(wrong: Wrong, setup: Setup, promises: &[&str]) {
    let setup = Setup { wrong: Some(wrong), ..setup };
    let promised: BTreeSet<&str> = PROMISES.into();
    let mut shortest: Option<(usize, Broken, String)> = None;
    loop {
        // Of those found among the last states together, the checker keeps the latest: it looks for a shorter one until there is none.
        let shorter = shortest.as_ref().map_or(usize::MAX, |(steps, ..)| *steps);
        let builder = setup.checker().finish_when(HasDiscoveries::AnyOf(promised.clone())).target_state_count(MOST);
        let found = builder.target_max_depth(shorter.saturating_add(1)).spawn_bfs().join().discoveries();
        let Some((_, path)) = found.into_iter().find(|(name, _)| promised.contains(name)) else { break };
        let broken = path.last_state().broken;
        let actions = path.into_actions();
        shortest = Some((actions.len(), broken, format!("{actions:?}")));
    }
    let Some((steps, broken, way)) = shortest else { panic!("{wrong:?} breaks no promise") };
    println!("{wrong:?}: {way}");
    assert_eq!(broken.promises(), promises, "{wrong:?}: {way}");
    documented(&format!("| `{wrong:?}` | {} | {steps} |", promises.join(", ")));
}

#[track_caller]
fn documented(line: &str) {
    println!("{line}");
    // A further column says in words what happens.
    let start = line.trim_end_matches('|').trim_end();
    let there = DOCUMENT.lines().any(|other| other.strip_prefix(start).is_some_and(|rest| rest.starts_with(" |")));
    assert!(there, "docs/cluster-model.md has no line that begins with: {line}");
}

/// With a comma before every third digit from the right.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let with_comma =
        |(at, digit): (usize, char)| if at > 0 && (digits.len() - at).is_multiple_of(3) { vec![',', digit] } else { vec![digit] };
    digits.chars().enumerate().flat_map(with_comma).collect()
}
