//! Last uses that wait to be written into the rows of their keys, as one value: an id of 16 bytes and a moment of 8, again and again.

use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;

use crate::StoreError;

const ID: usize = 16;
const ENTRY: usize = ID + 8;

/// All of them as one value.
pub(crate) fn packed(uses: &[(KeyId, UnixMillis)]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(uses.len() * ENTRY);
    for (id, at) in uses {
        packed.extend_from_slice(id.as_bytes());
        packed.extend_from_slice(&at.0.to_be_bytes());
    }
    packed
}

/// What was packed.
pub(crate) fn unpacked(packed: &[u8]) -> Result<Vec<(KeyId, UnixMillis)>, StoreError> {
    let entry = |entry: &[u8]| {
        let (id, at) = entry.split_at_checked(ID)?;
        Some((KeyId::from_bytes(id.try_into().ok()?), UnixMillis(i64::from_be_bytes(at.try_into().ok()?))))
    };
    let uses: Option<Vec<_>> = packed.chunks(ENTRY).map(entry).collect();
    uses.ok_or_else(|| StoreError::Unavailable("a stored value cannot be read: the last uses that wait".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_read_and_what_was_cut_is_refused() {
        let uses = [(KeyId::from_bytes([1; 16]), UnixMillis(-1)), (KeyId::from_bytes([2; 16]), UnixMillis(i64::MAX))];
        let packed = packed(&uses);
        assert_eq!(unpacked(&packed).unwrap(), uses);
        for cut in [1, 15, 16, 20, 47] {
            assert!(unpacked(&packed[..cut]).is_err(), "{cut}");
        }
    }
}
