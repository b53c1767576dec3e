//! The key itself: an id and a secret, in two spellings of one credential (section 3 of the design, "The key itself").
//!
//! - pair: the id as a UUID, the secret as 64 hex digits (seeds 001-003);
//! - token: `<prefix>_`, 22 base62 digits of id, 44 of secret, 6 of checksum.
//!
//! Base62 goes in groups of 8 bytes to 11 digits, big-endian, and each value has one spelling. The checksum is CRC-32 over all text before
//! it, so that a mistyped token is refused without a look-up.

mod base62;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use uuid::Uuid;
use zeroize::Zeroizing;

use self::base62::GROUP;
use crate::time::UnixMillis;

/// Names a key for ever, in public: a UUIDv7, which also tells when the key was created.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(Uuid);

impl KeyId {
    /// A new id for a key created at `now`.
    #[must_use]
    pub fn new(now: UnixMillis, random: &[u8; 10]) -> Self {
        let millis = u64::try_from(now.0).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
    }

    /// The id of these 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The id as 16 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id as a UUID.
    #[must_use]
    pub fn as_uuid(&self) -> &Uuid {
        &self.0
    }

    /// When a key of this id was created. An id that came from elsewhere may be of another version, which tells nothing.
    #[must_use]
    pub fn created_at(&self) -> Option<UnixMillis> {
        let (seconds, nanos) = self.0.get_timestamp().filter(|_| self.0.get_version_num() == 7)?.to_unix();
        let millis = seconds.checked_mul(1_000)?.checked_add(u64::from(nanos / 1_000_000))?;
        i64::try_from(millis).ok().map(UnixMillis)
    }
}

/// A text that is not the hyphenated form of a UUID.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("must be a UUID such as 7ea12968-7758-40b6-8c73-75cc99be762b")]
pub struct KeyIdError;

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        // `Uuid` also reads braces, URNs and 32 bare digits; one spelling is enough.
        if text.len() != 36 {
            return Err(KeyIdError);
        }
        Uuid::parse_str(text).map(Self).map_err(|_| KeyIdError)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The 256 random bits that prove a key. No `Debug`, `Display` or `Serialize`; wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// A secret of these random bytes.
    #[must_use]
    pub fn new(random: [u8; 32]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// The secret as 64 lower-case hex digits: to be shown once, to its maker.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(64));
        for byte in self.0.iter() {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from(HEX[usize::from(nibble)]));
            }
        }
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
        let mut bytes = Zeroizing::new([0; 32]);
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = (hex_value(pair[0])? << 4) | hex_value(pair[1])?;
        }
        Some(Self(bytes))
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// What stands before the underscore of a token: 2 to 16 lower-case letters and digits, beginning with a letter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prefix(Box<str>);

/// A text that is no prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a token prefix is a lower-case letter followed by 1 to 15 lower-case letters or digits")]
pub struct PrefixError;

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        if is_prefix(text.as_bytes()) { Ok(Self(text.into())) } else { Err(PrefixError) }
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("kb".into())
    }
}

fn is_prefix(text: &[u8]) -> bool {
    (2..=16).contains(&text.len()) && text[0].is_ascii_lowercase() && text.iter().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// A key as its user presents it: which one, and the proof. No `Debug`, `Display` or `Serialize`.
#[derive(Clone)]
pub struct Credential {
    /// Which key.
    pub id: KeyId,
    /// The proof.
    pub secret: Secret,
}

/// A text that cannot be a credential of anybody: wrong length, alphabet, spelling or checksum.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a well-formed key")]
pub struct Malformed;

/// Length of a token after its prefix and underscore.
const BODY: usize = 22 + 44 + CHECK;
const CHECK: usize = 6;

impl Credential {
    /// The token spelling: to be shown once, to its maker.
    #[must_use]
    pub fn to_token(&self, prefix: &Prefix) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(prefix.0.len() + 1 + BODY));
        text.push_str(&prefix.0);
        text.push('_');
        for group in self.id.as_bytes().chunks_exact(8).chain(self.secret.0.chunks_exact(8)) {
            let value = group.iter().fold(0u64, |value, byte| (value << 8) | u64::from(*byte));
            base62::push(&mut text, value, GROUP);
        }
        let check = crc32fast::hash(text.as_bytes());
        base62::push(&mut text, u64::from(check), CHECK);
        text
    }

    /// Reads a token, under any well-formed prefix.
    ///
    /// # Errors
    /// [`Malformed`], found without any look-up.
    pub fn parse_token(text: &str) -> Result<Self, Malformed> {
        Self::read_token(text, |_| Ok(()))
    }

    /// Of which key a token speaks, if it is one: neither its checksum nor its secret is looked at.
    #[must_use]
    pub fn named(text: &str) -> Option<KeyId> {
        let mut named = None;
        let read = Self::read_token(text, |id| {
            named = Some(*id);
            Err(Malformed)
        });
        read.err().and(named)
    }

    fn read_token(text: &str, expect: impl FnOnce(&KeyId) -> Result<(), Malformed>) -> Result<Self, Malformed> {
        let bytes = text.as_bytes();
        let start = bytes.len().checked_sub(BODY).ok_or(Malformed)?;
        let (head, body) = bytes.split_at(start);
        let (b'_', prefix) = head.split_last().ok_or(Malformed)? else {
            return Err(Malformed);
        };
        if !is_prefix(prefix) {
            return Err(Malformed);
        }
        let (digits, check) = body.split_last_chunk::<CHECK>().ok_or(Malformed)?;
        let mut groups = digits.as_chunks::<GROUP>().0.iter();
        let mut read = |target: &mut [u8]| {
            target.copy_from_slice(&base62::read(groups.next().ok_or(Malformed)?)?.to_be_bytes());
            Ok(())
        };
        let mut id = [0; 16];
        id.chunks_exact_mut(8).try_for_each(&mut read)?;
        let id = KeyId::from_bytes(id);
        expect(&id)?;
        if base62::read(check)? != u64::from(crc32fast::hash(&bytes[..bytes.len() - CHECK])) {
            return Err(Malformed);
        }
        let mut secret = Zeroizing::new([0; 32]);
        secret.chunks_exact_mut(8).try_for_each(&mut read)?;
        Ok(Self { id, secret: Secret(secret) })
    }

    /// Reads a pair: the id as a UUID, the secret as 64 lower-case hex digits.
    ///
    /// # Errors
    /// [`Malformed`], found without any look-up.
    pub fn parse_pair(id: &str, secret: &str) -> Result<Self, Malformed> {
        let id = id.parse().map_err(|_| Malformed)?;
        Ok(Self { id, secret: Secret::parse(secret).ok_or(Malformed)? })
    }

    /// Reads either spelling: a token, or the pair written `id:secret`.
    ///
    /// # Errors
    /// [`Malformed`], found without any look-up.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Self::parse_expecting(text, |_| ())
    }

    /// As [`Credential::parse`], for whoever can begin to look for a key while its credential is being read. What is `expect`ed may still turn out
    /// to be malformed.
    ///
    /// # Errors
    /// As [`Credential::parse`].
    pub fn parse_expecting(text: &str, expect: impl FnOnce(&KeyId)) -> Result<Self, Malformed> {
        // Nothing else has this there, and to look for the colon would take longer.
        let place = text.len().checked_sub(BODY + 1);
        if place.is_some_and(|place| text.as_bytes()[place] == b'_') {
            return Self::read_token(text, |id| {
                expect(id);
                Ok(())
            });
        }
        let (id, secret) = text.split_once(':').ok_or(Malformed)?;
        Self::parse_pair(id, secret)
    }
}

/// What is stored in place of a secret: `HMAC-SHA-256(pepper, id || secret)`. No `PartialEq`: see [`Digest::matches`].
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these 32 bytes, as the store kept them.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest as 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// What a memory that has to be small keeps of it.
    #[must_use]
    pub fn imprint(&self) -> Imprint {
        Imprint(*self.0.first_chunk().expect("32 bytes are more than 20"))
    }
}

/// The leading 160 bits of a [`Digest`]: nobody finds a secret for so many. An HMAC may be cut to half its length (RFC 2104, section 5), which
/// is 128 here. No `PartialEq`, as of a digest.
#[derive(Clone, Copy)]
pub struct Imprint([u8; Imprint::LEN]);

impl Imprint {
    /// Its length in bytes.
    pub const LEN: usize = 20;

    /// The imprint of these bytes, as somebody kept them.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The imprint as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.is(other).into()
    }

    /// Two words take a tenth of the time that twenty bytes do.
    fn is(&self, other: &Self) -> Choice {
        let (own, other) = (self.words(), other.words());
        own.0.ct_eq(&other.0) & own.1.ct_eq(&other.1)
    }

    fn words(&self) -> (u128, u32) {
        let (first, rest) = self.0.split_at(16);
        let word = u128::from_ne_bytes(first.try_into().expect("it was parted at 16"));
        (word, u32::from_ne_bytes(rest.try_into().expect("20 bytes are 4 more than 16")))
    }
}

/// A secret of the server that goes into every digest, so that the digests alone are worth nothing. No `Debug`.
#[derive(Clone)]
pub struct Pepper(Hmac<Sha256>);

/// Number of a pepper; a digest is stored with the version that made it.
pub type PepperVersion = u16;

impl Pepper {
    /// The pepper of these 32 random bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(bytes).expect("HMAC takes keys of any length"))
    }

    fn mac(&self, parts: [&[u8]; 2]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The peppers of a server, by version. New digests are made with the newest.
#[derive(Clone)]
pub struct Peppers {
    newest: (PepperVersion, Pepper),
    by_version: BTreeMap<PepperVersion, Pepper>,
}

impl Peppers {
    /// All peppers that the keyring holds; `None` where it holds none.
    #[must_use]
    pub fn new(by_version: BTreeMap<PepperVersion, Pepper>) -> Option<Self> {
        let newest = by_version.last_key_value().map(|(version, pepper)| (*version, pepper.clone()))?;
        Some(Self { newest, by_version })
    }

    /// The digest of a new key, and the version of the pepper in it.
    #[must_use]
    pub fn seal(&self, credential: &Credential) -> (PepperVersion, Digest) {
        (self.newest.0, self.digest(&self.newest.1, credential))
    }

    /// As [`Peppers::seal`], with no newer pepper than of this version, which other nodes have too; with the newest if there is no such limit, or
    /// nothing so old here.
    #[must_use]
    pub fn seal_at_most(&self, limit: Option<PepperVersion>, credential: &Credential) -> (PepperVersion, Digest) {
        let common = limit.and_then(|limit| self.by_version.range(..=limit).next_back());
        let (version, pepper) = common.unwrap_or((&self.newest.0, &self.newest.1));
        (*version, self.digest(pepper, credential))
    }

    /// As [`Peppers::seal`], with the pepper of this version; `None` where it is not there.
    #[must_use]
    pub fn seal_with(&self, version: PepperVersion, credential: &Credential) -> Option<Digest> {
        self.by_version.get(&version).map(|pepper| self.digest(pepper, credential))
    }

    /// Whether this is the credential of which `digest` was made with the pepper of this version.
    #[must_use]
    pub fn proves(&self, credential: &Credential, version: PepperVersion, digest: &Digest) -> bool {
        self.seal_with(version, credential).is_some_and(|own| own.matches(digest))
    }

    /// Begins to prove a credential, before it is known against what: with the newest pepper, which nearly always is the one. So what is sealed
    /// may still be on its way from memory.
    #[must_use]
    pub fn present<'a>(&'a self, credential: &'a Credential) -> Presented<'a> {
        Presented { peppers: self, credential, newest: self.digest(&self.newest.1, credential) }
    }

    /// For each version, 32 hex digits by which two nodes can tell that they hold the same pepper, and which tell nothing of it.
    #[must_use]
    pub fn fingerprints(&self) -> BTreeMap<PepperVersion, String> {
        let fingerprint = |pepper: &Pepper| {
            let mac = pepper.mac([b"keybearer pepper fingerprint", b""]);
            mac[..16].iter().map(|byte| format!("{byte:02x}")).collect()
        };
        self.by_version.iter().map(|(version, pepper)| (*version, fingerprint(pepper))).collect()
    }

    fn digest(&self, pepper: &Pepper, credential: &Credential) -> Digest {
        Digest(pepper.mac([credential.id.as_bytes(), credential.secret.0.as_slice()]))
    }
}

/// A credential that is about to be proved. No `Debug`.
pub struct Presented<'a> {
    peppers: &'a Peppers,
    credential: &'a Credential,
    newest: Digest,
}

impl Presented<'_> {
    /// As [`Peppers::proves`], by the imprint of a digest, where there may be nothing to prove against. That costs the same, so that the time of
    /// an answer does not tell whether a key of this id exists.
    #[must_use]
    pub fn proves(&self, sealed: Option<(PepperVersion, &Imprint)>) -> bool {
        let nothing = Imprint([0; Imprint::LEN]);
        let (version, imprint) = sealed.unwrap_or((self.peppers.newest.0, &nothing));
        if version == self.peppers.newest.0 {
            return (self.newest.imprint().is(imprint) & Choice::from(u8::from(sealed.is_some()))).into();
        }
        self.peppers.seal_with(version, self.credential).is_some_and(|digest| digest.imprint().matches(imprint))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn credential(id: [u8; 16], secret: [u8; 32]) -> Credential {
        Credential { id: KeyId::from_bytes(id), secret: Secret::new(secret) }
    }

    fn peppers(bytes: &[u8; 32]) -> Peppers {
        Peppers::new(BTreeMap::from([(1, Pepper::new(bytes))])).unwrap()
    }

    #[test]
    fn the_smallest_and_the_greatest_credential() {
        let prefix = Prefix::default();
        let zero = credential([0; 16], [0; 32]).to_token(&prefix);
        assert_eq!(zero.len(), 75);
        assert!(zero.starts_with(&format!("kb_{}", "0".repeat(66))));
        let greatest = credential([255; 16], [255; 32]).to_token(&prefix);
        let parsed = Credential::parse_token(&greatest).ok().unwrap();
        assert_eq!(*parsed.id.as_bytes(), [255; 16]);
        assert_eq!(*parsed.secret.0, [255; 32]);
    }

    #[test]
    fn a_group_beyond_64_bits_is_malformed_even_with_a_right_checksum() {
        let mut text = format!("kb_{}", "z".repeat(66));
        let check = crc32fast::hash(text.as_bytes());
        base62::push(&mut text, u64::from(check), CHECK);
        assert!(Credential::parse_token(&text).is_err());
    }

    #[test]
    fn the_id_tells_its_time_and_has_one_spelling() {
        let id = KeyId::new(UnixMillis(1_700_000_000_000), &[7; 10]);
        assert_eq!(id.as_uuid().get_version_num(), 7);
        assert_eq!(KeyId::new(UnixMillis(1_700_000_000_123), &[255; 10]).created_at(), Some(UnixMillis(1_700_000_000_123)));
        assert_eq!("7ea12968-7758-40b6-8c73-75cc99be762b".parse::<KeyId>().ok().and_then(|id| id.created_at()), None, "not of version 7");
        assert!("7ea12968-7758-40b6-8c73-75cc99be762b".parse::<KeyId>().is_ok());
        assert!("7ea12968775840b68c7375cc99be762b".parse::<KeyId>().is_err());
        assert!("{7ea12968-7758-40b6-8c73-75cc99be762}".parse::<KeyId>().is_err());
    }

    proptest! {
        #[test]
        fn both_spellings_round_trip(id in any::<[u8; 16]>(), secret in any::<[u8; 32]>(), prefix in "[a-z][a-z0-9]{1,15}") {
            let original = credential(id, secret);
            let token = original.to_token(&prefix.parse().unwrap());
            let pair = format!("{}:{}", original.id, *original.secret.reveal());
            for text in [token.as_str(), &pair] {
                let parsed = Credential::parse(text).ok().unwrap();
                prop_assert_eq!(parsed.id, original.id);
                prop_assert_eq!(*parsed.secret.0, secret);
            }
        }

        #[test]
        fn a_change_of_any_one_character_is_found_offline(id in any::<[u8; 16]>(), secret in any::<[u8; 32]>()) {
            let token = credential(id, secret).to_token(&Prefix::default()).as_bytes().to_vec();
            for position in 0..token.len() {
                for byte in 0u8..128 {
                    if byte == token[position] {
                        continue;
                    }
                    let mut changed = token.clone();
                    changed[position] = byte;
                    prop_assert!(Credential::parse_token(str::from_utf8(&changed).unwrap()).is_err());
                }
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC{0,120}") {
            let _ = Credential::parse(&text);
        }

        #[test]
        fn an_imprint_differs_where_any_of_its_bits_does(bytes in any::<[u8; 32]>(), bit in 0usize..8 * Imprint::LEN) {
            let imprint = Digest::from_bytes(bytes).imprint();
            let mut other = *imprint.as_bytes();
            prop_assert!(imprint.matches(&Imprint::from_bytes(other)));
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!imprint.matches(&Imprint::from_bytes(other)));
        }

        #[test]
        fn only_the_same_secret_pepper_and_version_prove_a_key(id in any::<[u8; 16]>(), secret in any::<[u8; 32]>(), bit in 0usize..256) {
            let original = credential(id, secret);
            let ours = peppers(&[1; 32]);
            let (version, digest) = ours.seal(&original);
            let proves = |peppers: &Peppers, credential: &Credential, version| {
                let whole = peppers.proves(credential, version, &digest);
                assert_eq!(peppers.present(credential).proves(Some((version, &digest.imprint()))), whole);
                whole
            };
            prop_assert!(proves(&ours, &original, version));
            prop_assert!(!proves(&ours, &original, version + 1));
            prop_assert!(!proves(&peppers(&[2; 32]), &original, version));
            let mut other = secret;
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!proves(&ours, &credential(id, other), version));
            prop_assert!(!ours.present(&original).proves(None));
            let both = Peppers::new(BTreeMap::from([(1, Pepper::new(&[1; 32])), (2, Pepper::new(&[2; 32]))])).unwrap();
            prop_assert!(proves(&both, &original, version), "also with a pepper that is not the newest");
            prop_assert!(!proves(&both, &original, 2));
        }
    }
}
