//! `keybearer events`.

use clap::Args;
use keybearer_api as api;
use keybearer_api::client::EventQuery;

use super::value::ago;
use super::{Ask, Context, Environment, Exit, with};

/// List the audit log, newest first; as JSON one event a line
#[derive(Args)]
#[command(
    after_help = "Examples:\n  keybearer events --action key.revoked --since 24h\n  keybearer events --target account:7 --json | jq .after"
)]
pub(in crate::cli) struct Events {
    /// Of this actor, such as account:1 or key:ID
    #[arg(long, value_name = "ACTOR")]
    actor: Option<String>,
    /// Of this action, such as key.revoked, or of a group of them, such as key
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// To this target, such as key:ID
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// At or after this moment, or within this duration
    #[arg(long, value_name = "TIME|DURATION", value_parser = ago)]
    since: Option<api::Timestamp>,
    /// Before this moment, or longer ago than this duration
    #[arg(long, value_name = "TIME|DURATION", value_parser = ago)]
    until: Option<api::Timestamp>,
    /// At most so many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
    #[command(flatten)]
    ask: Ask,
}

impl Events {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        with(&self.ask, environment, async |context: &Context| {
            let query = EventQuery { actor: self.actor, action: self.action, target: self.target, since: self.since, until: self.until };
            let mut pages = context.client.events().list(&query).at_most(self.limit.unwrap_or(usize::MAX));
            if context.out.json {
                while let Some(events) = pages.next().await? {
                    events.iter().try_for_each(|event| context.out.json_line(event))?;
                }
                return Ok(Exit::Done);
            }
            let events = pages.all().await?;
            context.out.rows(&events, ["REVISION", "AT", "ACTOR", "ACTION", "TARGET"], |event| {
                [event.revision.to_string(), event.at.to_string(), event.actor.clone(), event.action.clone(), event.target.clone()]
            })?;
            Ok(Exit::Done)
        })
    }
}
