//! `/readyz`.

use reqwest::Method;

use super::{Client, Error};

impl Client {
    /// Whether the server can answer: it can if this does not fail.
    ///
    /// # Errors
    /// As any call.
    pub async fn ready(&self) -> Result<(), Error> {
        let answer = self.call(Method::GET, &["readyz"]).send().await?;
        if answer.body == b"ready\n" {
            Ok(())
        } else {
            Err(Error::Unexpected { status: answer.status, what: "not the word ready".to_owned() })
        }
    }
}
