//! What a page says first because of what was done on the one before. It travels in a cookie, so that no link can make a page say it.

use super::texts::msg;
use super::visit::Visit;

/// All that may be said so; a new one needs a row.
const NOTES: &[&str] = &[
    msg("note-signed-out"),
    msg("note-keys-deleted"),
    msg("note-keys-revoked"),
    msg("note-key-changed"),
    msg("note-password-changed"),
    msg("note-session-ended"),
    msg("note-sessions-ended"),
    msg("note-consent-given"),
    msg("note-consent-withdrawn"),
    msg("note-account-locked"),
    msg("note-account-unlocked"),
    msg("note-account-deleted"),
    msg("note-account-created"),
    msg("note-their-account-changed"),
    msg("note-their-account-deleted"),
    msg("note-details-saved"),
    msg("note-their-password-set"),
    msg("note-email-changed"),
    msg("note-policy-created"),
    msg("note-policy-changed"),
    msg("note-policy-deleted"),
    msg("note-gate-created"),
    msg("note-gate-changed"),
    msg("note-gate-deleted"),
];

/// Something that was done: its message, and the number in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Note {
    id: &'static str,
    count: usize,
}

impl Note {
    /// This message, if it is among those that may be said.
    pub(super) fn new(id: &str, count: usize) -> Option<Self> {
        let id = NOTES.iter().find(|known| **known == id)?;
        Some(Self { id, count })
    }

    /// As the cookie holds it.
    pub(super) fn code(self) -> String {
        format!("{}.{}", self.id, self.count)
    }

    /// Reads what [`Note::code`] writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (id, count) = text.split_once('.')?;
        Self::new(id, count.parse().ok()?)
    }

    /// In words.
    pub(super) fn text(self, visit: &Visit) -> String {
        visit.t1(self.id, "count", self.count)
    }
}
