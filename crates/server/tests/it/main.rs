//! Tests that speak like clients: a server in this process on a real port, a clock that stands still, and HTTP.
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]
#![expect(unreachable_pub, reason = "one binary: everything is reachable from everywhere")]

mod binary;
mod canary;
mod catena;
mod cli;
mod cluster;
mod corpus;
mod cors;
mod crash;
mod dashboard;
mod dashboard_admin;
mod deployment;
mod disk_full;
mod fences;
mod freesewing;
mod gate;
mod gateways;
mod grpc;
mod identity;
mod last_used;
mod matrix;
mod metrics;
mod native;
mod oauth2;
mod openapi;
mod operator;
mod proxies;
mod races;
mod readme;
mod retention;
mod revocation;
mod setup;
mod support;
mod tls;
mod tower;
mod wire;
