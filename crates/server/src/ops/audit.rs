//! Events and counts.

use keybearer_core::permission::OwnPermission;
use keybearer_store::{Event, EventFilter, Page, PageRequest, Stats};

use crate::app::App;
use crate::caller::Caller;
use crate::error::AppError;

/// Events, newest first.
///
/// # Errors
/// [`AppError::Refused`] for all but administrators and keys with `audit.read`.
pub async fn events(app: &App, caller: &Caller, filter: EventFilter, page: PageRequest) -> Result<Page<Event>, AppError> {
    caller.authority.manages(OwnPermission::AuditRead)?;
    Ok(app.store.events(filter, page).await?)
}

/// Counts for an overview.
///
/// # Errors
/// [`AppError::Refused`] for all but administrators and keys with `audit.read`.
pub async fn stats(app: &App, caller: &Caller) -> Result<Stats, AppError> {
    caller.authority.manages(OwnPermission::AuditRead)?;
    Ok(app.store.stats(app.clock.now()).await?)
}
