//! `/v1/events` and `/v1/stats`.

use reqwest::Method;
use serde::Serialize;

use super::{Client, Error, Pages};
use crate::{Event, Period, Stats, Timestamp};

/// Which events.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EventQuery {
    /// Of this actor, such as `account:1` or `key:<uuid>`.
    pub actor: Option<String>,
    /// Of this action, such as `key.revoked`, or of a group of them, such as `key`.
    pub action: Option<String>,
    /// To this target, such as `key:<uuid>`.
    pub target: Option<String>,
    /// At or after this moment.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// The calls about the audit log.
pub struct Events<'a>(&'a Client);

impl Client {
    /// The calls about the audit log.
    #[must_use]
    pub fn events(&self) -> Events<'_> {
        Events(self)
    }

    /// Counts for an overview, and the verifications of a period.
    ///
    /// # Errors
    /// As any call.
    pub async fn stats(&self, period: Period) -> Result<Stats, Error> {
        self.call(Method::GET, &["v1", "stats"]).query(&[("period", period)]).read().await
    }
}

impl<'a> Events<'a> {
    /// The audit log, newest first.
    #[must_use]
    pub fn list(&self, query: &EventQuery) -> Pages<'a, Event> {
        Pages::new(self.0, self.0.call(Method::GET, &["v1", "events"]).query(query).address())
    }
}
