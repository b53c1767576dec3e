//! `/v1`.

mod bad_input;
mod first_minute;
