//! The pages of administrators, asked for as a browser without JavaScript would.

mod account_details;
mod accounts;
mod audit;
mod explain;
mod gates;
mod keys;
mod made;
mod overview;
mod permissions;
mod policies;
mod service_keys;
mod twins;
mod visitor;
