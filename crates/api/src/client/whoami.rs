//! `/v1/whoami`.

use reqwest::Method;

use super::{Client, Error};
use crate::WhoAmI;

impl Client {
    /// What one's credential is and may do.
    ///
    /// # Errors
    /// As any call.
    pub async fn whoami(&self) -> Result<WhoAmI, Error> {
        self.call(Method::GET, &["v1", "whoami"]).read().await
    }
}
