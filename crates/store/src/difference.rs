//! In what a row from elsewhere differs from the one that is here, on every engine. Told is the first field.

use keybearer_core::key::{KeyKind, Lifecycle};
use keybearer_core::time::UnixMillis;

use crate::{AccountRow, IncomingKey, Key, NamedGate, PolicyRow, RowRefusal};

/// Of an account from the one of its number. A password that is not told differs from none.
pub(crate) fn of_account(row: &AccountRow, here: &AccountRow) -> Option<&'static str> {
    match (row, here) {
        (AccountRow::Present { account, password_hash }, AccountRow::Present { account: known, password_hash: known_hash }) => {
            let fields = [
                ("username", account.username == known.username),
                ("email", account.email == known.email),
                ("external_id", account.external_id == known.external_id),
                ("issuer", account.issuer == known.issuer),
                ("metadata", account.metadata == known.metadata),
                ("role", account.role == known.role),
                ("status", account.status == known.status),
                ("consent", account.consent == known.consent),
                ("created_at", account.created_at == known.created_at),
                ("password_hash", password_hash.is_none() || password_hash == known_hash),
            ];
            fields.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
        }
        (
            AccountRow::Deleted { created_at, deleted_at, .. },
            AccountRow::Deleted { created_at: known_created, deleted_at: known_deleted, .. },
        ) => ((created_at, deleted_at) != (known_created, known_deleted)).then_some("deleted_at"),
        (AccountRow::Present { .. }, AccountRow::Deleted { .. }) | (AccountRow::Deleted { .. }, AccountRow::Present { .. }) => {
            Some("deleted_at")
        }
    }
}

/// Of a policy from the one of its id. The version is this store's own.
pub(crate) fn of_policy(row: &PolicyRow, here: &PolicyRow) -> Option<&'static str> {
    match (row, here) {
        (PolicyRow::Present(policy), PolicyRow::Present(known)) => {
            let fields = [
                ("name", policy.name == known.name),
                ("permissions", policy.permissions == known.permissions),
                ("created_at", policy.created_at == known.created_at),
                ("created_by", policy.created_by == known.created_by),
            ];
            fields.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
        }
        (PolicyRow::Deleted { name, deleted_at, .. }, PolicyRow::Deleted { name: known_name, deleted_at: known_deleted, .. }) => {
            ((name, deleted_at) != (known_name, known_deleted)).then_some("deleted_at")
        }
        (PolicyRow::Present(_), PolicyRow::Deleted { .. }) | (PolicyRow::Deleted { .. }, PolicyRow::Present(_)) => Some("deleted_at"),
    }
}

/// Of a gate from the one of its name. The version is this store's own.
pub(crate) fn of_gate(row: &NamedGate, here: &NamedGate) -> Option<&'static str> {
    let fields = [
        ("requirement", row.gate.requirement() == here.gate.requirement()),
        ("rules", row.gate.rules() == here.gate.rules()),
        ("carriers", row.gate.carriers() == here.gate.carriers()),
        ("headers", row.gate.headers() == here.gate.headers()),
        ("created_at", row.created_at == here.created_at),
        ("created_by", row.created_by == here.created_by),
    ];
    fields.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
}

/// Of a key from the one of its id, in secret and state: to be asked before anybody looks for its holder.
pub(crate) fn of_key_state(new: &IncomingKey, known: &Key) -> Result<(), RowRefusal> {
    let differs = |field| Err(RowRefusal::Differs { what: "key", field });
    // First, so that nobody learns of a key by a row that has only its id.
    if !new.digests.iter().any(|(pepper, digest)| *pepper == known.pepper && digest.matches(&known.digest)) {
        return differs("secret");
    }
    match (new.revoked, known.lifecycle) {
        (None, Lifecycle::Live { .. }) => Ok(()),
        (None, Lifecycle::Revoked { .. }) => Err(RowRefusal::RevokedHere),
        (Some(_), Lifecycle::Live { .. }) => Err(RowRefusal::LiveHere),
        (Some(new), Lifecycle::Revoked { at, reason, .. }) if new == (at, reason) => Ok(()),
        (Some(_), Lifecycle::Revoked { .. }) => differs("revocation"),
    }
}

/// Of a key from the one of its id, in everything else.
pub(crate) fn of_key(new: &IncomingKey, known: &Key, same_holder: bool) -> Result<(), RowRefusal> {
    // Where a person's key says no end, it has the one that it was given when it came.
    let says_end = new.expires_at.is_some() || known.holder.kind() == KeyKind::Service;
    let says = |said: Option<UnixMillis>, known| said.is_none_or(|said| said == known);
    let fields = [
        ("name", new.name == known.name),
        ("holder", same_holder),
        ("expires_at", !says_end || new.expires_at == known.lifecycle.expires_at()),
        ("metadata", new.metadata == known.metadata),
        ("created_at", says(new.created_at, known.created_at)),
        ("created_by", new.created_by.as_ref().is_none_or(|said| *said == known.created_by)),
    ];
    match fields.into_iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((field, _)) => Err(RowRefusal::Differs { what: "key", field }),
    }
}
