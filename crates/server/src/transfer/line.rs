//! The lines, as they stand in a file.

use std::collections::BTreeMap;

use keybearer_api::Timestamp;
use keybearer_core::account::Status;
use keybearer_core::key::RevocationReason;
use keybearer_core::token::PepperVersion;
use keybearer_store::{GateText, Metadata};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The form of lines that this version writes and reads.
pub(super) const FORMAT: u32 = 1;

/// What a line is of.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Export,
    Service,
    Account,
    Policy,
    Gate,
    Key,
    End,
}

/// Any line, as far as one must read it to know which it is.
#[derive(Deserialize)]
pub(super) struct AnyLine {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
}

/// The first line of an export.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) format: u32,
    pub(super) installation: Uuid,
    pub(super) revision: i64,
    pub(super) made_at: Timestamp,
    pub(super) version: String,
    /// Fingerprints of the peppers in the digests that follow.
    pub(super) peppers: BTreeMap<PepperVersion, String>,
    pub(super) passwords: bool,
}

/// The last line of an export, so that one that was cut off shows.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) rows: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) service: String,
    pub(super) permissions: Vec<Permission>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Permission {
    pub(super) name: String,
    pub(super) description: String,
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub(super) declared: bool,
}

fn yes() -> bool {
    true
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) id: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) consent: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) external_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub(super) metadata: Metadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) password_hash: Option<String>,
    pub(super) created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deleted_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) id: Uuid,
    pub(super) name: String,
    #[serde(default)]
    pub(super) permissions: Vec<String>,
    pub(super) created_at: Timestamp,
    pub(super) created_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deleted_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gate {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) gate: GateText,
    pub(super) created_at: Timestamp,
    pub(super) created_by: String,
}

/// A key: with its token, or with its id and what is stored in place of the secret.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    #[serde(default, skip_serializing)]
    pub(super) token: Option<Token>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) owner_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) level: Option<i64>,
    #[serde(default, skip_serializing)]
    pub(super) policy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) policy_id: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) service: Option<String>,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub(super) metadata: Metadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pepper: Option<PepperVersion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) revoked_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) revoked_reason: Option<RevocationReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_used_at: Option<Timestamp>,
}

/// A whole key in plain text. No `Debug` or `Serialize`; wiped when dropped.
pub(super) struct Token(pub(super) Zeroizing<String>);

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}
