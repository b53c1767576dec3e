//! The commands for whoever runs the server: they work on its files, and the real server is asked what came of it.

mod admin;
mod backup;
mod config;
mod doctor;
mod document;
mod interrupted;
mod keyring;
mod owner;
mod postgres;
mod restore;
mod transfer;
