//! The binary as an operator meets it: starting, refusing to start, stopping, and what it writes to its log.

mod log;
mod start;
mod stop;
mod traces;
