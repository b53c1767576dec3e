//! `keybearer doctor`.

use clap::Args;
use serde_json::json;

use super::{Environment, Exit, Outcome, failed, print, settings};
use crate::clock::Clock;
use crate::config::SettingFlags;
use crate::doctor::{self, Finding, Health};

#[derive(Args)]
#[command(
    after_help = "It changes nothing, and the server may run meanwhile. The exit code is 9 if anything is broken.\n\nExample:\n  keybearer doctor --data-dir /var/lib/keybearer"
)]
pub(in crate::cli) struct Doctor {
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: SettingFlags,
}

pub(super) fn run(asked: Doctor, outer: SettingFlags, environment: Environment) -> Outcome {
    let config = settings(outer.or(asked.settings), environment)?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| failed(format!("the runtime does not start: {error}")))?;
    let found = runtime.block_on(doctor::examine(&config, Clock::System.now()));
    let broken = found.iter().any(|finding| finding.health == Health::Broken);
    if asked.json {
        let rows: Vec<_> =
            found.iter().map(|finding| json!({"what": finding.what, "health": word(finding), "told": finding.told})).collect();
        print(&format!("{:#}", json!(rows)))?;
    } else {
        let line = |finding: &Finding| format!("{:8}  {:14}  {}", word(finding), finding.what, finding.told);
        print(&found.iter().map(line).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(if broken { Exit::Unhealthy } else { Exit::Done })
}

fn word(finding: &Finding) -> &'static str {
    match finding.health {
        Health::Good => "good",
        Health::Doubtful => "doubtful",
        Health::Broken => "broken",
    }
}
