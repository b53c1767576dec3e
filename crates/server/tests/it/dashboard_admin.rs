//! The pages of administrators, asked for as a browser without JavaScript would.

mod form;
mod policies;
