//! `keybearer serve`.

use super::{Environment, Exit, Outcome, failed, settings};
use crate::config::SettingFlags;
use crate::{start, telemetry};

pub(super) fn run(flags: SettingFlags, environment: Environment) -> Outcome {
    let config = settings(flags, environment)?;
    telemetry::init(&config.log);
    let runtime = tokio::runtime::Runtime::new().map_err(|error| failed(format!("the runtime does not start: {error}")))?;
    runtime.block_on(async { start::run(config, start::stop_signal()).await }).map_err(failed)?;
    Ok(Exit::Done)
}
