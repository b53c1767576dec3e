//! `keybearer healthcheck`.

use std::time::Duration;

use clap::Args;

use super::connection::{Server, block_on};
use super::out::Out;
use super::{Environment, Exit, Failure, value};

/// Ask whether a server is ready, as a container's health check: exit code 0 if it is, 9 if not
#[derive(Args)]
#[command(after_help = "Examples:\n  keybearer healthcheck\n  HEALTHCHECK CMD [\"keybearer\", \"healthcheck\"]")]
pub(in crate::cli) struct Healthcheck {
    #[command(flatten)]
    server: Server,
    /// How long the answer may take
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = value::duration)]
    timeout: Duration,
}

impl Healthcheck {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        let mut url = String::new();
        // No credential: whoever asks this often should not spread one.
        let asked = self.server.client(environment, self.timeout, None).and_then(|client| {
            client.url().clone_into(&mut url);
            block_on(client.ready())?.map_err(Failure::from)
        });
        match asked.and_then(|()| Out { json: false }.print("ready")) {
            Ok(()) => Exit::Done,
            Err(failure @ Failure::Call(_)) => {
                failure.tell(&url, false);
                Exit::Unhealthy
            }
            Err(failure) => failure.tell(&url, false),
        }
    }
}
