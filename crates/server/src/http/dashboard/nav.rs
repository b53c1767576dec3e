//! Where a person can go. A page that is to be found there needs a row.

use super::texts::msg;
use super::visit::Visit;

/// One entry.
pub(super) struct Place {
    /// Where it leads.
    pub(super) path: &'static str,
    /// Its message.
    pub(super) label: &'static str,
    /// Its icon in the sprite.
    pub(super) icon: &'static str,
    /// Whether the person is there, or below it.
    pub(super) here: bool,
}

/// Who sees an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Admins,
    Everyone,
}

/// All entries, in their order.
const PLACES: &[(&str, &str, &str, For)] = &[
    ("/dashboard", msg("nav-overview"), "gauge", For::Admins),
    ("/dashboard/keys", msg("nav-all-keys"), "list", For::Admins),
    ("/dashboard/policies", msg("policies"), "policy", For::Admins),
    ("/dashboard/gates", msg("gates"), "enter", For::Admins),
    ("/dashboard/permissions", msg("permissions"), "list", For::Admins),
    ("/dashboard/accounts", msg("accounts"), "people", For::Admins),
    ("/dashboard/audit", msg("nav-audit"), "history", For::Admins),
    ("/dashboard/cluster", msg("nav-cluster"), "gauge", For::Admins),
    ("/explain", msg("nav-explain"), "question", For::Admins),
    ("/account", msg("nav-my-keys"), "key", For::Everyone),
    ("/account/security", msg("nav-security"), "shield", For::Everyone),
    ("/docs", msg("nav-docs"), "code", For::Everyone),
];

/// What this person sees.
pub(super) fn places(visit: &Visit) -> Vec<Place> {
    let Some(person) = visit.member() else {
        return Vec::new();
    };
    let admin = person.is_admin();
    let path = visit.address.split('?').next().unwrap_or_default();
    let is_at = |place: &str| path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let nearest = PLACES.iter().map(|row| row.0).filter(|place| is_at(place)).max_by_key(|place| place.len());
    let seen = PLACES.iter().filter(|row| row.3 == For::Everyone || admin);
    seen.map(|(path, label, icon, _)| Place { path, label, icon, here: Some(*path) == nearest }).collect()
}
