//! What is counted and measured, for who collects it.

use keybearer_core::permission::OwnPermission;

use crate::app::App;
use crate::caller::Caller;
use crate::config::Access;
use crate::error::AppError;
use crate::metrics::Levels;

/// Who is let in without a credential, if anybody is.
///
/// # Errors
/// [`AppError::NoSuchPath`] where there are no metrics to be had.
pub fn needs_a_caller(app: &App) -> Result<bool, AppError> {
    match app.config.metrics.access {
        Access::Open => Ok(false),
        Access::Guarded => Ok(true),
        Access::Off => Err(AppError::NoSuchPath),
    }
}

/// The metrics as text of Prometheus, version 0.0.4.
///
/// # Errors
/// [`AppError::Refused`] for a caller that is neither an administrator nor a key with `audit.read`, where one is needed.
pub fn text(app: &App, caller: Option<&Caller>) -> Result<String, AppError> {
    if let Some(caller) = caller {
        caller.authority.manages(OwnPermission::AuditRead)?;
    }
    let (hashing, waiting_to_hash) = app.passwords.load();
    let levels = Levels {
        index: app.index.counts(),
        revision: app.index.revision(),
        changed_at: app.index.changed_at().0,
        writer_queue: app.store.waiting(),
        hashing,
        waiting_to_hash,
        connections: app.connections.open(),
    };
    app.metrics.text(&levels).map_err(|error| AppError::Internal(error.to_string()))
}
