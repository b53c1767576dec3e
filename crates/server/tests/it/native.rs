//! `/v1`.

mod accounts;
mod audit;
mod bad_input;
mod first_minute;
mod keys;
mod path;
mod payloads;
mod policies;
mod sessions;
mod short_way;
mod traffic;
mod verification;
