//! `keybearer key`.

mod change;
mod create;
mod list;
mod revoke;

use clap::{Args, Subcommand};
use keybearer_api as api;

use super::out::Field;
use super::value::{as_word, key_id, shown, some};
use super::{Ask, Context, Environment, Exit, with};

#[derive(Args)]
pub(in crate::cli) struct Key {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Subcommand)]
enum Command {
    List(#[command(flatten)] list::List),
    /// Show a key, in whatever state, without its secret
    #[command(after_help = "Example:\n  keybearer key get 0198c5a4-9a55-7c6b-8f0e-3f1f2f0c4d11")]
    Get {
        /// Id of the key
        key: String,
    },
    Create(#[command(flatten)] create::Create),
    Change(#[command(flatten)] change::Change),
    Revoke(#[command(flatten)] revoke::Revoke),
}

impl Key {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        with(&self.ask, environment, async |context: &Context| match self.command {
            Command::List(command) => command.run(context).await,
            Command::Get { key } => {
                let key = context.client.keys().get(key_id(&key)?).await?;
                context.out.thing(&key, fields(&key))?;
                Ok(Exit::Done)
            }
            Command::Create(command) => command.run(context).await,
            Command::Change(command) => command.run(context).await,
            Command::Revoke(command) => command.run(context).await,
        })
    }
}

/// A thing by its name, or by its id where the name is gone.
pub(super) fn named(thing: &api::Named) -> String {
    thing.name.clone().unwrap_or_else(|| thing.id.to_string())
}

/// What there is to see of a key.
pub(super) fn fields(key: &api::Key) -> Vec<Field> {
    vec![
        ("id", some(Some(key.id))),
        ("kind", Some(as_word(&key.kind))),
        ("name", Some(key.name.clone())),
        ("state", Some(as_word(&key.state))),
        ("reason", key.reason.clone()),
        ("level", some(key.level)),
        ("owner", some(key.owner)),
        ("policy", key.policy.as_ref().map(named)),
        ("service", key.service.clone()),
        ("metadata", shown(&key.metadata)),
        ("created", some(Some(key.created_at))),
        ("created by", Some(key.created_by.clone())),
        ("expires", some(key.expires_at)),
        ("revoked", some(key.revoked_at)),
        ("last used", some(key.last_used_at)),
    ]
}
