//! A service and its layers, beside a server that answers whatever a test wants. How they fare with the real one is tested in
//! `crates/server/tests/it/tower.rs`.
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]
#![expect(unreachable_pub, reason = "one binary: everything is reachable from everywhere")]

mod answers;
mod carriers;
mod doubt;
mod log;
mod start;
mod stub;
