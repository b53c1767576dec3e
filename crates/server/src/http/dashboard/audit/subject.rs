//! Who acted, and on what: names and links for what events only have ids of.

use std::collections::HashMap;

use keybearer_core::account::AccountId;
use keybearer_store::{Event, What};
use serde_json::Value;

use crate::error::AppError;
use crate::http::dashboard::visit::Visit;
use crate::ops;

/// Somebody or something that events speak of.
#[derive(Clone)]
pub(in crate::http::dashboard) struct Subject {
    pub(in crate::http::dashboard) icon: &'static str,
    /// What it is, where that is not clear from its name.
    pub(in crate::http::dashboard) text: String,
    /// What it is called, if anything.
    pub(in crate::http::dashboard) name: Option<String>,
    /// Where it is shown, if it is still there.
    pub(in crate::http::dashboard) link: Option<String>,
    /// As events write it.
    pub(in crate::http::dashboard) code: String,
}

/// Subjects that were met; each is looked up once.
pub(in crate::http::dashboard) struct Subjects<'a> {
    visit: &'a Visit,
    known: HashMap<String, Subject>,
}

impl<'a> Subjects<'a> {
    pub(in crate::http::dashboard) fn new(visit: &'a Visit) -> Self {
        Self { visit, known: HashMap::new() }
    }

    /// The subject that is written so.
    ///
    /// # Errors
    /// What its look-up says, but not that it is gone.
    pub(in crate::http::dashboard) async fn of(&mut self, code: &str) -> Result<Subject, AppError> {
        if let Some(known) = self.known.get(code) {
            return Ok(known.clone());
        }
        let subject = self.look_up(code).await?;
        self.known.insert(code.to_owned(), subject.clone());
        Ok(subject)
    }

    /// As [`Subjects::of`], if there is one.
    pub(super) async fn of_some(&mut self, code: Option<&str>) -> Result<Option<Subject>, AppError> {
        match code {
            Some(code) => self.of(code).await.map(Some),
            None => Ok(None),
        }
    }

    /// The target of an event. What is deleted since has the name that the event knows.
    pub(in crate::http::dashboard) async fn of_event(&mut self, event: &Event) -> Result<Subject, AppError> {
        let mut subject = self.of(&event.target).await?;
        if subject.name.is_none() {
            let told = event.before.as_ref().or(event.after.as_ref());
            let name = told.and_then(|told| told.get("username").or_else(|| told.get("name")));
            subject.name = name.and_then(Value::as_str).map(str::to_owned);
        }
        Ok(subject)
    }

    async fn look_up(&self, code: &str) -> Result<Subject, AppError> {
        let visit = self.visit;
        let (app, caller) = (&visit.app, &visit.admin()?.caller);
        let subject = |icon, text| Subject { icon, text, name: None, link: None, code: code.to_owned() };
        let found = |icon, name: String, link| Subject { name: Some(name), link: Some(link), ..subject(icon, String::new()) };
        let (kind, id) = code.split_once(':').unwrap_or((code, ""));
        Ok(match kind {
            "operator" => subject("screen", visit.t("audit-operator")),
            "store" => subject("list", visit.t("audit-store")),
            "session" => subject("enter", visit.t("audit-a-session")),
            "service" => found("list", id.to_owned(), "/dashboard/permissions".to_owned()),
            "gate" => found("enter", id.to_owned(), format!("/dashboard/gates/{id}")),
            "account" => match id.parse().map(AccountId) {
                Ok(account) => match ops::account::read(app, caller, account) {
                    Ok(account) => found("person", account.username, format!("/dashboard/accounts/{id}")),
                    Err(AppError::NotFound(What::Account)) => subject("person", visit.t1("deleted-account", "id", id)),
                    Err(error) => return Err(error),
                },
                Err(_) => subject("person", code.to_owned()),
            },
            "key" => match id.parse() {
                Ok(key) => match ops::key::read(app, caller, key).await {
                    Ok(key) => found("key", key.name, format!("/dashboard/keys/{id}")),
                    Err(AppError::NotFound(What::Key)) => subject("key", code.to_owned()),
                    Err(error) => return Err(error),
                },
                Err(_) => subject("key", code.to_owned()),
            },
            "policy" => match id.parse() {
                Ok(policy) => match ops::policy::read(app, caller, policy).await {
                    Ok(policy) => found("policy", policy.name, format!("/dashboard/policies/{id}")),
                    Err(AppError::NotFound(What::Policy)) => subject("policy", visit.t("deleted-policy")),
                    Err(error) => return Err(error),
                },
                Err(_) => subject("policy", code.to_owned()),
            },
            _ => subject("list", code.to_owned()),
        })
    }
}
