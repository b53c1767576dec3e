//! Eight bytes as eleven digits.

use zeroize::Zeroize;

use super::Malformed;

/// How many digits 64 bits take.
pub(super) const GROUP: usize = 11;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Puts so many digits of a value behind a text.
pub(super) fn push(text: &mut String, mut value: u64, width: usize) {
    let mut digits = [b'0'; GROUP];
    for digit in digits[..width].iter_mut().rev() {
        *digit = BASE62[usize::try_from(value % 62).expect("a remainder of 62 is small")];
        value /= 62;
    }
    text.extend(digits[..width].iter().map(|digit| char::from(*digit)));
    digits.zeroize();
}

/// What each byte is worth as a base62 digit; [`NO_DIGIT`] for those that are none.
const DIGITS: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 62 {
        values[BASE62[value as usize] as usize] = value;
        value += 1;
    }
    values
};
/// A bit that no digit has.
const NO_DIGIT: u8 = 0x80;

/// The value of some base62 digits. A group beyond 64 bits has no value: it would be a second spelling of another one.
pub(super) fn read<const N: usize>(digits: &[u8; N]) -> Result<u64, Malformed> {
    // Ten digits fit into 60 bits, so only the last of a full group is checked; and what is no digit is found once, at the end.
    let [others @ .., last] = digits.as_slice() else { return Err(Malformed) };
    let worth = |digit: &u8| DIGITS[usize::from(*digit)];
    let seen = others.iter().fold(worth(last), |seen, digit| seen | worth(digit));
    // Two halves, so that not every digit waits for all those before it.
    let (first, second) = others.split_at(N / 2);
    let value = |half: &[u8]| half.iter().fold(0u64, |value, digit| value * 62 + u64::from(worth(digit)));
    let (first, second) = (value(first), value(second));
    let value = first * const { power_of_62(N - 1 - N / 2) } + second;
    let value = value.checked_mul(62).and_then(|value| value.checked_add(u64::from(worth(last))));
    value.filter(|_| seen & NO_DIGIT == 0).ok_or(Malformed)
}

const fn power_of_62(exponent: usize) -> u64 {
    if exponent == 0 { 1 } else { 62 * power_of_62(exponent - 1) }
}
