//! What benchmarks share: servers, a load generator that costs little, references, and figures.
#![expect(clippy::unwrap_used, reason = "a benchmark may end by a panic")]

pub mod bare;
pub mod client;
pub mod cluster;
pub mod figures;
pub mod histogram;
pub mod in_process;
pub mod load;
pub mod process;
pub mod questions;
pub mod reference;
pub mod report;
pub mod rounds;
pub mod run;
pub mod seed;
pub mod server;
pub mod streams;
pub mod world;
