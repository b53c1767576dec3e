//! `keybearer permission`.

use clap::{Args, Subcommand};
use keybearer_api as api;

use super::{Ask, Context, Environment, Exit, Failure, Outcome, with};

#[derive(Args)]
pub(in crate::cli) struct Permission {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Subcommand)]
enum Command {
    /// List permissions by full name, also those that are granted though no longer declared
    #[command(after_help = "Example:\n  keybearer permission list --json | jq -r '.[].permission'")]
    List,
    /// Declare all permissions of a service; the same again changes nothing
    #[command(after_help = "Examples:\n  keybearer permission declare shop permissions.json\n  \
                            echo '[{\"name\": \"orders.read\", \"description\": \"See orders\"}]' | keybearer permission declare shop -")]
    Declare {
        /// Name of the service
        service: String,
        /// File with a JSON list of {"name", "description"}; - for standard input
        file: String,
    },
}

impl Permission {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        with(&self.ask, environment, async |context: &Context| match self.command {
            Command::List => {
                let permissions = context.client.permissions().list().await?;
                show(context, &permissions)
            }
            Command::Declare { service, file } => declare(context, &service, &file).await,
        })
    }
}

async fn declare(context: &Context, service: &str, file: &str) -> Outcome {
    let text = context.input.file(file)?;
    let manifest: Vec<api::Declaration> = serde_json::from_str(&text)
        .map_err(|error| Failure::Local(format!("{file} is not a list of {{\"name\", \"description\"}}: {error}")))?;
    let permissions = context.client.permissions().declare(service, &manifest).await?;
    show(context, &permissions)
}

fn show(context: &Context, permissions: &[api::Permission]) -> Outcome {
    context.out.rows(permissions, ["PERMISSION", "DECLARED", "DESCRIPTION"], |permission| {
        [permission.permission.clone(), permission.declared.to_string(), permission.description.clone()]
    })?;
    Ok(Exit::Done)
}
