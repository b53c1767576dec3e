//! What benchmarks share: a server in this process, a client that costs little, and figures.
#![expect(clippy::unwrap_used, reason = "a benchmark may end by a panic")]

pub mod client;
pub mod figures;
pub mod seed;
pub mod server;
