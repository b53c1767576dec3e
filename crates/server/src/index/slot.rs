//! One key in 56 bytes, and a short text beside it.

use keybearer_core::key::{Lifecycle, RevocationReason};
use keybearer_core::permission::ServiceName;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Imprint, KeyId, PepperVersion};
use keybearer_store::{Key, KeyHolder};

/// How many words a slot is.
pub(super) const WORDS: usize = 7;

/// What stands for the level of a service's key. A word with no level at all is of no key.
const SERVICE: u8 = 14;

/// In the marks of a slot: why the key was revoked, as its place among all reasons and one more; 0 while it was not.
const REASON: u8 = 0x0f;
/// In the marks of a slot: it is bound to a service.
const BOUND: u8 = 0x10;
/// In the marks of a slot: it has metadata.
const METADATA: u8 = 0x20;

/// Where the level and the marks stand in the word of the expiry. What is below them has room for half a million years.
const LEVEL: u32 = 54;
const MARKS: u32 = LEVEL + 4;
/// What stands for a key that never expires.
const NEVER: u64 = (1 << LEVEL) - 1;

/// All of a key that decides. What answers tell of it besides stands in its text: the moment of its revocation, the service to which it is
/// bound, its name, its metadata; each only where there is one, and with its length before it where something follows.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub(super) id: KeyId,
    pub(super) imprint: Imprint,
    /// The number of its text among [`super::texts::Texts`].
    pub(super) text: u32,
    /// In milliseconds since 1970, or [`NEVER`].
    expires_at: u64,
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
    /// The slot of a key, whose text is put behind `texts`, and has this number. `holder` is the number of its owner or of its policy.
    pub(super) fn new(key: &Key, holder: u32, text: u32, texts: &mut Vec<u8>) -> Self {
        let mut marks = 0;
        if let Lifecycle::Revoked { at, reason, .. } = key.lifecycle {
            marks |= revocation(at, reason, texts);
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
        let expires_at = key.lifecycle.expires_at().map_or(NEVER, |at| u64::try_from(at.0).unwrap_or(0).min(NEVER - 1));
        Self { id: key.id, imprint: key.digest.imprint(), text, expires_at, holder, pepper: key.pepper, level, marks }
    }

    /// The slot of this key, which is not revoked, once it is. The text of now is `before`; the new one is put behind `texts`, and has this number.
    pub(super) fn revoked(self, at: UnixMillis, reason: RevocationReason, text: u32, before: &[u8], texts: &mut Vec<u8>) -> Self {
        let marks = self.marks | revocation(at, reason, texts);
        texts.extend_from_slice(before);
        Self { text, marks, ..self }
    }

    /// The slot as words, which may be copied one by one.
    pub(super) fn to_words(self) -> [u64; WORDS] {
        let [a, b] = words(self.id.as_bytes());
        let imprint = self.imprint.as_bytes();
        let [c, d] = words(imprint.first_chunk().expect("20 bytes are more than 16"));
        let rest = u32::from_le_bytes(*imprint.last_chunk().expect("20 bytes are more than 4"));
        let level = u64::from(self.level + 1) << LEVEL;
        [
            a,
            b,
            c,
            d,
            u64::from(rest) | u64::from(self.holder) << 32,
            self.expires_at | level | u64::from(self.marks) << MARKS,
            u64::from(self.text) | u64::from(self.pepper) << 32,
        ]
    }

    /// Reads what [`Slot::to_words`] wrote; none where no key was written.
    pub(super) fn from_words(words: [u64; WORDS]) -> Option<Self> {
        let level = u8::try_from(words[5] >> LEVEL & 0x0f).expect("four bits").checked_sub(1)?;
        let [a, b, c, d, e, _, g] = words.map(u64::to_le_bytes);
        let mut imprint = [0; Imprint::LEN];
        imprint[..8].copy_from_slice(&c);
        imprint[8..16].copy_from_slice(&d);
        imprint[16..].copy_from_slice(&e[..4]);
        Some(Self {
            id: KeyId::from_bytes([a, b].as_flattened().try_into().expect("two words are 16 bytes")),
            imprint: Imprint::from_bytes(imprint),
            text: u32::from_le_bytes([g[0], g[1], g[2], g[3]]),
            expires_at: words[5] & NEVER,
            holder: u32::from_le_bytes([e[4], e[5], e[6], e[7]]),
            pepper: u16::from_le_bytes([g[4], g[5]]),
            level,
            marks: u8::try_from(words[5] >> MARKS).expect("six bits"),
        })
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
        let expires_at = (self.expires_at != NEVER).then_some(UnixMillis(self.expires_at.cast_signed()));
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

    pub(super) fn metadata<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        self.parts(text).2.unwrap_or(b"{}")
    }
}

/// The mark of a revocation, whose moment is put behind `texts`.
fn revocation(at: UnixMillis, reason: RevocationReason, texts: &mut Vec<u8>) -> u8 {
    texts.extend_from_slice(&at.0.to_le_bytes());
    let place = RevocationReason::ALL.iter().take_while(|one| **one != reason).count();
    u8::try_from(place + 1).expect("there are few reasons")
}

/// The words that an id begins and ends with, by which a key is known.
pub(super) fn words(bytes: &[u8; 16]) -> [u64; 2] {
    let (words, _) = bytes.as_chunks();
    [words[0], words[1]].map(u64::from_le_bytes)
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
