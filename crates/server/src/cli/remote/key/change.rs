//! `keybearer key change`.

use clap::Args;
use keybearer_api as api;

use super::fields;
use crate::cli::Exit;
use crate::cli::remote::value::{key_id, metadata};
use crate::cli::remote::{Context, Outcome, policy};

/// Rename a key of a service, or give it another policy: its rights change at once
#[derive(Args)]
#[command(after_help = "Example:\n  keybearer key change 0198c5a4-9a55-7c6b-8f0e-3f1f2f0c4d11 --policy 'back office'")]
pub(super) struct Change {
    /// Id of the key
    key: String,
    /// Another unique name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Another policy, by id or name
    #[arg(long, value_name = "ID|NAME")]
    policy: Option<String>,
    /// What applications keep with it, replaced as a whole: a JSON object
    #[arg(long, value_name = "JSON", value_parser = metadata)]
    metadata: Option<api::Metadata>,
}

impl Change {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        let id = key_id(&self.key)?;
        let policy_id = match &self.policy {
            Some(policy) => Some(policy::find(context, policy).await?),
            None => None,
        };
        let change = api::ChangeKey { name: self.name, policy_id, metadata: self.metadata };
        let key = context.client.keys().change(id, &change).await?;
        context.out.thing(&key, fields(&key))?;
        Ok(Exit::Done)
    }
}
