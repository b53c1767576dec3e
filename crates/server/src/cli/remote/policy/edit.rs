//! `keybearer policy edit`.

use clap::Args;
use keybearer_api as api;

use super::{find, show};
use crate::cli::remote::{Context, Failure, Outcome};

/// Change a policy in part, if nobody else has changed it meanwhile
#[derive(Args)]
#[command(after_help = "Example:\n  keybearer policy edit 'front desk' --grant shop:orders.refund --withdraw shop:orders.delete")]
pub(super) struct Edit {
    /// Id or name
    policy: String,
    /// Another unique name
    #[arg(long, value_name = "TEXT", required_unless_present_any = ["grant", "withdraw"])]
    name: Option<String>,
    /// What it is to grant as well, by full name; may be given more than once
    #[arg(long, value_name = "SERVICE:NAME")]
    grant: Vec<String>,
    /// What it is to grant no longer; may be given more than once
    #[arg(long, value_name = "SERVICE:NAME")]
    withdraw: Vec<String>,
}

impl Edit {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        let id = find(context, &self.policy).await?;
        let known = context.client.policies().get(id).await?;
        let mut permissions = known.item.permissions;
        for withdrawn in &self.withdraw {
            let granted = permissions.len();
            permissions.retain(|permission| permission != withdrawn);
            // Otherwise a slip of the pen would leave a right in place that somebody believes to be gone.
            if permissions.len() == granted {
                return Err(Failure::NotFound(format!("the policy does not grant {withdrawn:?}, so it cannot be withdrawn")));
            }
        }
        permissions.extend(self.grant.into_iter().filter(|new| !known_already(&permissions, new)).collect::<Vec<_>>());
        let policy = api::PutPolicy { name: self.name.unwrap_or(known.item.name), permissions };
        let policy = context.client.policies().put(id, &policy, known.etag.as_deref()).await?;
        show(context, &policy.item)
    }
}

fn known_already(permissions: &[String], new: &str) -> bool {
    permissions.iter().any(|permission| permission == new)
}
