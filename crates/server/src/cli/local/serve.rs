//! `keybearer serve`.

use super::{Environment, Exit, complain, settings};
use crate::config::SettingFlags;
use crate::{start, telemetry};

pub(super) fn run(flags: SettingFlags, environment: Environment) -> Exit {
    let config = match settings(flags, environment) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    telemetry::init(&config.log);
    let served = tokio::runtime::Runtime::new()
        .map_err(|error| format!("the runtime does not start: {error}"))
        .and_then(|runtime| runtime.block_on(async { start::run(config, start::stop_signal()).await }).map_err(|error| error.to_string()));
    match served {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}
