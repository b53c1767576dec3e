//! The one place that asks for randomness.

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
