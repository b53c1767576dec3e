//! `/dashboard/keys/new`: a key of a service.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use keybearer_core::key::SERVICE_MAX_LIFETIME;
use keybearer_store::Policy;

use super::all_keys::search;
use super::fields::Fields;
use super::grants::{self, Grant};
use super::lifetime::{self, FOREVER, Preset};
use super::metadata;
use super::posted::PostedOnce;
use super::secret;
use super::visit::{Member, Visit};
use crate::app::App;
use crate::error::AppError;
use crate::ops;
use crate::ops::issue::ServiceKeyRequest;

#[derive(Template)]
#[template(path = "new_service_key.html")]
struct Page<'a> {
    visit: &'a Visit,
    fields: &'a Fields,
    policies: Vec<Grant>,
    presets: Vec<Preset>,
}

fn page(visit: &Visit, status: StatusCode, fields: &Fields, policies: &[Policy]) -> Result<Response, AppError> {
    let (policies, presets) = (grants::of(policies, None), lifetime::presets(visit, SERVICE_MAX_LIFETIME));
    visit.page(status, &Page { visit, fields, policies, presets })
}

pub(super) async fn form(State(app): State<Arc<App>>, Member(visit): Member) -> Result<Response, AppError> {
    let policies = ops::policy::list(&app, &visit.admin()?.caller).await?;
    let (name, policy) = (visit.query("name").unwrap_or_default(), visit.query("policy").unwrap_or_default());
    let fields = Fields::of(&[("name", &name), ("policy_id", &policy), ("expires_in", FOREVER), ("unit", "days")]);
    page(&visit, StatusCode::OK, &fields, &policies)
}

pub(super) async fn create(State(app): State<Arc<App>>, posted: PostedOnce) -> Result<Response, AppError> {
    let PostedOnce { visit, mut fields } = posted;
    let caller = &visit.admin()?.caller;
    let policies = ops::policy::list(&app, caller).await?;
    let policy = grants::chosen(&policies, fields.value("policy_id"));
    let lifetime = if fields.value("expires_in") == FOREVER { Some(None) } else { lifetime::chosen(&fields).map(Some) };
    if policy.is_none() {
        fields.blame("policy_id", visit.t("policy-missing"));
    }
    if lifetime.is_none() {
        fields.blame("expires_in", visit.t("lifetime-missing"));
    }
    let metadata = metadata::typed(&visit, &mut fields);
    let (Some(policy), Some(lifetime), Some(metadata)) = (policy, lifetime, metadata) else {
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &fields, &policies);
    };
    let service = Some(fields.value("service").trim()).filter(|text| !text.is_empty());
    let asked = ServiceKeyRequest { name: fields.value("name"), policy: policy.id, lifetime, service, metadata: Some(metadata) };
    match ops::issue::service_key(&app, &visit.request, caller, asked).await {
        Ok(issued) => secret::shown_once(&visit, &issued, search::PATH, None),
        Err(error) => {
            let status = fields.refused(&visit, error)?;
            page(&visit, status, &fields, &policies)
        }
    }
}
