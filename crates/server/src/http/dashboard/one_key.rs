//! `/dashboard/keys/{id}`: all of one key; name, policy and metadata of a service's key can be changed.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::key::{Lifecycle, RevocationReason};
use keybearer_core::token::KeyId;
use keybearer_store::{Key, KeyHolder, What};

use super::all_keys::search::{self, Search};
use super::all_keys::{self, Entry};
use super::fields::Fields;
use super::grants::{self, Grant};
use super::made::{self, Made};
use super::metadata;
use super::moment::Moment;
use super::posted::Posted;
use super::texts::msg;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::http::path::InPath;
use crate::ops;
use crate::ops::key::KeyChange;

#[derive(Template)]
#[template(path = "one_key.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    entry: Entry,
    /// The list that the person came from.
    back: Search,
    /// What revoked it, if it was a change of something else.
    cause: Option<Cause>,
    /// Who made it.
    maker: Made,
    /// How many keys that are not revoked it made, and those made.
    descendants: usize,
    /// For which service it may declare permissions.
    service: Option<String>,
    /// What it may do, if it is a service's.
    permissions: Vec<String>,
    /// The policies that it can get, if it can be changed.
    policies: Vec<Grant>,
    metadata: String,
}

/// A change that revoked a key with everything else of its owner or policy.
struct Cause {
    at: Moment,
    /// Where it stands in the audit log.
    change: String,
}

impl Cause {
    fn of(visit: &Visit, key: &Key) -> Option<Self> {
        let Lifecycle::Revoked { at, reason, .. } = key.lifecycle else { return None };
        let target = match (reason, &key.holder) {
            (RevocationReason::Deleted, _) => return None,
            (_, KeyHolder::Account { owner, .. }) => format!("account:{}", owner.0),
            (_, KeyHolder::Service { policy, .. }) => format!("policy:{policy}"),
        };
        let at = visit.moment(&at);
        let machine = at.machine();
        let day = machine.split('T').next().unwrap_or_default();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("target", &target)
            .extend_pairs([("since", day), ("until", day)])
            .finish();
        Some(Self { at, change: format!("/dashboard/audit?{query}") })
    }
}

/// The list that the address leads back to.
fn back(visit: &Visit) -> Search {
    Search::parse(&visit.query("back").unwrap_or_default())
}

/// The fields with the name and the policy that the page showed. What is sent back as it was is left as it is now: somebody may have changed
/// it since, and who only gives another name must not bring back the policy of before.
const WAS_NAME: &str = "was_name";
const WAS_POLICY: &str = "was_policy";

/// The policy as the form names it; nothing where there is none.
fn policy_id(key: &Key) -> String {
    match key.holder {
        KeyHolder::Service { policy, .. } => policy.to_string(),
        KeyHolder::Account { .. } => String::new(),
    }
}

/// Whether a field says something else than the page did, and than the key does now.
fn is_other(fields: &Fields, (name, was): (&str, &str), now: &str) -> bool {
    let typed = fields.value(name);
    typed != now && fields.all(was).all(|shown| shown != typed)
}

async fn key(app: &App, visit: &Visit, id: &str) -> Result<Key, AppError> {
    let id: KeyId = id.parse().map_err(|_| AppError::NotFound(What::Key))?;
    ops::key::read(app, &visit.admin()?.caller, id).await
}

async fn page(visit: &Visit, status: StatusCode, fields: &Fields, key: &Key) -> Result<Response, AppError> {
    let (app, caller) = (&visit.app, &visit.admin()?.caller);
    let policy = ops::key::policy_of(app, key);
    let Some(entry) = all_keys::entries(app, visit, std::slice::from_ref(key))?.pop() else {
        return Err(AppError::NotFound(What::Key));
    };
    let policies = match &policy {
        Some(policy) if entry.row.is_deletable() => {
            grants::of(&ops::policy::list(app, caller).await?, Some((policy.id, &policy.permissions)))
        }
        _ => Vec::new(),
    };
    let service = match &key.holder {
        KeyHolder::Service { service, .. } => service.as_ref().map(ToString::to_string),
        KeyHolder::Account { .. } => None,
    };
    let permissions = policy.map(|policy| policy.permissions.iter().map(ToString::to_string).collect()).unwrap_or_default();
    let metadata = metadata::shown(&key.metadata);
    let maker = made::by(app, visit, &key.created_by).await?;
    let descendants = ops::key::descendants(app, caller, key.id).await?.len();
    visit.page(
        status,
        &Page {
            visit,
            fields,
            entry,
            back: back(visit),
            cause: Cause::of(visit, key),
            maker,
            descendants,
            service,
            permissions,
            policies,
            metadata,
        },
    )
}

pub(super) async fn show(State(app): State<Arc<App>>, InPath(id): InPath, Member(visit): Member) -> Result<Response, AppError> {
    let key = key(&app, &visit, &id).await?;
    let policy = policy_id(&key);
    let (metadata, mark) = (metadata::shown(&key.metadata), metadata::mark(&key.metadata));
    let values = [
        ("name", &*key.name),
        (WAS_NAME, &*key.name),
        ("policy_id", &*policy),
        (WAS_POLICY, &*policy),
        (metadata::FIELD, &*metadata),
        (metadata::MARK, &*mark),
    ];
    page(&visit, StatusCode::OK, &Fields::of(&values), &key).await
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    InPath(id): InPath,
    Posted { visit, mut fields }: Posted,
) -> Result<Response, AppError> {
    let key = key(&app, &visit, &id).await?;
    let caller = &visit.admin()?.caller;
    let policies = ops::policy::list(&app, caller).await?;
    let Some(policy) = grants::chosen(&policies, fields.value("policy_id")) else {
        fields.blame("policy_id", visit.t("policy-missing"));
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields, &key).await;
    };
    let Some(metadata) = metadata::changed(&visit, &mut fields) else {
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields, &key).await;
    };
    let asked = KeyChange {
        name: Some(fields.value("name")).filter(|_| is_other(&fields, ("name", WAS_NAME), &key.name)),
        policy: Some(policy.id).filter(|_| is_other(&fields, ("policy_id", WAS_POLICY), &policy_id(&key))),
        metadata: metadata.filter(|metadata| *metadata != key.metadata),
    };
    let there = format!("{}/{}{}", search::PATH, key.id, back(&visit).carried("?"));
    if asked.name.is_none() && asked.policy.is_none() && asked.metadata.is_none() {
        return Ok(visit.go(&there));
    }
    match ops::key::change(&app, &visit.request, caller, key.id, asked, false).await {
        Ok(_) => Ok(visit.go_saying(&there, msg("note-key-changed"), 0)),
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            page(&visit, status, &fields, &key).await
        }
    }
}
