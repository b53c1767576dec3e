//! The `keybearer` binary.

use std::process::ExitCode;

use keybearer::{config, start, telemetry};

fn main() -> ExitCode {
    let config = match config::load(std::env::args_os(), std::env::vars_os()) {
        Ok(config) => config,
        Err(error) => return error.report(),
    };
    telemetry::init(&config.log);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("keybearer: the runtime does not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(async { start::run(config, start::stop_signal()).await }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keybearer: {error}");
            ExitCode::FAILURE
        }
    }
}
