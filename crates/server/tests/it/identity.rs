//! People whom an application vouches for: its tokens in the place of session tokens.

mod account;
mod application;
mod keys;
mod tokens;
