//! The types of `/v1` as they stand on the wire (section 4.1 of the design): one file a resource. With the feature `client`, also an async
//! client that speaks them.
//!
//! Requests refuse unknown fields; answers leave out what does not apply. Moments are RFC 3339 text with milliseconds and `Z`.
#![warn(missing_docs)]

mod account;
#[cfg(feature = "client")]
pub mod client;
mod event;
mod key;
mod permission;
mod policy;
mod problem;
mod session;
mod timestamp;
mod verify;
mod whoami;

pub use account::{Account, AccountStatus, ChangeAccount, ChangedAccount, CurrentPassword, NewAccount, RevokeKeys, RevokedKeys};
pub use event::{Event, KeyCounts, Stats};
pub use key::{ChangeKey, CreatedKey, Key, KeyKind, KeyState, Named, NewKey, RevokeMany, RevokeOutcome, RevokedMany, RevokedOne};
pub use permission::{Declaration, Permission};
pub use policy::{NewPolicy, Policy, PutPolicy};
pub use problem::{FieldProblem, Problem};
pub use session::{CreatedSession, Session, SignIn};
pub use timestamp::Timestamp;
pub use verify::{Explain, Explanation, Missing, Verdict, VerdictCode, VerifiedKey, Verify, VerifyBatch, VerifyResults};
pub use whoami::{Credential, WhoAmI};

use serde::{Deserialize, Serialize};

/// A JSON object that applications keep with an account or a key: at most 4 KiB of JSON.
pub type Metadata = serde_json::Map<String, serde_json::Value>;

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// Where the next page begins, if there is one: give it back as `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Tells an absent field (`None`) from one that is `null` (`Some(None)`).
pub(crate) fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}
