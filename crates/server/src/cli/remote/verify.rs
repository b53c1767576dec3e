//! `keybearer verify`.

use clap::Args;
use keybearer_api as api;

use super::question::{self, Question};
use super::{Ask, Context, Environment, Exit, Failure, with};

/// Ask whether a key is good: it is read without echo from a terminal, else from standard input or a file
#[derive(Args)]
#[command(
    after_help = "Examples:\n  keybearer verify --any-of shop:orders.read < key.txt && echo welcome\n  keybearer verify --file key.txt --level 4"
)]
pub(in crate::cli) struct Verify {
    /// File whose first line is the key: a token, or a pair id:secret
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    #[command(flatten)]
    question: Question,
    #[command(flatten)]
    ask: Ask,
}

impl Verify {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        with(&self.ask, environment, async |context: &Context| {
            let key = match &self.file {
                Some(file) => {
                    let text = context.input.file(file)?;
                    let line = text.lines().next().unwrap_or_default().trim();
                    if line.is_empty() {
                        return Err(Failure::Local(format!("{file} has no key in its first line")));
                    }
                    line.to_owned()
                }
                None => context.input.secret("key")?.trim().to_owned(),
            };
            let Question { any_of, all_of, level, kind } = self.question;
            let verdict = context.client.verify(&api::Verify { key: key.into(), any_of, all_of, level, kind }).await?;
            context.out.thing(&verdict, question::fields(&verdict))?;
            Ok(question::exit(&verdict))
        })
    }
}
