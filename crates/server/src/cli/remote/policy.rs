//! `keybearer policy`.

mod edit;

use clap::{Args, Subcommand};
use keybearer_api as api;
use uuid::Uuid;

use super::out::Field;
use super::value::some;
use super::{Ask, Context, Environment, Exit, Failure, Outcome, with};

#[derive(Args)]
pub(in crate::cli) struct Policy {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Subcommand)]
enum Command {
    /// List policies by name
    #[command(after_help = "Example:\n  keybearer policy list --json | jq -r '.[] | select(.keys == 0) | .name'")]
    List,
    /// Show a policy
    #[command(after_help = "Example:\n  keybearer policy get 'front desk'")]
    Get {
        /// Id or name
        policy: String,
    },
    /// Make a policy of declared permissions
    #[command(
        after_help = "Example:\n  keybearer policy create 'front desk' --permission shop:orders.read --permission shop:orders.refund"
    )]
    Create {
        /// Its unique name
        name: String,
        /// What it grants, by full name; may be given more than once
        #[arg(long = "permission", value_name = "SERVICE:NAME")]
        permissions: Vec<String>,
    },
    /// Replace a policy as a whole: the rights of every key that uses it change at once
    #[command(after_help = "Example:\n  keybearer policy put 'front desk' --permission shop:orders.read")]
    Put {
        /// Id or name
        policy: String,
        /// Another unique name
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// All that it grants from now on, by full name; may be given more than once, or not at all
        #[arg(long = "permission", value_name = "SERVICE:NAME")]
        permissions: Vec<String>,
    },
    Edit(#[command(flatten)] edit::Edit),
    /// Delete a policy; keys that use it prevent that
    #[command(after_help = "Example:\n  keybearer policy delete 'front desk' --cascade")]
    Delete {
        /// Id or name
        policy: String,
        /// Revoke the keys that use it
        #[arg(long)]
        cascade: bool,
        /// Do not ask whether to go on
        #[arg(long)]
        yes: bool,
    },
}

impl Policy {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        with(&self.ask, environment, async |context: &Context| match self.command {
            Command::List => list(context).await,
            Command::Get { policy } => {
                let policy = context.client.policies().get(find(context, &policy).await?).await?;
                show(context, &policy.item)
            }
            Command::Create { name, permissions } => {
                let policy = context.client.policies().create(&api::NewPolicy { name, permissions }).await?;
                show(context, &policy.item)
            }
            Command::Put { policy, name, permissions } => put(context, &policy, name, permissions).await,
            Command::Edit(edit) => edit.run(context).await,
            Command::Delete { policy, cascade, yes } => delete(context, &policy, cascade, yes).await,
        })
    }
}

/// The id of a policy that is given by id or by name.
pub(super) async fn find(context: &Context, text: &str) -> Result<Uuid, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let policies = context.client.policies().list().await?;
    // Names are unique ignoring case.
    let exact = policies.iter().find(|policy| policy.name == text);
    let found = exact.or_else(|| policies.iter().find(|policy| policy.name.to_lowercase() == text.trim().to_lowercase()));
    found
        .map(|policy| policy.id)
        .ok_or_else(|| Failure::NotFound(format!("there is no policy {text:?}; `keybearer policy list` shows them")))
}

async fn list(context: &Context) -> Outcome {
    let policies = context.client.policies().list().await?;
    context.out.rows(&policies, ["ID", "NAME", "KEYS", "PERMISSIONS"], |policy| {
        [policy.id.to_string(), policy.name.clone(), policy.keys.to_string(), policy.permissions.join(" ")]
    })?;
    Ok(Exit::Done)
}

fn show(context: &Context, policy: &api::Policy) -> Outcome {
    let fields: [Field; 5] = [
        ("id", some(Some(policy.id))),
        ("name", Some(policy.name.clone())),
        ("keys", some(Some(policy.keys))),
        ("created", some(Some(policy.created_at))),
        ("created by", Some(policy.created_by.clone())),
    ];
    let permissions = policy.permissions.iter().map(|permission| ("permission", Some(permission.clone())));
    context.out.thing(policy, fields.into_iter().chain(permissions))?;
    Ok(Exit::Done)
}

async fn put(context: &Context, policy: &str, name: Option<String>, permissions: Vec<String>) -> Outcome {
    let id = find(context, policy).await?;
    let (name, etag) = match name {
        Some(name) => (name, None),
        None => {
            let known = context.client.policies().get(id).await?;
            (known.item.name, known.etag)
        }
    };
    let policy = context.client.policies().put(id, &api::PutPolicy { name, permissions }, etag.as_deref()).await?;
    show(context, &policy.item)
}

async fn delete(context: &Context, policy: &str, cascade: bool, yes: bool) -> Outcome {
    let id = find(context, policy).await?;
    let keys = if cascade { " and revoke the keys that use it" } else { "" };
    context.input.confirm(yes, &format!("Delete policy {id}{keys}?"))?;
    context.client.policies().delete(id, cascade, None).await?;
    context.out.done(&format!("Policy {id} is deleted."));
    Ok(Exit::Done)
}
