//! What was done, and the names of what it was done to, in words.

use crate::http::dashboard::texts::msg;

/// An action in words, with what its badge looks like.
pub(in crate::http::dashboard) struct What {
    pub(in crate::http::dashboard) label: &'static str,
    pub(in crate::http::dashboard) tone: &'static str,
    pub(in crate::http::dashboard) icon: &'static str,
}

/// The actions that there are, by what they are done to.
pub(super) const GROUPS: &[(&str, &str, &[&str])] = &[
    ("key", msg("audit-keys"), &["key.created", "key.changed", "key.revoked"]),
    ("policy", msg("audit-policies"), &["policy.created", "policy.changed", "policy.deleted"]),
    ("gate", msg("gates"), &["gate.created", "gate.changed", "gate.deleted"]),
    ("account", msg("audit-accounts"), &["account.created", "account.changed", "account.keys_revoked", "account.deleted"]),
    ("session", msg("audit-sessions"), &["session.started", "session.ended"]),
    ("permissions", msg("audit-permissions"), &["permissions.declared"]),
    ("store", msg("audit-stores"), &["store.restored"]),
];

/// An action in words. One that is not known is told as something else, beside its code.
pub(in crate::http::dashboard) fn what(action: &str) -> What {
    let (label, tone, icon) = match action {
        "key.created" => (msg("audit-key-created"), "good", "plus"),
        "key.changed" => (msg("audit-key-changed"), "quiet", "edit"),
        "key.revoked" => (msg("audit-key-revoked"), "bad", "ban"),
        "policy.created" => (msg("audit-policy-created"), "good", "plus"),
        "policy.changed" => (msg("audit-policy-changed"), "quiet", "edit"),
        "policy.deleted" => (msg("audit-policy-deleted"), "bad", "trash"),
        "gate.created" => (msg("audit-gate-created"), "good", "plus"),
        "gate.changed" => (msg("audit-gate-changed"), "quiet", "edit"),
        "gate.deleted" => (msg("audit-gate-deleted"), "bad", "trash"),
        "account.created" => (msg("audit-account-created"), "good", "plus"),
        "account.changed" => (msg("audit-account-changed"), "quiet", "edit"),
        "account.keys_revoked" => (msg("audit-account-keys-revoked"), "bad", "ban"),
        "account.deleted" => (msg("audit-account-deleted"), "bad", "trash"),
        "session.started" => (msg("audit-session-started"), "quiet", "enter"),
        "session.ended" => (msg("audit-session-ended"), "quiet", "leave"),
        "permissions.declared" => (msg("audit-permissions-declared"), "quiet", "list"),
        "store.restored" => (msg("audit-store-restored"), "warn", "history"),
        _ => (msg("audit-other"), "quiet", "history"),
    };
    What { label, tone, icon }
}

/// The message that names a field of an event, if there is one.
pub(super) fn field(name: &str) -> Option<&'static str> {
    Some(match name {
        "account" => msg("audit-account"),
        "consent" => msg("audit-consent"),
        "declared" => msg("audit-declared"),
        "email" => msg("email"),
        "ended_sessions" => msg("audit-ended-sessions"),
        "expires_at" => msg("expires"),
        "external_id" => msg("external-id"),
        "has_password" => msg("audit-has-password"),
        "all_of" => msg("gate-all-of"),
        "any_of" => msg("gate-any-of"),
        "carriers" => msg("gate-carriers"),
        "headers" => msg("gate-headers"),
        "rules" => msg("gate-rules"),
        "kind" => msg("kind"),
        "level" => msg("level"),
        "metadata" => msg("metadata"),
        "name" => msg("name"),
        "owner" => msg("owner"),
        "password" => msg("password"),
        "permissions" => msg("permissions"),
        "policy" | "policy_id" => msg("policy"),
        "reason" => msg("revoke-reason"),
        "revoked_at" => msg("audit-revoked-at"),
        "revoked_keys" => msg("audit-revoked-keys"),
        "role" => msg("role"),
        "service" => msg("declares-for"),
        "status" => msg("state"),
        "undeclared" => msg("audit-undeclared"),
        "username" => msg("username"),
        _ => return None,
    })
}
