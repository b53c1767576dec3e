//! Who made something, as pages tell it.

use super::visit::Visit;
use crate::app::App;
use crate::error::AppError;
use crate::ops::maker::{Maker, maker};

/// Whoever made something, in words.
pub(super) struct Made {
    pub(super) name: String,
    /// Where there is more about them, if there is.
    pub(super) link: Option<String>,
}

/// Reads what stands in `created_by`.
///
/// # Errors
/// [`AppError::Refused`] below level 8.
pub(super) async fn by(app: &App, visit: &Visit, written: &str) -> Result<Made, AppError> {
    let said = |name| Made { name, link: None };
    Ok(match maker(app, &visit.admin()?.caller, written).await? {
        Some(Maker::Operator) => said(visit.t("made-by-operator")),
        Some(Maker::Account { id, username: Some(name) }) => Made { name, link: Some(format!("/dashboard/accounts/{}", id.0)) },
        Some(Maker::Account { id, username: None }) => said(visit.t1("deleted-account", "id", id.0)),
        Some(Maker::Key { id, name: Some(name) }) => {
            Made { name: visit.t1("made-by-key", "name", name), link: Some(format!("/dashboard/keys/{id}")) }
        }
        Some(Maker::Key { id, name: None }) => said(visit.t1("made-by-key", "name", id.to_string())),
        None => said(written.to_owned()),
    })
}
