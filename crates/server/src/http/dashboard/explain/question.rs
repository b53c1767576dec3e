//! What is asked: which key, and what would be demanded of it. Read from the form or the address, and written into the address.

use keybearer_core::key::KeyKind;
use keybearer_core::permission::Permission;
use keybearer_core::requirement::Requirement;
use keybearer_core::role::Level;
use keybearer_core::token::{Credential, KeyId};

use crate::http::dashboard::fields::Fields;
use crate::http::dashboard::texts::msg;
use crate::http::dashboard::visit::Visit;

/// Where the page is.
const PATH: &str = "/explain";

/// The field with the key.
pub(super) const KEY: &str = "key";

/// What may stand in the address.
const WRITTEN: [&str; 6] = ["ask", "kind", "level", "match", "permissions", "more"];

/// Chooses what is chosen where nothing was: any valid key, and each of the permissions.
pub(super) fn begin(fields: &mut Fields) {
    for (name, usual) in [("ask", "any"), ("match", "all")] {
        if fields.value(name).is_empty() {
            fields.set(name, usual);
        }
    }
}

/// The id of the key that was named by its id, or by all of it. Only the id stays in the form: what cannot be read may be most of a key.
pub(super) fn key(visit: &Visit, fields: &mut Fields) -> Option<KeyId> {
    let text = fields.value(KEY).trim();
    let problem = if text.is_empty() { msg("explain-key-missing") } else { msg("explain-key-unreadable") };
    let id = text.parse().ok().or_else(|| Credential::parse(text).ok().map(|credential| credential.id));
    match id {
        Some(id) => fields.set(KEY, &id.to_string()),
        None => {
            fields.clear(KEY);
            fields.blame(KEY, visit.t(problem));
        }
    }
    id
}

/// What is demanded of it.
pub(super) fn requirement(visit: &Visit, fields: &mut Fields) -> Option<Requirement> {
    match fields.value("ask") {
        "level" => {
            let level = fields.value("level").parse().ok().and_then(|level| Level::new(level).ok());
            if level.is_none() {
                fields.blame("level", visit.t("level-missing"));
            }
            level.map(Requirement::Level)
        }
        "permissions" => permissions(visit, fields),
        _ => {
            let kind = [KeyKind::Account, KeyKind::Service].into_iter().find(|kind| kind.as_str() == fields.value("kind"));
            Some(Requirement::Valid { kind })
        }
    }
}

fn permissions(visit: &Visit, fields: &mut Fields) -> Option<Requirement> {
    let typed = fields.value("more").split([' ', ',', ';', '\t', '\r', '\n']).filter(|name| !name.is_empty());
    let mut permissions: Vec<Permission> = Vec::new();
    let mut wrong = Vec::new();
    for name in fields.all("permissions").chain(typed) {
        match name.parse() {
            Ok(permission) if permissions.contains(&permission) => {}
            Ok(permission) => permissions.push(permission),
            Err(_) => wrong.push(name.to_owned()),
        }
    }
    if wrong.iter().any(|name| Credential::parse(name).is_ok()) {
        fields.clear("more");
        fields.blame("more", visit.t("explain-more-is-key"));
        return None;
    }
    if !wrong.is_empty() {
        fields.blame("more", visit.t1("explain-permission-wrong", "names", wrong.join(", ")));
        return None;
    }
    if permissions.is_empty() {
        fields.blame("permissions", visit.t("explain-permissions-missing"));
        return None;
    }
    let (any_of, all_of) = if fields.value("match") == "any" { (permissions, Vec::new()) } else { (Vec::new(), permissions) };
    Some(Requirement::Permissions { any_of, all_of })
}

/// The address that asks this.
pub(super) fn address(key: KeyId, fields: &Fields) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair(KEY, &key.to_string());
    for name in WRITTEN.into_iter().filter(|name| belongs(name, fields.value("ask"))) {
        query.extend_pairs(fields.all(name).filter(|value| !value.is_empty()).map(|value| (name, value)));
    }
    format!("{PATH}?{}", query.finish())
}

/// Whether a field says something of what is asked, or of one of the other choices.
fn belongs(name: &str, ask: &str) -> bool {
    match name {
        "kind" => !matches!(ask, "level" | "permissions"),
        "level" => ask == "level",
        "match" | "permissions" | "more" => ask == "permissions",
        _ => true,
    }
}
