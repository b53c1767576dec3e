//! One key in 80 bytes, and a short text beside it.

use std::sync::atomic::{AtomicU64, Ordering};

use keybearer_core::account::AccountId;
use keybearer_core::key::{Lifecycle, RevocationReason};
use keybearer_core::permission::ServiceName;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Digest, KeyId, PepperVersion};
use keybearer_store::{Key, KeyHolder, Metadata};

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

/// In a last use: it waits to be written. The moment stands above it.
const QUEUED: u64 = 1;

/// All of a key that decides. What answers tell of it besides stands in its text: the moment of its revocation, the service to which it is
/// bound, its name, its metadata; each only where there is one, and with its length before it where something follows.
pub(super) struct Slot {
    pub(super) id: KeyId,
    pub(super) digest: Digest,
    /// The number of the account, or of the policy among [`super::policies::Policies`].
    holder: u64,
    expires_at: i64,
    /// Milliseconds since 1970, or 0 for never, and [`QUEUED`].
    last_used: AtomicU64,
    /// Where its text begins in that of its bucket. It ends where that of the next slot begins.
    pub(super) text: u32,
    pub(super) pepper: PepperVersion,
    level: u8,
    marks: u8,
}

// A million keys take as many times more as this grows.
const _: () = assert!(size_of::<Slot>() == 80);

/// For whom a key stands, by what the slot keeps of it.
pub(super) enum SlotHolder {
    Account { owner: AccountId, level: Level },
    Service { policy: u32 },
}

impl Slot {
    /// The slot of a key, whose text is put behind `texts`. `policy` is the number of a service's policy.
    pub(super) fn new(key: &Key, policy: u32, texts: &mut Vec<u8>) -> Self {
        let text = place(texts);
        let mut marks = 0;
        if let Lifecycle::Revoked { at, reason, .. } = key.lifecycle {
            let place = RevocationReason::ALL.iter().take_while(|one| **one != reason).count();
            marks |= u8::try_from(place + 1).expect("there are few reasons");
            texts.extend_from_slice(&at.0.to_le_bytes());
        }
        let (holder, level) = match &key.holder {
            KeyHolder::Account { owner, level } => (owner.0.cast_unsigned(), level.number()),
            KeyHolder::Service { service, .. } => {
                if let Some(service) = service {
                    marks |= BOUND;
                    put(texts, service.as_str());
                }
                (u64::from(policy), SERVICE)
            }
        };
        if key.metadata.is_empty() {
            texts.extend_from_slice(key.name.as_bytes());
        } else {
            marks |= METADATA;
            put(texts, &key.name);
            serde_json::to_writer(texts, &key.metadata).expect("memory takes all JSON");
        }
        Self {
            id: key.id,
            digest: key.digest,
            holder,
            expires_at: key.lifecycle.expires_at().map_or(NEVER, |at| at.0),
            last_used: AtomicU64::new(key.last_used_at.map_or(0, moment)),
            text,
            pepper: key.pepper,
            level,
            marks,
        }
    }

    /// The same slot, with a text that begins here. The use that it has noted waits in the queue of whoever noted it; but whoever writes may
    /// already have let this slot go, so the next use of the copy asks for a place again.
    pub(super) fn copy(&self, text: u32) -> Self {
        Self {
            id: self.id,
            digest: self.digest,
            holder: self.holder,
            expires_at: self.expires_at,
            last_used: AtomicU64::new(self.last_used.load(Ordering::Acquire) & !QUEUED),
            text,
            pepper: self.pepper,
            level: self.level,
            marks: self.marks,
        }
    }

    pub(super) fn holder(&self) -> SlotHolder {
        match Level::new(self.level.into()) {
            Ok(level) => SlotHolder::Account { owner: AccountId(self.holder.cast_signed()), level },
            Err(_) => SlotHolder::Service { policy: u32::try_from(self.holder).unwrap_or(u32::MAX) },
        }
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

    pub(super) fn last_used_at(&self) -> Option<UnixMillis> {
        Some(self.last_used.load(Ordering::Relaxed) >> 1).filter(|at| *at != 0).map(|at| UnixMillis(at.cast_signed()))
    }

    /// Notes a use. Returns whether the key is to be queued for writing.
    pub(super) fn note_use(&self, now: UnixMillis) -> bool {
        let noted = moment(now) | QUEUED;
        // Once in a millisecond is enough: a key that many use at once is not written to by all of them.
        if self.last_used.load(Ordering::Relaxed) >= noted {
            return false;
        }
        self.last_used.fetch_max(noted, Ordering::AcqRel) & QUEUED == 0
    }

    /// Ends the wait for writing, whether it was written or found no place.
    pub(super) fn dequeue(&self) {
        self.last_used.fetch_and(!QUEUED, Ordering::AcqRel);
    }

    /// Takes over a use that the slot which this one replaced has noted.
    pub(super) fn carry(&self, replaced: &Self) {
        let noted = replaced.last_used.load(Ordering::Acquire) & !QUEUED;
        if noted > self.last_used.load(Ordering::Relaxed) {
            self.last_used.fetch_max(noted, Ordering::Relaxed);
        }
    }
}

/// A moment as it stands above [`QUEUED`].
fn moment(at: UnixMillis) -> u64 {
    u64::try_from(at.0).unwrap_or(0) << 1
}

/// Where the next text begins.
pub(super) fn place(texts: &[u8]) -> u32 {
    u32::try_from(texts.len()).expect("a bucket has few keys, and each a short text")
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
