//! The pages, asked for over HTTP as a browser without JavaScript would.

pub mod browser;
mod cookies;
mod docs;
mod forms;
mod kept;
mod keys;
mod language;
mod pages;
mod samples;
mod security;
mod sign_in;
