//! The types of `/v1` as they stand on the wire (section 4.1 of the design): one file a resource. With the feature `client`, also an async
//! client that speaks them.
//!
//! Requests refuse unknown fields; answers leave out what does not apply. Moments are RFC 3339 text with milliseconds and `Z`.
#![warn(missing_docs)]

mod account;
#[cfg(feature = "client")]
pub mod client;
mod cluster;
mod event;
mod gate;
mod key;
mod permission;
mod policy;
mod problem;
mod session;
mod timestamp;
mod verify;
mod whoami;

pub use account::{Account, AccountStatus, ChangeAccount, ChangedAccount, CurrentPassword, NewAccount, RevokeKeys, RevokedKeys};
pub use cluster::{Cluster, Node, NodeState};
pub use event::{Event, KeyCounts, Period, Stats, Verifications};
pub use gate::{Carrier, Gate, GateRule, IdentityHeader, PutGate};
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
    #[cfg_attr(feature = "openapi", schema(example = "MTc3MjM1NzQwMDAwMA"))]
    pub next_cursor: Option<String>,
}

/// Tells an absent field (`None`) from one that is `null` (`Some(None)`).
pub(crate) fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Reads a whole number, also where it is written with a point: to JSON Schema, and so to the document, 3.0 is an integer.
pub(crate) fn whole<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    // Beyond this, not every whole number can be written in this way.
    let exact = |number: &f64| number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    let whole = number.as_i64().or_else(|| number.as_f64().filter(exact).map(|number| number as i64));
    whole.map(Some).ok_or_else(|| serde::de::Error::custom("must be a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_may_be_written_with_a_point() {
        let level = |text: &str| serde_json::from_str::<NewKey>(&format!(r#"{{"name": "a", "level": {text}}}"#)).map(|key| key.level);
        for (text, read) in [("3", Some(3)), ("3.0", Some(3)), ("30e-1", Some(3)), ("-1e3", Some(-1_000)), ("null", None)] {
            assert_eq!(level(text).unwrap(), read, "{text}");
        }
        for text in ["2.5", "1e300", "9223372036854775808", "true", r#""3""#, "[3]"] {
            assert!(level(text).is_err(), "{text}");
        }
    }
}
