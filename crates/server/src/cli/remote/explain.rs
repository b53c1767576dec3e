//! `keybearer explain`.

use clap::Args;
use keybearer_api as api;

use super::question::{self, Question};
use super::value::key_id;
use super::{Ask, Context, Environment, Exit, with};

/// Say whether a key would be good, and why, by its id
#[derive(Args)]
#[command(after_help = "Example:\n  keybearer explain 0198c5a4-9a55-7c6b-8f0e-3f1f2f0c4d11 --any-of shop:orders.refund")]
pub(in crate::cli) struct Explain {
    /// Id of the key
    key: String,
    #[command(flatten)]
    question: Question,
    #[command(flatten)]
    ask: Ask,
}

impl Explain {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        with(&self.ask, environment, async |context: &Context| {
            let Question { any_of, all_of, level, kind } = self.question;
            let asked = api::Explain { key_id: key_id(&self.key)?, any_of, all_of, level, kind };
            let explained = context.client.explain(&asked).await?;
            let mut fields = question::fields(&explained.verdict);
            fields.push(("granted by", explained.granted_by.clone()));
            fields.extend(explained.why.iter().map(|why| ("why", Some(why.clone()))));
            context.out.thing(&explained, fields)?;
            Ok(question::exit(&explained.verdict))
        })
    }
}
