//! Who made something, for people: a name in place of the number that is stored.

use keybearer_core::account::AccountId;
use keybearer_core::token::KeyId;
use keybearer_store::What;

use super::{account, key};
use crate::app::App;
use crate::caller::Caller;
use crate::error::AppError;

/// Whoever made something.
pub enum Maker {
    /// Whoever runs the server.
    Operator,
    /// A person, by name unless the account is deleted.
    Account {
        /// The account.
        id: AccountId,
        /// Its name now.
        username: Option<String>,
    },
    /// A key, by name unless there is none that the caller may see.
    Key {
        /// The key.
        id: KeyId,
        /// Its name now.
        name: Option<String>,
    },
}

/// Looks up what stands in `created_by`; see [`keybearer_store::Actor`]. `None` where it cannot be read.
///
/// # Errors
/// [`AppError`] where the store does not answer.
pub async fn maker(app: &App, caller: &Caller, written: &str) -> Result<Option<Maker>, AppError> {
    let number = |text: &str| text.parse().ok().map(AccountId);
    Ok(match written.split_once(':') {
        None if written == "operator" => Some(Maker::Operator),
        Some(("account", text)) => match number(text) {
            Some(id) => Some(Maker::Account { id, username: found(account::read(app, caller, id))?.map(|one| one.username) }),
            None => None,
        },
        Some(("key", text)) => match text.parse() {
            Ok(id) => Some(Maker::Key { id, name: found(key::read(app, caller, id).await)?.map(|one| one.name) }),
            Err(_) => None,
        },
        _ => None,
    })
}

fn found<T>(read: Result<T, AppError>) -> Result<Option<T>, AppError> {
    match read {
        Ok(thing) => Ok(Some(thing)),
        Err(AppError::NotFound(What::Account | What::Key)) => Ok(None),
        Err(error) => Err(error),
    }
}
