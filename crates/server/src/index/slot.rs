//! One key in 64 bytes, and a short text beside it.

use keybearer_core::key::{Lifecycle, RevocationReason};
use keybearer_core::permission::ServiceName;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Digest, KeyId, PepperVersion};
use keybearer_store::{Key, KeyHolder, Metadata};

/// How many words a slot is.
pub(super) const WORDS: usize = 8;

/// What stands for a key that never expires.
const NEVER: i64 = i64::MAX;
/// What stands for the level of a service's key.
const SERVICE: u8 = u8::MAX;

/// In the marks of a slot: why the key was revoked, as its place among all reasons and one more; 0 while it was not.
const REASON: u8 = 0x0f;
/// In the marks of a slot: it is bound to a service.
const BOUND: u8 = 0x10;
/// In the marks of a slot: it has metadata.
const METADATA: u8 = 0x20;

/// All of a key that decides. What answers tell of it besides stands in its text: the moment of its revocation, the service to which it is
/// bound, its name, its metadata; each only where there is one, and with its length before it where something follows.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub(super) id: KeyId,
    pub(super) digest: Digest,
    expires_at: i64,
    /// The number of the account among [`super::accounts::Accounts`], or of the policy among [`super::policies::Policies`].
    holder: u32,
    pub(super) pepper: PepperVersion,
    level: u8,
    marks: u8,
}

/// For whom a key stands, by the numbers that the image gives.
pub(super) enum SlotHolder {
    Account { owner: u32, level: Level },
    Service { policy: u32 },
}

impl Slot {
    /// The slot of a key, whose text is put behind `texts`. `holder` is the number of its owner or of its policy.
    pub(super) fn new(key: &Key, holder: u32, texts: &mut Vec<u8>) -> Self {
        let mut marks = 0;
        if let Lifecycle::Revoked { at, reason, .. } = key.lifecycle {
            let place = RevocationReason::ALL.iter().take_while(|one| **one != reason).count();
            marks |= u8::try_from(place + 1).expect("there are few reasons");
            texts.extend_from_slice(&at.0.to_le_bytes());
        }
        let level = match &key.holder {
            KeyHolder::Account { level, .. } => level.number(),
            KeyHolder::Service { service, .. } => {
                if let Some(service) = service {
                    marks |= BOUND;
                    put(texts, service.as_str());
                }
                SERVICE
            }
        };
        if key.metadata.is_empty() {
            texts.extend_from_slice(key.name.as_bytes());
        } else {
            marks |= METADATA;
            put(texts, &key.name);
            serde_json::to_writer(texts, &key.metadata).expect("memory takes all JSON");
        }
        let expires_at = key.lifecycle.expires_at().map_or(NEVER, |at| at.0);
        Self { id: key.id, digest: key.digest, expires_at, holder, pepper: key.pepper, level, marks }
    }

    /// The slot as words, which may be copied one by one.
    pub(super) fn to_words(self) -> [u64; WORDS] {
        let [id, digest] = [&self.id.as_bytes()[..], &self.digest.as_bytes()[..]].map(|bytes| bytes.chunks_exact(8));
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(id.chain(digest)) {
            *word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        }
        words[6] = self.expires_at.cast_unsigned();
        words[7] = u64::from(self.holder) | u64::from(self.pepper) << 32 | u64::from(self.level) << 48 | u64::from(self.marks) << 56;
        words
    }

    /// Reads what [`Slot::to_words`] wrote.
    pub(super) fn from_words(words: [u64; WORDS]) -> Self {
        let [a, b, c, d, e, f, expires_at, rest] = words.map(u64::to_le_bytes);
        let [holder @ .., p, q, level, marks] = rest;
        Self {
            id: KeyId::from_bytes([a, b].as_flattened().try_into().expect("two words are 16 bytes")),
            digest: Digest::from_bytes([c, d, e, f].as_flattened().try_into().expect("four words are 32 bytes")),
            expires_at: i64::from_le_bytes(expires_at),
            holder: u32::from_le_bytes(holder),
            pepper: u16::from_le_bytes([p, q]),
            level,
            marks,
        }
    }

    pub(super) fn holder(&self) -> SlotHolder {
        match Level::new(self.level.into()) {
            Ok(level) => SlotHolder::Account { owner: self.holder, level },
            Err(_) => SlotHolder::Service { policy: self.holder },
        }
    }

    pub(super) fn is_revoked(&self) -> bool {
        self.marks & REASON != 0
    }

    /// `text` is only looked at where the key is revoked.
    pub(super) fn lifecycle<'a>(&self, text: impl FnOnce() -> &'a [u8]) -> Lifecycle {
        let expires_at = (self.expires_at != NEVER).then_some(UnixMillis(self.expires_at));
        match usize::from(self.marks & REASON).checked_sub(1) {
            None => Lifecycle::Live { expires_at },
            Some(place) => {
                let at = text().first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
                Lifecycle::Revoked { at: UnixMillis(at), reason: RevocationReason::ALL[place], expires_at }
            }
        }
    }

    /// What the text holds behind the moment of a revocation: service, name, metadata.
    fn parts<'a>(&self, text: &'a [u8]) -> (Option<&'a [u8]>, &'a [u8], Option<&'a [u8]>) {
        let text = if self.marks & REASON == 0 { text } else { text.get(8..).unwrap_or_default() };
        let (service, text) = if self.marks & BOUND == 0 {
            (None, text)
        } else {
            let (service, text) = taken(text);
            (Some(service), text)
        };
        if self.marks & METADATA == 0 {
            return (service, text, None);
        }
        let (name, metadata) = taken(text);
        (service, name, Some(metadata))
    }

    pub(super) fn name<'a>(&self, text: &'a [u8]) -> &'a str {
        str::from_utf8(self.parts(text).1).unwrap_or_default()
    }

    pub(super) fn service(&self, text: &[u8]) -> Option<ServiceName> {
        self.parts(text).0.and_then(|name| str::from_utf8(name).ok()?.parse().ok())
    }

    pub(super) fn metadata(&self, text: &[u8]) -> Metadata {
        self.parts(text).2.and_then(|json| serde_json::from_slice(json).ok()).unwrap_or_default()
    }
}

fn put(texts: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).expect("a name is short");
    texts.extend_from_slice(&length.to_le_bytes());
    texts.extend_from_slice(text.as_bytes());
}

/// What [`put`] put there, and what stands behind it.
fn taken(text: &[u8]) -> (&[u8], &[u8]) {
    let Some((length, text)) = text.split_first_chunk() else { return (&[], &[]) };
    text.split_at_checked(usize::from(u16::from_le_bytes(*length))).unwrap_or((text, &[]))
}
