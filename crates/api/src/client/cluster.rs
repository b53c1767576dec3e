//! `/v1/cluster`.

use reqwest::Method;

use super::{Client, Error};
use crate::Cluster;

impl Client {
    /// All nodes that serve from one database.
    ///
    /// # Errors
    /// As any call.
    pub async fn cluster(&self) -> Result<Cluster, Error> {
        self.call(Method::GET, &["v1", "cluster"]).read().await
    }
}
