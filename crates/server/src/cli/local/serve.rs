//! `keybearer serve`.

use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};

use super::{Environment, Exit, Outcome, failed, settings};
use crate::config::SettingFlags;
use crate::{start, telemetry};

pub(super) fn run(flags: SettingFlags, environment: Environment) -> Outcome {
    let config = settings(flags, environment)?;
    telemetry::init(&config.log);
    let runtime = runtime().map_err(|error| failed(format!("the runtime does not start: {error}")))?;
    runtime.block_on(async { start::run(config, start::stop_signal()).await }).map_err(failed)?;
    Ok(Exit::Done)
}

/// On one core, workers have nothing to share with each other, and their runtime is the cheaper one.
fn runtime() -> std::io::Result<Runtime> {
    match available_parallelism() {
        Ok(cores) if cores.get() == 1 => Builder::new_current_thread().enable_all().build(),
        _ => Runtime::new(),
    }
}
