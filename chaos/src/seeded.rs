//! Bugs that the server has on purpose, one at a time: each must be found. Those of the protocol itself are for its model, which finds each of
//! them (`crates/core/tests/protocol`); chance would have to wait long for some.

use std::time::Duration;

use crate::run::{Plan, RunError, run};

/// How long a bug may hide.
const PATIENCE: Duration = Duration::from_secs(60);

/// As the server calls them.
const BUGS: [&str; 7] = [
    "no-barrier",
    "lease-unchecked",
    "ack-before-apply",
    "silent-policies",
    "grant-unchecked",
    "revoked-out-of-order",
    "heeds-without-doubt",
];

/// Runs each bug until it is found. Whether all were.
///
/// # Errors
/// If a run is not possible.
pub(crate) async fn all(plan: &Plan) -> Result<bool, RunError> {
    let mut rows = Vec::new();
    let mut survivors = 0;
    for bug in BUGS {
        println!("==> {bug}");
        let outcome = run(Plan { bug: Some(bug), duration: PATIENCE, ..plan.clone() }).await?;
        println!("{}", outcome.totals);
        let found = outcome.totals.violations > 0;
        survivors += usize::from(!found);
        let after = if found { format!("{:.0} s", outcome.lasted.as_secs_f64()) } else { "SURVIVED".to_owned() };
        rows.push(format!("| `{bug}` | {after} | {} | {} |", outcome.first.unwrap_or_default(), outcome.totals.verifications));
    }
    println!("| bug | found after | by | verifications |\n|---|---|---|---|\n{}", rows.join("\n"));
    println!("{} found, {survivors} survived", BUGS.len() - survivors);
    Ok(survivors == 0)
}
