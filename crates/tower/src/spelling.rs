//! Which key a presented text names, so that a verdict on another one can be told from the one that was asked for.

use uuid::Uuid;

/// The digits of a token behind its prefix: 22 of the id, 44 of the secret, 6 of the checksum.
const DIGITS: usize = 72;
/// Eight bytes are so many digits.
const GROUP: usize = 11;

/// The id in a pair or in a token. None in any other text: whether that is a key, the server alone can say.
pub(crate) fn id_of(key: &str) -> Option<Uuid> {
    if let Some((id, _)) = key.split_once(':') {
        return id.parse().ok();
    }
    let (_, digits) = key.rsplit_once('_').filter(|(_, digits)| digits.len() == DIGITS)?;
    let mut groups = digits.as_bytes().chunks_exact(GROUP).map(group);
    Some(Uuid::from_u64_pair(groups.next()??, groups.next()??))
}

fn group(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'a'..=b'z' => digit - b'a' + 36,
            _ => return None,
        };
        value.checked_mul(62)?.checked_add(digit.into())
    })
}
