//! `keybearer stats`.

use clap::Args;

use super::{Ask, Context, Environment, Exit, with};

/// Show counts for an overview
#[derive(Args)]
#[command(after_help = "Example:\n  keybearer stats --json | jq .expiring_soon")]
pub(in crate::cli) struct Stats {
    #[command(flatten)]
    ask: Ask,
}

impl Stats {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        with(&self.ask, environment, async |context: &Context| {
            let stats = context.client.stats().await?;
            let keys = |counts: keybearer_api::KeyCounts| {
                Some(format!("{} active, {} expired, {} revoked", counts.active, counts.expired, counts.revoked))
            };
            let accounts =
                format!("{} active, {} locked, {} blocked", stats.accounts_active, stats.accounts_locked, stats.accounts_blocked);
            let fields = [
                ("revision", Some(stats.revision.to_string())),
                ("accounts", Some(accounts)),
                ("keys of people", keys(stats.account_keys)),
                ("keys of services", keys(stats.service_keys)),
                ("expire within 7 days", Some(stats.expiring_soon.to_string())),
                ("unused for 30 days", Some(stats.unused.to_string())),
                ("policies", Some(stats.policies.to_string())),
                ("permissions", Some(stats.permissions.to_string())),
                ("sessions", Some(stats.sessions.to_string())),
            ];
            context.out.thing(&stats, fields)?;
            Ok(Exit::Done)
        })
    }
}
