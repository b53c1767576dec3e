//! The pages of administrators, asked for as a browser without JavaScript would.

mod accounts;
mod audit;
mod explain;
mod keys;
mod overview;
mod permissions;
mod policies;
mod service_keys;
mod visitor;
