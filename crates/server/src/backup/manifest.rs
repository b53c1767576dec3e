//! What a backup says of itself.

use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, Digest, KeyId, PepperVersion, Peppers, Secret};
use keybearer_store::Contents;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::random;

/// The form of the archive; another one gets another number.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// The version of Keybearer that made it.
    pub(super) keybearer: String,
    /// Milliseconds since 1970.
    pub(super) made_at: i64,
    pub(super) installation: Uuid,
    pub(super) revision: i64,
    pub(super) schema: i64,
    pub(super) accounts: u64,
    pub(super) keys: u64,
    pub(super) policies: u64,
    pub(super) proofs: Vec<Proof>,
}

/// A key that is in no database, sealed with one pepper of the backup. Whoever has the peppers back, and a program that seals as this one
/// does, can prove it; so they can prove the keys in the database, whose secrets nobody has kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    pepper: PepperVersion,
    key: String,
    digest: String,
}

impl Manifest {
    pub(super) fn new(contents: &Contents, peppers: &Peppers, made_at: UnixMillis) -> Self {
        let proofs = contents.peppers.keys().filter_map(|version| Proof::new(peppers, *version, made_at)).collect();
        Self {
            format: FORMAT,
            keybearer: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: made_at.0,
            installation: contents.installation,
            revision: contents.revision,
            schema: contents.schema,
            accounts: contents.accounts,
            keys: contents.keys,
            policies: contents.policies,
            proofs,
        }
    }

    /// Reads a manifest; the error says what is wrong with it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let format = serde_json::from_slice::<serde_json::Value>(text).ok().and_then(|value| value["format"].as_u64());
        match format {
            Some(number) if number == u64::from(FORMAT) => {}
            Some(number) => return Err(format!("it has format {number}, this version of Keybearer reads format {FORMAT}")),
            None => return Err("its manifest says no format".to_owned()),
        }
        serde_json::from_slice(text).map_err(|error| format!("its manifest cannot be read: {error}"))
    }

    /// The peppers of which a proof fails.
    pub(super) fn unproved(&self, peppers: &Peppers) -> Option<PepperVersion> {
        self.proofs.iter().find(|proof| !proof.holds(peppers)).map(|proof| proof.pepper)
    }

    /// When the backup was made, for people: RFC 3339 in UTC.
    pub(super) fn made(&self) -> String {
        keybearer_api::Timestamp::from_unix_millis(self.made_at).to_string()
    }
}

impl Proof {
    fn new(peppers: &Peppers, version: PepperVersion, now: UnixMillis) -> Option<Self> {
        let credential = Credential { id: KeyId::new(now, &random::bytes()), secret: Secret::new(random::bytes()) };
        let digest = peppers.seal_with(version, &credential)?;
        let digest = digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Self { pepper: version, key: format!("{}:{}", credential.id, *credential.secret.reveal()), digest })
    }

    fn holds(&self, peppers: &Peppers) -> bool {
        let bytes = (0..32).map(|at| self.digest.get(2 * at..2 * at + 2).and_then(|two| u8::from_str_radix(two, 16).ok()));
        let digest = bytes.collect::<Option<Vec<u8>>>().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        match (Credential::parse(&self.key), digest) {
            (Ok(credential), Some(digest)) => peppers.proves(&credential, self.pepper, &Digest::from_bytes(digest)),
            _ => false,
        }
    }
}
