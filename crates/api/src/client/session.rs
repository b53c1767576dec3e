//! `/v1/sessions`.

use reqwest::Method;
use uuid::Uuid;

use super::{Client, Error};
use crate::{CreatedSession, Page, Session, SignIn};

/// The calls about sessions. All of them fail as any call does: see [`Error`].
pub struct Sessions<'a>(&'a Client);

impl Client {
    /// The calls about sessions.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }
}

impl Sessions<'_> {
    /// Signs in. The answer is the only one that ever holds the token.
    pub async fn create(&self, sign_in: &SignIn) -> Result<CreatedSession, Error> {
        self.0.call(Method::POST, &["v1", "sessions"]).json(sign_in).read().await
    }

    /// The sessions of an account that have not ended, newest first: one's own, unless an account is named.
    pub async fn list(&self, account: Option<i64>) -> Result<Vec<Session>, Error> {
        let page: Page<Session> = self.0.call(Method::GET, &["v1", "sessions"]).query(&[("account", account)]).read().await?;
        Ok(page.items)
    }

    /// Ends a session.
    pub async fn end(&self, id: Uuid) -> Result<(), Error> {
        self.0.call(Method::DELETE, &["v1", "sessions", &id.to_string()]).done().await
    }

    /// Ends the session whose token this client uses.
    pub async fn end_current(&self) -> Result<(), Error> {
        self.0.call(Method::DELETE, &["v1", "sessions", "current"]).done().await
    }
}
