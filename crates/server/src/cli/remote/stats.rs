//! `keybearer stats`.

use clap::{Args, ValueEnum};

use super::{Ask, Context, Environment, Exit, with};

/// Show counts for an overview
#[derive(Args)]
#[command(after_help = "Example:\n  keybearer stats --json | jq .expiring_soon")]
pub(in crate::cli) struct Stats {
    #[command(flatten)]
    ask: Ask,
    /// How far back verifications are counted
    #[arg(long, value_enum, default_value_t = Period::Day)]
    period: Period,
}

#[derive(Clone, Copy, ValueEnum)]
enum Period {
    Hour,
    Day,
    Week,
    Month,
}

impl From<Period> for keybearer_api::Period {
    fn from(period: Period) -> Self {
        match period {
            Period::Hour => Self::Hour,
            Period::Day => Self::Day,
            Period::Week => Self::Week,
            Period::Month => Self::Month,
        }
    }
}

impl Stats {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        with(&self.ask, environment, async |context: &Context| {
            let stats = context.client.stats(self.period.into()).await?;
            let keys = |counts: keybearer_api::KeyCounts| {
                Some(format!("{} active, {} expired, {} revoked", counts.active, counts.expired, counts.revoked))
            };
            let accounts =
                format!("{} active, {} locked, {} blocked", stats.accounts_active, stats.accounts_locked, stats.accounts_blocked);
            let valid: u64 = stats.verifications.iter().map(|step| step.valid).sum();
            let refused: u64 = stats.verifications.iter().flat_map(|step| step.refused.values()).sum();
            let fields = [
                ("revision", Some(stats.revision.to_string())),
                ("accounts", Some(accounts)),
                ("keys of people", keys(stats.account_keys)),
                ("keys of services", keys(stats.service_keys)),
                ("expire within 7 days", Some(stats.expiring_soon.to_string())),
                ("unused for 30 days", Some(stats.unused.to_string())),
                ("policies", Some(stats.policies.to_string())),
                ("permissions", Some(stats.permissions.to_string())),
                ("verifications", Some(format!("{valid} accepted, {refused} refused"))),
                ("sessions", Some(stats.sessions.to_string())),
            ];
            context.out.thing(&stats, fields)?;
            Ok(Exit::Done)
        })
    }
}
