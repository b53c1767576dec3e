//! `keybearer key list`.

use clap::Args;
use keybearer_api as api;
use keybearer_api::client::KeyQuery;

use super::named;
use crate::cli::Exit;
use crate::cli::remote::value::{ago, ahead, as_word, or_none, word};
use crate::cli::remote::{Context, Outcome, policy};

/// List keys: all that you may see, newest first
#[derive(Args)]
#[command(after_help = "Examples:\n  keybearer key list --state active --expires-before 7d\n  \
                        keybearer key list --unused-since 90d --json | jq -r '.[].id'")]
pub(super) struct List {
    /// Of people or of services
    #[arg(long, value_name = "account|service", value_parser = word::<api::KeyKind>)]
    kind: Option<api::KeyKind>,
    /// Of the account with this number
    #[arg(long, value_name = "NUMBER")]
    owner: Option<i64>,
    /// With this policy, by id or name
    #[arg(long, value_name = "ID|NAME")]
    policy: Option<String>,
    /// Where they are in their lives
    #[arg(long, value_name = "active|expired|revoked", value_parser = word::<api::KeyState>)]
    state: Option<api::KeyState>,
    /// Whose name contains this, whatever its case
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Made before this moment, or longer ago than this duration
    #[arg(long, value_name = "TIME|DURATION", value_parser = ago)]
    created_before: Option<api::Timestamp>,
    /// That expire before this moment, or within this duration
    #[arg(long, value_name = "TIME|DURATION", value_parser = ahead)]
    expires_before: Option<api::Timestamp>,
    /// Not used since this moment, or for this duration; never used counts
    #[arg(long, value_name = "TIME|DURATION", value_parser = ago)]
    unused_since: Option<api::Timestamp>,
    /// created_at, name, expires_at or last_used_at, with - before it for the other way round [default: -created_at]
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    sort: Option<String>,
    /// At most so many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
}

impl List {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        let policy = match &self.policy {
            Some(policy) => Some(policy::find(context, policy).await?),
            None => None,
        };
        let query = KeyQuery {
            kind: self.kind,
            owner: self.owner,
            policy,
            state: self.state,
            name: self.name,
            created_before: self.created_before,
            expires_before: self.expires_before,
            unused_since: self.unused_since,
            sort: self.sort,
        };
        let keys = context.client.keys().list(&query).at_most(self.limit.unwrap_or(usize::MAX)).all().await?;
        let header = ["ID", "KIND", "NAME", "STATE", "MAY", "OWNER", "EXPIRES", "LAST USED"];
        context.out.rows(&keys, header, |key| {
            [
                key.id.to_string(),
                as_word(&key.kind),
                key.name.clone(),
                as_word(&key.state),
                key.level.map(|level| format!("level {level}")).or_else(|| key.policy.as_ref().map(named)).unwrap_or_default(),
                or_none(key.owner),
                or_none(key.expires_at),
                or_none(key.last_used_at),
            ]
        })?;
        Ok(Exit::Done)
    }
}
