//! `GET /whoami/{jwt|key}`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::apikey::ApiKey;
use super::credential::Signed;
use super::envelope::{self, Told};
use super::failure::Failure;
use crate::app::App;
use crate::caller::CallerCredential;
use crate::ops;

/// An account as its holder is told of it.
#[derive(Serialize)]
pub(super) struct Account {
    id: i64,
    username: String,
    role: String,
    level: u8,
    status: &'static str,
    consent: bool,
}

impl Account {
    fn of(app: &App, account: &keybearer_store::Account) -> Self {
        Self {
            id: account.id.0,
            username: account.username.clone(),
            role: account.role.clone(),
            level: ops::account::level(app, account).number(),
            status: account.status.as_str(),
            consent: account.consent,
        }
    }
}

/// The key that asks, or the account whose session asks. It answers at any level, and also while the account is locked or lacks consent:
/// the answer shows it.
pub(super) async fn whoami(State(app): State<Arc<App>>, Signed { caller, .. }: Signed) -> Result<Response, Failure> {
    let told = match &caller.credential {
        CallerCredential::Key(entry) => Told::Apikey(ApiKey::of(&ops::key::of_caller(&app, entry).await?)?),
        CallerCredential::Session(session) => Told::Account(Account::of(&app, &*ops::account::of_session(&app, session)?)),
        CallerCredential::Identity(account) => Told::Account(Account::of(&app, &*ops::account::of_holder(&app, *account)?)),
    };
    Ok(envelope::success(told))
}
