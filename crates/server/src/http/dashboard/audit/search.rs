//! Which events are asked for: read from the address, and written into it again.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use keybearer_core::name::canonical;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::{EventFilter, What};

use super::words;
use crate::error::AppError;
use crate::http::dashboard::fields::Fields;
use crate::http::dashboard::visit::Visit;
use crate::ops;

/// Where the list is.
pub(super) const PATH: &str = "/dashboard/audit";
/// Where all of it is, as lines of JSON.
pub(super) const DOWNLOAD: &str = "/dashboard/audit/events.jsonl";

/// What the address filters by.
const FILTERS: [&str; 5] = ["actor", "action", "target", "since", "until"];

/// How actors and targets begin as events write them.
const CODES: [&str; 5] = ["account:", "key:", "policy:", "session:", "service:"];

/// Actions to choose from, that belong together.
pub(super) struct Group {
    pub(super) code: &'static str,
    pub(super) label: &'static str,
    pub(super) chosen: bool,
    /// Code, message, and whether it is chosen.
    pub(super) actions: Vec<(&'static str, &'static str, bool)>,
}

/// All actions to choose from.
pub(super) fn actions(fields: &Fields) -> Vec<Group> {
    let asked = fields.value("action");
    let group = |(code, label, actions): &(&'static str, &'static str, &[&'static str])| Group {
        code,
        label,
        chosen: *code == asked,
        actions: actions.iter().map(|action| (*action, words::what(action).label, *action == asked)).collect(),
    };
    words::GROUPS.iter().map(group).collect()
}

fn is_known(action: &str) -> bool {
    words::GROUPS.iter().any(|(code, _, actions)| *code == action || actions.contains(&action))
}

/// What the address says, without what nothing can be filtered by.
pub(super) fn read(visit: &Visit) -> Fields {
    let values: Vec<(&str, String)> = FILTERS.iter().map(|name| (*name, visit.query(name).unwrap_or_default().trim().to_owned())).collect();
    let known = values.iter().filter(|(name, value)| *name != "action" || is_known(value));
    Fields::of(&known.map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
}

/// Whether anything is filtered at all.
pub(super) fn is_narrowed(fields: &Fields) -> bool {
    FILTERS.iter().any(|name| !fields.value(name).is_empty())
}

/// An address that asks for the same, from this cursor on.
pub(super) fn address(path: &str, fields: &Fields, cursor: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(FILTERS.iter().map(|name| (*name, fields.value(name))).filter(|(_, value)| !value.is_empty()));
    query.extend_pairs(cursor.map(|cursor| ("cursor", cursor)));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// As the store takes it; none where something cannot be understood, which the fields then say.
pub(super) async fn filter(visit: &Visit, fields: &mut Fields) -> Result<Option<EventFilter>, AppError> {
    let actor = code(visit, fields, "actor").await?;
    let target = code(visit, fields, "target").await?;
    let since = moment(visit, fields, "since", start);
    // The last day is meant as a whole.
    let until = moment(visit, fields, "until", |date| start(date.tomorrow().ok()?));
    let action = Some(fields.value("action").to_owned()).filter(|action| !action.is_empty());
    Ok(fields.problems().is_empty().then_some(EventFilter { actor, action, target, since, until }))
}

/// What a day in a field stands for. A day beyond all that can be told is none.
fn moment(visit: &Visit, fields: &mut Fields, name: &str, of: impl FnOnce(Date) -> Option<UnixMillis>) -> Option<UnixMillis> {
    let text = fields.value(name);
    if text.is_empty() {
        return None;
    }
    let moment = text.parse().ok().and_then(of);
    if moment.is_none() {
        fields.blame(name, visit.t("audit-date-wrong"));
    }
    moment
}

/// Its beginning.
fn start(date: Date) -> Option<UnixMillis> {
    let zoned = date.to_zoned(TimeZone::UTC).ok()?;
    Some(UnixMillis(zoned.timestamp().as_millisecond()))
}

/// An actor or target as events write it, from what a person may know of it: that spelling, an id, or a name.
async fn code(visit: &Visit, fields: &mut Fields, name: &str) -> Result<Option<String>, AppError> {
    let text = fields.value(name).to_owned();
    if text.is_empty() || text == "operator" || text == "issuer" || text == "store" || CODES.iter().any(|code| text.starts_with(code)) {
        return Ok(Some(text).filter(|text| !text.is_empty()));
    }
    let found = match text.parse::<KeyId>() {
        Ok(id) => by_id(visit, id).await?,
        Err(_) => by_name(visit, &text).await?,
    };
    if found.is_none() {
        fields.blame(name, visit.t1("audit-nobody", "name", &text));
    }
    Ok(found)
}

async fn by_id(visit: &Visit, id: KeyId) -> Result<Option<String>, AppError> {
    match ops::key::read(&visit.app, &visit.admin()?.caller, id).await {
        Ok(key) => Ok(Some(format!("key:{}", key.id))),
        Err(AppError::NotFound(What::Key)) => {
            let text = id.to_string();
            let policies = ops::policy::list(&visit.app, &visit.admin()?.caller).await?;
            Ok(policies.iter().find(|policy| policy.id.to_string() == text).map(|policy| format!("policy:{}", policy.id)))
        }
        Err(error) => Err(error),
    }
}

async fn by_name(visit: &Visit, name: &str) -> Result<Option<String>, AppError> {
    let caller = &visit.admin()?.caller;
    if let Some(account) = ops::account::by_name(&visit.app, caller, name).await? {
        return Ok(Some(format!("account:{}", account.id.0)));
    }
    let policies = ops::policy::list(&visit.app, caller).await?;
    let wanted = canonical(name);
    Ok(policies.iter().find(|policy| canonical(&policy.name) == wanted).map(|policy| format!("policy:{}", policy.id)))
}
