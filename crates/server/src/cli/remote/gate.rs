//! `keybearer gate`.

use clap::{Args, Subcommand};
use keybearer_api as api;

use super::out::Field;
use super::value::{as_word, some, word};
use super::{Ask, Context, Environment, Exit, Failure, Outcome, with};

#[derive(Args)]
pub(in crate::cli) struct Gate {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Subcommand)]
enum Command {
    /// List gates by name, but for the built-in one, `any`
    #[command(after_help = "Example:\n  keybearer gate list --json | jq -r '.[].name'")]
    List,
    /// Show a gate
    #[command(after_help = "Example:\n  keybearer gate show orders --json > orders.json")]
    Show {
        /// Its name
        gate: String,
    },
    Set(#[command(flatten)] Box<Set>),
    /// Delete a gate: proxies that ask it let nobody pass any more
    #[command(after_help = "Example:\n  keybearer gate delete orders")]
    Delete {
        /// Its name
        gate: String,
        /// Do not ask whether to go on
        #[arg(long)]
        yes: bool,
    },
}

/// Define a gate as a whole, whether there is one of that name or not
#[derive(Args)]
#[command(
    after_help = "Examples:\n  keybearer gate set orders --any-of shop:orders.read --any-of shop:orders.write --carrier bearer\n  keybearer gate set orders --file orders.json"
)]
struct Set {
    /// Its name: a lower-case letter, then lower-case letters, digits, dots, underscores and dashes
    gate: String,
    /// A permission of which one suffices; may be given more than once
    #[arg(long, value_name = "SERVICE:NAME")]
    any_of: Vec<String>,
    /// A permission that is needed; may be given more than once
    #[arg(long, value_name = "SERVICE:NAME")]
    all_of: Vec<String>,
    /// The least level, 0 to 8
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    level: Option<i64>,
    /// The kind of key: account or service
    #[arg(long, value_name = "KIND", value_parser = word::<api::KeyKind>)]
    kind: Option<api::KeyKind>,
    /// Where it looks for a key: bearer, basic, x-api-key or catena-api-key; may be given more than once; without, everywhere
    #[arg(long = "carrier", value_name = "CARRIER", value_parser = word::<api::Carrier>)]
    carriers: Vec<api::Carrier>,
    /// What it tells of the key: x-key-id, x-owner-id, x-key-level or x-permissions; may be given more than once; without, everything
    #[arg(long = "header", value_name = "HEADER", value_parser = word::<api::IdentityHeader>)]
    headers: Vec<api::IdentityHeader>,
    /// A file with the gate as JSON, as `gate show --json` prints it; - is standard input. Rules can be given only so
    #[arg(long, value_name = "FILE", conflicts_with_all = ["any_of", "all_of", "level", "kind", "carriers", "headers"])]
    file: Option<String>,
}

impl Gate {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        with(&self.ask, environment, async |context: &Context| match self.command {
            Command::List => list(context).await,
            Command::Show { gate } => show(context, &context.client.gates().get(&gate).await?.item),
            Command::Set(set) => set.run(context).await,
            Command::Delete { gate, yes } => {
                context.input.confirm(yes, &format!("Delete gate {gate}? Proxies that ask it let nobody pass any more."))?;
                context.client.gates().delete(&gate, None).await?;
                context.out.done(&format!("Gate {gate} is deleted."));
                Ok(Exit::Done)
            }
        })
    }
}

impl Set {
    async fn run(self, context: &Context) -> Outcome {
        let gate = match &self.file {
            Some(file) => read(&context.input.file(file)?)?,
            None => api::PutGate {
                carriers: (!self.carriers.is_empty()).then_some(self.carriers),
                headers: (!self.headers.is_empty()).then_some(self.headers),
                any_of: self.any_of,
                all_of: self.all_of,
                level: self.level,
                kind: self.kind,
                rules: Vec::new(),
            },
        };
        show(context, &context.client.gates().put(&self.gate, &gate, None).await?.item)
    }
}

/// A gate as it is to be, or as it was shown.
fn read(text: &str) -> Result<api::PutGate, Failure> {
    let shown = serde_json::from_str::<api::Gate>(text).map(api::PutGate::from);
    let read = shown.or_else(|_| serde_json::from_str::<api::PutGate>(text));
    read.map_err(|error| Failure::Usage(format!("the file is no gate as JSON: {error}")))
}

async fn list(context: &Context) -> Outcome {
    let gates = context.client.gates().list().await?;
    context.out.rows(&gates, ["NAME", "REQUIRES", "RULES"], |gate| {
        [gate.name.clone(), requires(&gate.any_of, &gate.all_of, gate.level, gate.kind), gate.rules.len().to_string()]
    })?;
    Ok(Exit::Done)
}

fn show(context: &Context, gate: &api::Gate) -> Outcome {
    let words = |words: Vec<String>| Some(words.join(" ")).filter(|words| !words.is_empty());
    let fields: [Field; 6] = [
        ("name", Some(gate.name.clone())),
        ("requires", Some(requires(&gate.any_of, &gate.all_of, gate.level, gate.kind))),
        ("carriers", words(gate.carriers.iter().map(as_word).collect())),
        ("headers", words(gate.headers.iter().map(as_word).collect())),
        ("created", some(Some(gate.created_at))),
        ("created by", Some(gate.created_by.clone())),
    ];
    let rules = gate.rules.iter().map(|rule| ("rule", Some(told(rule))));
    context.out.thing(gate, fields.into_iter().chain(rules))?;
    Ok(Exit::Done)
}

fn told(rule: &api::GateRule) -> String {
    let methods = if rule.methods.is_empty() { "*".to_owned() } else { rule.methods.join(",") };
    let path = rule.path.as_deref().unwrap_or("*");
    format!("{methods} {path}: {}", requires(&rule.any_of, &rule.all_of, rule.level, rule.kind))
}

/// What a key must meet, in words.
fn requires(any_of: &[String], all_of: &[String], level: Option<i64>, kind: Option<api::KeyKind>) -> String {
    let level = level.map(|level| format!("level {level}"));
    let kind = kind.map(|kind| format!("kind {}", as_word(&kind)));
    let any_of = (!any_of.is_empty()).then(|| format!("any of {}", any_of.join(" ")));
    let all_of = (!all_of.is_empty()).then(|| format!("all of {}", all_of.join(" ")));
    let parts: Vec<String> = [level, kind, any_of, all_of].into_iter().flatten().collect();
    if parts.is_empty() { "any valid key".to_owned() } else { parts.join(", ") }
}
