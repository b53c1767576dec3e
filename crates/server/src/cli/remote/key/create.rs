//! `keybearer key create`.

use clap::Args;
use keybearer_api as api;

use super::fields;
use crate::cli::Exit;
use crate::cli::remote::value::{metadata, seconds};
use crate::cli::remote::{Context, Outcome, policy};

/// Make a key: with --level one of a person, with --policy one of a service
#[derive(Args)]
#[command(after_help = "Examples:\n  keybearer key create laptop --level 3 --expires-in 30d\n  \
                        keybearer key create 'desk 1' --policy 'front desk' --json | jq -r .token\n  \
                        keybearer key create ci --level 1 --token-only > token")]
pub(super) struct Create {
    /// Its name; of keys of services unique
    name: String,
    /// What a person's key may, from 0 to 8
    #[arg(long, value_name = "NUMBER", required_unless_present = "policy", conflicts_with = "policy")]
    level: Option<i64>,
    /// The policy of a service's key, by id or name
    #[arg(long, value_name = "ID|NAME")]
    policy: Option<String>,
    /// How long it lives; without, a person's key has the server's default lifetime, and a service's lives for ever
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    expires_in: Option<i64>,
    /// Number of the account whose key it is to be; without, yours
    #[arg(long, value_name = "NUMBER", conflicts_with = "policy")]
    owner: Option<i64>,
    /// The service for which a service's key may declare permissions
    #[arg(long, value_name = "NAME", conflicts_with = "level")]
    service: Option<String>,
    /// What applications keep with it: a JSON object
    #[arg(long, value_name = "JSON", value_parser = metadata)]
    metadata: Option<api::Metadata>,
    /// Print the token and nothing else
    #[arg(long, conflicts_with = "json")]
    token_only: bool,
}

impl Create {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        let policy_id = match &self.policy {
            Some(policy) => Some(policy::find(context, policy).await?),
            None => None,
        };
        let new = api::NewKey {
            name: self.name,
            level: self.level,
            policy_id,
            expires_in: self.expires_in,
            owner: self.owner,
            service: self.service,
            metadata: self.metadata,
        };
        let created = context.client.keys().create(&new).await?;
        if self.token_only {
            context.out.print(&created.token)?;
            return Ok(Exit::Done);
        }
        let secrets = [("token", Some(created.token.clone())), ("secret", Some(created.secret.clone()))];
        context.out.thing(&created, secrets.into_iter().chain(fields(&created.key)))?;
        context.out.note("Keep the token, or the pair of id and secret, now: nobody can show it again.");
        Ok(Exit::Done)
    }
}
