//! `keybearer key revoke`.

use clap::Args;
use keybearer_api as api;
use keybearer_api::RevokeOutcome;
use keybearer_api::client::Error;
use uuid::Uuid;

use crate::cli::Exit;
use crate::cli::remote::value::{as_word, key_id};
use crate::cli::remote::{Context, Failure, Outcome};

/// The most keys of a call.
const MOST: usize = 200;

/// Revoke keys: they are dead everywhere when the command returns
#[derive(Args)]
#[command(after_help = "Examples:\n  keybearer key revoke 0198c5a4-9a55-7c6b-8f0e-3f1f2f0c4d11 --descendants\n  \
                        keybearer key list --unused-since 90d --json | jq -r '.[].id' | xargs keybearer key revoke --yes")]
pub(super) struct Revoke {
    /// Ids of the keys
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    /// Revoke also what they made, and what that made
    #[arg(long)]
    descendants: bool,
    /// Do not ask whether to go on
    #[arg(long)]
    yes: bool,
}

impl Revoke {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        let ids: Vec<Uuid> = self.keys.iter().map(|key| key_id(key)).collect::<Result<_, _>>()?;
        let what = if let [id] = &*ids { format!("key {id}") } else { format!("{} keys", ids.len()) };
        let more = if self.descendants { " and all that they made" } else { "" };
        context.input.confirm(self.yes, &format!("Revoke {what}{more}? There is no way back."))?;
        let mut results = Vec::new();
        let done = match &*ids {
            [id] => {
                context.client.keys().revoke(*id, self.descendants).await?;
                results.push(api::RevokedOne { id: *id, outcome: RevokeOutcome::Revoked });
                Ok(())
            }
            _ if self.descendants => one_by_one(context, &ids, &mut results).await,
            _ => in_groups(context, &ids, &mut results).await,
        };
        // What is revoked stays so, whatever happened to the rest.
        let revoked = api::RevokedMany { results };
        if done.is_ok() || !revoked.results.is_empty() {
            if context.out.json {
                context.out.json(&revoked)?;
            } else {
                context.out.rows(&revoked.results, ["ID", "OUTCOME"], |one| [one.id.to_string(), as_word(&one.outcome)])?;
            }
        }
        done?;
        let any = |outcome| revoked.results.iter().any(|one| one.outcome == outcome);
        Ok(match () {
            () if any(RevokeOutcome::Refused) => Exit::Refused,
            () if any(RevokeOutcome::NotFound) => Exit::NotFound,
            () => Exit::Done,
        })
    }
}

async fn in_groups(context: &Context, ids: &[Uuid], results: &mut Vec<api::RevokedOne>) -> Result<(), Failure> {
    for some in ids.chunks(MOST) {
        results.append(&mut context.client.keys().revoke_many(some).await?.results);
    }
    Ok(())
}

/// There is no call that revokes the descendants of many.
async fn one_by_one(context: &Context, ids: &[Uuid], results: &mut Vec<api::RevokedOne>) -> Result<(), Failure> {
    for id in ids {
        let outcome = match context.client.keys().revoke(*id, true).await {
            Ok(()) => RevokeOutcome::Revoked,
            Err(Error::Problem { problem, .. }) if problem.status == 404 => RevokeOutcome::NotFound,
            Err(Error::Problem { problem, .. }) if problem.status == 403 => RevokeOutcome::Refused,
            Err(error) => return Err(error.into()),
        };
        results.push(api::RevokedOne { id: *id, outcome });
    }
    Ok(())
}
