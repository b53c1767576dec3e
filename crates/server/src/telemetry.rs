//! stub
pub fn init(_: &crate::config::L) {}
