//! `/v1`.

mod first_minute;
