//! `keybearer session`.

use clap::{Args, Subcommand};
use keybearer_api as api;

use super::{Ask, Context, Environment, Exit, Failure, Outcome, with, without_credential};

#[derive(Args)]
pub(in crate::cli) struct Session {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Subcommand)]
enum Command {
    /// Sign in: asks for the password, without echo on a terminal, else on standard input, and prints the token of a session
    #[command(after_help = "Example:\n  export KEYBEARER_TOKEN=$(keybearer session create ada)")]
    Create {
        /// Name of the account
        username: String,
    },
    /// List the sessions of an account that have not ended, newest first
    #[command(after_help = "Example:\n  keybearer session list")]
    List {
        /// Number of the account; without, yours
        #[arg(long, value_name = "NUMBER")]
        account: Option<i64>,
    },
    /// Sign out: end a session
    #[command(after_help = "Example:\n  keybearer session end current")]
    End {
        /// Its id, or `current`
        session: String,
    },
}

impl Session {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        match self.command {
            Command::Create { username } => {
                without_credential(&self.ask, environment, async |context: &Context| create(context, username).await)
            }
            Command::List { account } => with(&self.ask, environment, async |context: &Context| list(context, account).await),
            Command::End { session } => with(&self.ask, environment, async |context: &Context| end(context, &session).await),
        }
    }
}

async fn create(context: &Context, username: String) -> Outcome {
    let password = context.input.secret("password")?.to_string();
    let created = context.client.sessions().create(&api::SignIn { username, password }).await?;
    if context.out.json {
        context.out.json(&created)?;
    } else {
        context.out.print(&created.token)?;
    }
    context.out.note(&format!("Signed in as {} until {}.", created.account.username, created.expires_at));
    Ok(Exit::Done)
}

async fn list(context: &Context, account: Option<i64>) -> Outcome {
    let sessions = context.client.sessions().list(account).await?;
    context.out.rows(&sessions, ["ID", "ACCOUNT", "CREATED", "EXPIRES", "CURRENT"], |session| {
        [
            session.id.to_string(),
            session.account.to_string(),
            session.created_at.to_string(),
            session.expires_at.to_string(),
            session.current.to_string(),
        ]
    })?;
    Ok(Exit::Done)
}

async fn end(context: &Context, session: &str) -> Outcome {
    if session == "current" {
        context.client.sessions().end_current().await?;
    } else {
        let id = session
            .parse()
            .map_err(|_| Failure::Usage("a session is named by its id, which `keybearer session list` shows, or `current`".to_owned()))?;
        context.client.sessions().end(id).await?;
    }
    context.out.done("The session has ended.");
    Ok(Exit::Done)
}
