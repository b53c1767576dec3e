//! Three nodes over one PostgreSQL, beside references in the same run.
//!
//! `cargo run --release -p keybearer-bench --bin cluster`

fn main() {
    keybearer_bench::cluster::run();
}
