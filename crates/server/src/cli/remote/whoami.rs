//! `keybearer whoami`.

use clap::Args;

use super::value::{as_word, some};
use super::{Ask, Context, Environment, Exit, account, key, with};

/// Show what your credential is and may do
#[derive(Args)]
#[command(after_help = "Example:\n  keybearer whoami --json | jq .level")]
pub(in crate::cli) struct Whoami {
    #[command(flatten)]
    ask: Ask,
}

impl Whoami {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        with(&self.ask, environment, async |context: &Context| {
            let who = context.client.whoami().await?;
            let mut fields = vec![
                ("credential", Some(as_word(&who.credential))),
                ("level in force", some(who.level)),
                ("permissions", who.permissions.as_ref().map(|permissions| permissions.join(" "))),
            ];
            fields.extend(who.account.iter().flat_map(account::fields));
            fields.extend(who.key.iter().flat_map(key::fields));
            context.out.thing(&who, fields)?;
            Ok(Exit::Done)
        })
    }
}
