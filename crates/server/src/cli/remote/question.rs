//! What is asked of a key, and how the answer is shown.

use clap::Args;
use keybearer_api as api;

use super::key::named;
use super::out::Field;
use super::value::{as_word, shown, some, word};
use crate::cli::Exit;

/// What is asked of a key beyond that it is good.
#[derive(Args)]
pub(super) struct Question {
    /// A permission, by full name, of which one suffices; may be given more than once
    #[arg(long, value_name = "SERVICE:NAME")]
    pub(super) any_of: Vec<String>,
    /// A permission, by full name, that is needed; may be given more than once
    #[arg(long, value_name = "SERVICE:NAME")]
    pub(super) all_of: Vec<String>,
    /// The least level, from 0 to 8; not together with permissions
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["any_of", "all_of"])]
    pub(super) level: Option<i64>,
    /// The kind of key, where only one will do
    #[arg(long, value_name = "account|service", value_parser = word::<api::KeyKind>)]
    pub(super) kind: Option<api::KeyKind>,
}

/// What there is to see of an answer.
pub(super) fn fields(verdict: &api::Verdict) -> Vec<Field> {
    let mut fields = vec![("valid", some(Some(verdict.valid))), ("code", Some(as_word(&verdict.code)))];
    if let Some(missing) = &verdict.missing {
        let listed = |names: &[String]| (!names.is_empty()).then(|| names.join(" "));
        fields.push(("lacks one of", listed(&missing.any_of)));
        fields.push(("lacks", listed(&missing.all_of)));
        fields.push(("needs level", some(missing.level)));
        fields.push(("needs kind", missing.kind.as_ref().map(as_word)));
    }
    if let Some(key) = &verdict.key {
        fields.push(("key", some(Some(key.id))));
        fields.push(("kind", Some(as_word(&key.kind))));
        fields.push(("name", Some(key.name.to_string())));
        fields.push(("owner", some(key.owner)));
        fields.push(("external id", key.external_id.as_deref().map(str::to_owned)));
        fields.push(("level in force", some(key.level)));
        fields.push(("policy", key.policy.as_ref().map(named)));
        fields.push(("permissions", key.permissions.as_ref().map(|permissions| permissions.join(" "))));
        fields.push(("metadata", shown(&key.metadata)));
        fields.push(("expires", some(key.expires_at)));
    }
    fields
}

/// A key that is no good is an answer for the server, and an exit code of its own for scripts.
pub(super) fn exit(verdict: &api::Verdict) -> Exit {
    if verdict.valid { Exit::Done } else { Exit::Denied }
}
