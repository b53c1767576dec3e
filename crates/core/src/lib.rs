//! The rules of Keybearer, as pure code: no clock, no randomness, no I/O. `now` and random bytes are arguments.
//!
//! A newcomer's order of reading: [`token`] (what a key looks like), [`key`] (what becomes of it), [`role`] and [`account`]
//! (people), [`identity`] (people of an application), [`permission`] and [`policy`] (services), [`requirement`] and [`decision`]
//! (may this key do that?), [`gate`] (may this request go on?), [`authority`] (who may change what). Apart from them, [`lease`]: for
//! how long a node may answer from memory.
#![warn(missing_docs)]

pub mod account;
pub mod authority;
pub mod decision;
pub mod gate;
pub mod identity;
pub mod key;
pub mod lease;
pub mod name;
pub mod permission;
pub mod policy;
pub mod requirement;
pub mod role;
pub mod time;
pub mod token;
