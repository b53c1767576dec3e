//! `/apikeys`.

mod create;
mod delete;
mod level;
mod list;
mod read;
