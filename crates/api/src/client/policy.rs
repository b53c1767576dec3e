//! `/v1/policies`.

use reqwest::Method;
use uuid::Uuid;

use super::{Answer, Client, Error};
use crate::{NewPolicy, Page, Policy, PutPolicy};

/// A thing, and which version of it this is.
#[derive(Clone, Debug)]
pub struct Versioned<T> {
    /// The thing.
    pub item: T,
    /// Its version: give it back to change the thing only if nobody has changed it since.
    pub etag: Option<String>,
}

/// The calls about policies. All of them fail as any call does: see [`Error`].
pub struct Policies<'a>(&'a Client);

impl Client {
    /// The calls about policies.
    #[must_use]
    pub fn policies(&self) -> Policies<'_> {
        Policies(self)
    }
}

fn versioned(answer: &Answer) -> Result<Versioned<Policy>, Error> {
    Ok(Versioned { item: answer.read()?, etag: answer.etag() })
}

impl Policies<'_> {
    /// All policies by name.
    pub async fn list(&self) -> Result<Vec<Policy>, Error> {
        let page: Page<Policy> = self.0.call(Method::GET, &["v1", "policies"]).read().await?;
        Ok(page.items)
    }

    /// One policy.
    pub async fn get(&self, id: Uuid) -> Result<Versioned<Policy>, Error> {
        versioned(&self.0.call(Method::GET, &["v1", "policies", &id.to_string()]).send().await?)
    }

    /// Makes a policy of declared permissions.
    pub async fn create(&self, new: &NewPolicy) -> Result<Versioned<Policy>, Error> {
        versioned(&self.0.call(Method::POST, &["v1", "policies"]).json(new).send().await?)
    }

    /// Replaces a policy, with `etag` only if that is still its version: the rights of every key that uses it change at once.
    pub async fn put(&self, id: Uuid, policy: &PutPolicy, etag: Option<&str>) -> Result<Versioned<Policy>, Error> {
        let call = self.0.call(Method::PUT, &["v1", "policies", &id.to_string()]).if_match(etag).json(policy);
        versioned(&call.send().await?)
    }

    /// Deletes a policy. Keys that use it prevent that, or with `cascade` are revoked with it.
    pub async fn delete(&self, id: Uuid, cascade: bool, etag: Option<&str>) -> Result<(), Error> {
        let call = self.0.call(Method::DELETE, &["v1", "policies", &id.to_string()]);
        call.query(&[("cascade", cascade)]).if_match(etag).done().await
    }
}
