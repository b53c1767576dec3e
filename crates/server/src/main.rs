//! The `keybearer` binary.

use std::process::ExitCode;

/// A request is many small pieces of memory, which this hands out and takes back faster than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keybearer::cli::main(std::env::args_os(), std::env::vars_os().collect()).into()
}
