//! Events and counts.

use std::sync::Arc;

use futures_util::{Stream, StreamExt, future, stream};
use keybearer_core::permission::OwnPermission;
use keybearer_store::{Event, EventFilter, Page, PageRequest, Stats};

use crate::app::App;
use crate::caller::Caller;
use crate::error::AppError;

/// How many events are read at once where all of them are wanted.
const AT_ONCE: u32 = 1_000;

/// Events, newest first.
///
/// # Errors
/// [`AppError::Refused`] for all but administrators and keys with `audit.read`.
pub async fn events(app: &App, caller: &Caller, filter: EventFilter, page: PageRequest) -> Result<Page<Event>, AppError> {
    caller.authority.manages(OwnPermission::AuditRead)?;
    Ok(app.store.events(filter, page).await?)
}

/// All events, newest first, read as they are taken. The first of them are read before this returns, so that what goes wrong can be said.
///
/// # Errors
/// As [`events`].
pub async fn every_event(
    app: Arc<App>,
    caller: Caller,
    filter: EventFilter,
) -> Result<impl Stream<Item = Result<Vec<Event>, AppError>> + Send + 'static, AppError> {
    let first = events(&app, &caller, filter.clone(), PageRequest { cursor: None, limit: AT_ONCE }).await?;
    let rest = stream::try_unfold(first.next, move |cursor| {
        let (app, caller, filter) = (Arc::clone(&app), caller.clone(), filter.clone());
        async move {
            let Some(cursor) = cursor else { return Ok(None) };
            let page = events(&app, &caller, filter, PageRequest { cursor: Some(cursor), limit: AT_ONCE }).await?;
            Ok(Some((page.items, page.next)))
        }
    });
    Ok(stream::once(future::ready(Ok(first.items))).chain(rest))
}

/// Counts for an overview.
///
/// # Errors
/// [`AppError::Refused`] for all but administrators and keys with `audit.read`.
pub async fn stats(app: &App, caller: &Caller) -> Result<Stats, AppError> {
    caller.authority.manages(OwnPermission::AuditRead)?;
    Ok(app.store.stats(app.clock.now()).await?)
}
