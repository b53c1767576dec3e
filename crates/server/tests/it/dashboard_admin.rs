//! The pages of administrators, asked for as a browser without JavaScript would.

mod accounts;
mod form;
mod permissions;
mod policies;
