#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod ask;
mod carrier;
mod declare;
#[cfg(feature = "axum")]
mod extract;
mod fault;
mod grant;
mod layer;
mod link;
mod refuse;
mod require;
mod spelling;
mod start;

pub use keybearer_api::client::{BuildError, Credential, CredentialError, Error as ServerError};
pub use keybearer_api::{KeyKind, Missing, VerdictCode, VerifiedKey};

pub use self::ask::Keybearer;
pub use self::declare::Service;
#[cfg(feature = "axum")]
pub use self::extract::NoGrant;
pub use self::fault::{Fault, Faults};
pub use self::grant::Grant;
pub use self::layer::{Guarded, Require};
pub use self::refuse::Refusal;
pub use self::require::{Requirement, all_of, any_key, any_of, level};
pub use self::start::StartError;
