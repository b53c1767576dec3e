//! The `keybearer` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    keybearer::cli::main(std::env::args_os(), std::env::vars_os().collect()).into()
}
