//! `keybearer account`.

use clap::{Args, Subcommand};
use keybearer_api as api;
use keybearer_api::client::AccountQuery;

use super::out::Field;
use super::value::{as_word, metadata, or_none, shown, some, word};
use super::{Ask, Context, Environment, Exit, Outcome, with};

#[derive(Args)]
pub(in crate::cli) struct Account {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Subcommand)]
enum Command {
    /// List accounts by number
    #[command(after_help = "Example:\n  keybearer account list --role admin --json | jq -r '.[].username'")]
    List(Which),
    /// Show an account
    #[command(after_help = "Example:\n  keybearer account get 7")]
    Get {
        /// Number of the account
        account: i64,
    },
    /// Make an account
    #[command(after_help = "Examples:\n  keybearer account create bob --role support --set-password\n  \
                            keybearer account create shop-42 --external-id 42 --json")]
    Create(Create),
    /// Change an account; a lower role, a status other than active and withdrawn consent revoke all its keys
    #[command(
        after_help = "Examples:\n  keybearer account change 7 --status blocked\n  keybearer account change 7 --current-password --set-password"
    )]
    Change(Change),
    /// Delete an account with its keys and sessions
    #[command(after_help = "Example:\n  keybearer account delete 7 --yes")]
    Delete {
        /// Number of the account
        account: i64,
        /// Ask for the account's password, which its holder has to give
        #[arg(long)]
        current_password: bool,
        /// Do not ask whether to go on
        #[arg(long)]
        yes: bool,
    },
    /// Revoke all keys and end all sessions of an account, for excessive use
    #[command(after_help = "Example:\n  keybearer account revoke-keys 7 --reason 'ten million calls on Sunday'")]
    RevokeKeys {
        /// Number of the account
        account: i64,
        /// Why, in words for the audit log
        #[arg(long)]
        reason: String,
        /// Do not ask whether to go on
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
struct Which {
    /// Whose user name contains this, whatever its case
    #[arg(long)]
    username: Option<String>,
    /// Of this role
    #[arg(long)]
    role: Option<String>,
    /// Of this status
    #[arg(long, value_name = "active|locked|blocked", value_parser = word::<api::AccountStatus>)]
    status: Option<api::AccountStatus>,
    /// For whose name in an application this issuer vouches
    #[arg(long, value_name = "TEXT")]
    issuer: Option<String>,
    /// Whose name in an application is this
    #[arg(long, value_name = "TEXT")]
    external_id: Option<String>,
    /// At most so many
    #[arg(long, value_name = "NUMBER")]
    limit: Option<usize>,
}

#[derive(Args)]
struct Create {
    /// Its name
    username: String,
    /// Its role [default: user]
    #[arg(long)]
    role: Option<String>,
    /// E-mail address
    #[arg(long)]
    email: Option<String>,
    /// Unique name in the application it comes from
    #[arg(long, value_name = "TEXT")]
    external_id: Option<String>,
    /// Who vouches for that name, as its tokens say
    #[arg(long, value_name = "TEXT", requires = "external_id")]
    issuer: Option<String>,
    /// What the application keeps with it: a JSON object
    #[arg(long, value_name = "JSON", value_parser = metadata)]
    metadata: Option<api::Metadata>,
    /// Ask for a password: without echo on a terminal, else the next line of standard input
    #[arg(long)]
    set_password: bool,
}

#[derive(Args)]
struct Change {
    /// Number of the account
    account: i64,
    /// Another role
    #[arg(long)]
    role: Option<String>,
    /// Whether it is in use
    #[arg(long, value_name = "active|locked|blocked", value_parser = word::<api::AccountStatus>)]
    status: Option<api::AccountStatus>,
    /// Whether its holder consents to their data being processed
    #[arg(long, value_name = "true|false")]
    consent: Option<bool>,
    /// Another e-mail address
    #[arg(long)]
    email: Option<String>,
    /// Forget the e-mail address
    #[arg(long, conflicts_with = "email")]
    no_email: bool,
    /// Another unique name in the application it comes from
    #[arg(long, value_name = "TEXT")]
    external_id: Option<String>,
    /// Forget the name in the application
    #[arg(long, conflicts_with = "external_id")]
    no_external_id: bool,
    /// Somebody else who vouches for that name
    #[arg(long, value_name = "TEXT", conflicts_with = "no_external_id")]
    issuer: Option<String>,
    /// What the application keeps with it, replaced as a whole: a JSON object
    #[arg(long, value_name = "JSON", value_parser = metadata)]
    metadata: Option<api::Metadata>,
    /// Ask for the password so far, which a holder needs to change password or e-mail address; read before a new one
    #[arg(long)]
    current_password: bool,
    /// Ask for a new password: without echo on a terminal, else the next line of standard input
    #[arg(long)]
    set_password: bool,
}

impl Account {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        with(&self.ask, environment, async |context: &Context| match self.command {
            Command::List(which) => list(context, which).await,
            Command::Get { account } => {
                let account = context.client.accounts().get(account).await?;
                context.out.thing(&account, fields(&account))?;
                Ok(Exit::Done)
            }
            Command::Create(new) => create(context, new).await,
            Command::Change(asked) => change(context, asked).await,
            Command::Delete { account, current_password, yes } => delete(context, account, current_password, yes).await,
            Command::RevokeKeys { account, reason, yes } => revoke_keys(context, account, reason, yes).await,
        })
    }
}

async fn list(context: &Context, which: Which) -> Outcome {
    let query = AccountQuery {
        username: which.username,
        role: which.role,
        status: which.status,
        issuer: which.issuer,
        external_id: which.external_id,
    };
    let accounts = context.client.accounts().list(&query).at_most(which.limit.unwrap_or(usize::MAX)).all().await?;
    let header = ["ID", "USERNAME", "ROLE", "LEVEL", "STATUS", "CONSENT", "CREATED"];
    context.out.rows(&accounts, header, |account| {
        [
            account.id.to_string(),
            account.username.clone(),
            account.role.clone(),
            account.level.to_string(),
            as_word(&account.status),
            account.consent.to_string(),
            account.created_at.to_string(),
        ]
    })?;
    Ok(Exit::Done)
}

/// What there is to see of an account.
pub(super) fn fields(account: &api::Account) -> Vec<Field> {
    vec![
        ("id", some(Some(account.id))),
        ("username", some(Some(&account.username))),
        ("role", some(Some(&account.role))),
        ("level", some(Some(account.level))),
        ("status", Some(as_word(&account.status))),
        ("consent", some(Some(account.consent))),
        ("email", account.email.clone()),
        ("external id", account.external_id.clone()),
        ("issuer", account.issuer.clone()),
        ("metadata", shown(&account.metadata)),
        ("has password", some(Some(account.has_password))),
        ("created", some(Some(account.created_at))),
    ]
}

async fn create(context: &Context, new: Create) -> Outcome {
    let password = if new.set_password { Some(context.input.new_password()?.to_string()) } else { None };
    let new = api::NewAccount {
        username: new.username,
        password,
        role: new.role,
        email: new.email,
        external_id: new.external_id,
        issuer: new.issuer,
        metadata: new.metadata,
    };
    let account = context.client.accounts().create(&new).await?;
    context.out.thing(&account, fields(&account))?;
    Ok(Exit::Done)
}

async fn change(context: &Context, asked: Change) -> Outcome {
    let current_password = if asked.current_password { Some(context.input.secret("current password")?.to_string()) } else { None };
    let password = if asked.set_password { Some(context.input.new_password()?.to_string()) } else { None };
    let cleared = |cleared: bool, value: Option<String>| if cleared { Some(None) } else { value.map(Some) };
    let change = api::ChangeAccount {
        role: asked.role,
        status: asked.status,
        consent: asked.consent,
        password,
        current_password,
        email: cleared(asked.no_email, asked.email),
        external_id: cleared(asked.no_external_id, asked.external_id),
        issuer: asked.issuer.map(Some),
        metadata: asked.metadata,
    };
    let changed = context.client.accounts().change(asked.account, &change).await?;
    let mut fields = fields(&changed.account);
    fields.push(("revoked keys", some(Some(changed.revoked_keys))));
    fields.push(("ended sessions", some(Some(changed.ended_sessions))));
    for key in changed.live_keys.iter().flatten() {
        fields.push(("live key", some(Some(key))));
    }
    context.out.thing(&changed, fields)?;
    Ok(Exit::Done)
}

async fn delete(context: &Context, account: i64, current_password: bool, yes: bool) -> Outcome {
    context.input.confirm(yes, &format!("Delete account {account} with its keys and sessions?"))?;
    let password = if current_password { Some(context.input.secret("current password")?.to_string()) } else { None };
    context.client.accounts().delete(account, &api::CurrentPassword { current_password: password }).await?;
    context.out.done(&format!("Account {account} is deleted."));
    Ok(Exit::Done)
}

async fn revoke_keys(context: &Context, account: i64, reason: String, yes: bool) -> Outcome {
    context.input.confirm(yes, &format!("Revoke all keys and end all sessions of account {account}?"))?;
    let revoked = context.client.accounts().revoke_keys(account, &api::RevokeKeys { reason }).await?;
    let fields = [("revoked keys", or_none(Some(revoked.revoked_keys))), ("ended sessions", or_none(Some(revoked.ended_sessions)))];
    context.out.thing(&revoked, fields.map(|(name, value)| (name, Some(value))))?;
    Ok(Exit::Done)
}
