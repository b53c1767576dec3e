//! The Keybearer server: faces, operations, index. A face reads a request and words an answer; [`ops`] does what all faces do; the rules are
//! in `keybearer-core`, the rows in `keybearer-store`.

pub mod app;
pub mod backup;
pub mod bookkeeper;
pub mod caller;
pub mod catena;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod descriptors;
pub mod doctor;
pub mod error;
pub mod files;
pub mod forms;
pub mod grpc;
pub mod http;
pub mod index;
pub mod keyring;
pub mod language;
pub mod last_used;
pub mod metrics;
pub mod ops;
pub mod password;
pub mod random;
pub mod reset_link;
pub mod retention;
pub mod session_token;
pub mod setup;
pub mod start;
pub mod tally;
pub mod telemetry;
pub mod throttle;
pub mod tls;
pub mod transfer;
