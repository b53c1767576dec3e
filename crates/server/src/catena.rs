//! The Catena face (section 4.3 of the design): one service over two carriers, HTTP+JSON ([`crate::http::catena`]) and gRPC, made from
//! `proto/keybearer/catena/v1/api_keys.proto`.

mod credential;
mod dress;
mod service;
mod status;
mod timestamp;

pub use self::credential::caller;
pub use self::service::Service;
pub use self::status::{cause, status};
pub use self::timestamp::Timestamp;

/// Messages, and the trait of the service, as generated.
#[expect(clippy::allow_attributes, clippy::allow_attributes_without_reason, reason = "generated code quietens the compiler by allow")]
pub mod v1 {
    tonic::include_proto!("keybearer.catena.v1");
    include!(concat!(env!("OUT_DIR"), "/keybearer.catena.v1.serde.rs"));
}

/// The `.proto` as a descriptor set, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
