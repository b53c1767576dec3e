//! `/v1/gates`.

use reqwest::Method;

use super::{Answer, Client, Error, Versioned};
use crate::{Gate, Page, PutGate};

/// The calls about gates. All of them fail as any call does: see [`Error`].
pub struct Gates<'a>(&'a Client);

impl Client {
    /// The calls about gates.
    #[must_use]
    pub fn gates(&self) -> Gates<'_> {
        Gates(self)
    }
}

fn versioned(answer: &Answer) -> Result<Versioned<Gate>, Error> {
    Ok(Versioned { item: answer.read()?, etag: answer.etag() })
}

impl Gates<'_> {
    /// All gates by name.
    pub async fn list(&self) -> Result<Vec<Gate>, Error> {
        let page: Page<Gate> = self.0.call(Method::GET, &["v1", "gates"]).read().await?;
        Ok(page.items)
    }

    /// One gate.
    pub async fn get(&self, name: &str) -> Result<Versioned<Gate>, Error> {
        versioned(&self.0.call(Method::GET, &["v1", "gates", name]).send().await?)
    }

    /// Defines a gate, with `etag` only if that is still its version. What it lets pass changes at once.
    pub async fn put(&self, name: &str, gate: &PutGate, etag: Option<&str>) -> Result<Versioned<Gate>, Error> {
        versioned(&self.0.call(Method::PUT, &["v1", "gates", name]).if_match(etag).json(gate).send().await?)
    }

    /// Deletes a gate: nobody passes any more.
    pub async fn delete(&self, name: &str, etag: Option<&str>) -> Result<(), Error> {
        self.0.call(Method::DELETE, &["v1", "gates", name]).if_match(etag).done().await
    }
}
