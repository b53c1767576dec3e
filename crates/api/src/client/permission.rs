//! `/v1/permissions`, and the manifests of services.

use reqwest::Method;

use super::{Client, Error};
use crate::{Declaration, Page, Permission};

/// The calls about permissions. All of them fail as any call does: see [`Error`].
pub struct Permissions<'a>(&'a Client);

impl Client {
    /// The calls about permissions.
    #[must_use]
    pub fn permissions(&self) -> Permissions<'_> {
        Permissions(self)
    }
}

impl Permissions<'_> {
    /// All permissions by full name, also those that are granted though no longer declared.
    pub async fn list(&self) -> Result<Vec<Permission>, Error> {
        let page: Page<Permission> = self.0.call(Method::GET, &["v1", "permissions"]).read().await?;
        Ok(page.items)
    }

    /// Declares all permissions of a service; what it declares now.
    pub async fn declare(&self, service: &str, manifest: &[Declaration]) -> Result<Vec<Permission>, Error> {
        let call = self.0.call(Method::PUT, &["v1", "services", service, "permissions"]);
        let page: Page<Permission> = call.json(&manifest).read().await?;
        Ok(page.items)
    }
}
