//! The one place that asks for randomness.

use rand::Rng as _;

/// Random bytes from the operating system.
///
/// # Panics
/// Where the operating system has none: no key could be made safely.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Random bytes for what is no secret, as the id of a request: without asking the operating system each time.
#[must_use]
pub fn public_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
