//! The life of a key: live until it expires or is revoked, and never alive again.

use serde::{Deserialize, Serialize};

use crate::time::UnixMillis;

/// Whether a key stands for a person or for a service.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// An account key: it has an owner and a level, is immutable, and always expires (seeds 000-003).
    Account,
    /// A service key: it has a unique name and exactly one policy (seed 004).
    Service,
}

impl KeyKind {
    /// The kind as it is written on the wire and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Service => "service",
        }
    }
}

/// Why a key was revoked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// Somebody who may deleted it.
    Deleted,
    /// Its owner's role was changed to one of a lower level.
    RoleDowngraded,
    /// Its owner's account was locked.
    AccountLocked,
    /// Its owner's account was blocked.
    AccountBlocked,
    /// Its owner's account was deleted.
    AccountDeleted,
    /// Its owner withdrew consent.
    ConsentRevoked,
    /// An administrator found its owner's use excessive.
    ExcessiveUse,
    /// Its policy was deleted.
    PolicyDeleted,
}

impl RevocationReason {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::Deleted,
        Self::RoleDowngraded,
        Self::AccountLocked,
        Self::AccountBlocked,
        Self::AccountDeleted,
        Self::ConsentRevoked,
        Self::ExcessiveUse,
        Self::PolicyDeleted,
    ];

    /// The reason as it is written on the wire and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::RoleDowngraded => "role_downgraded",
            Self::AccountLocked => "account_locked",
            Self::AccountBlocked => "account_blocked",
            Self::AccountDeleted => "account_deleted",
            Self::ConsentRevoked => "consent_revoked",
            Self::ExcessiveUse => "excessive_use",
            Self::PolicyDeleted => "policy_deleted",
        }
    }

    /// Reads what [`RevocationReason::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// Where a key is in its life. There is no way back from `Revoked`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lifecycle {
    /// Not revoked; valid while `now < expires_at`.
    Live {
        /// When it expires; account keys always do.
        expires_at: Option<UnixMillis>,
    },
    /// Never valid again.
    Revoked {
        /// Since when.
        at: UnixMillis,
        /// Why.
        reason: RevocationReason,
        /// When it would have expired.
        expires_at: Option<UnixMillis>,
    },
}

/// What a key's life comes to at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyState {
    /// It verifies.
    Active,
    /// Its time is over.
    Expired,
    /// It was revoked, for this reason.
    Revoked(RevocationReason),
}

impl KeyState {
    /// The state as it is written on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked(_) => "revoked",
        }
    }
}

/// Revoking a key that is revoked already: it counts as absent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AlreadyRevoked;

impl Lifecycle {
    /// What the key is at the moment `now`.
    #[must_use]
    pub fn state(&self, now: UnixMillis) -> KeyState {
        match *self {
            Self::Revoked { reason, .. } => KeyState::Revoked(reason),
            Self::Live { expires_at: Some(end) } if now >= end => KeyState::Expired,
            Self::Live { .. } => KeyState::Active,
        }
    }

    /// Whether it was revoked: it counts as absent for whoever would end it.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        matches!(self, Self::Revoked { .. })
    }

    /// The same key, revoked.
    ///
    /// # Errors
    /// [`AlreadyRevoked`]: the first time and reason stand.
    pub fn revoke(self, at: UnixMillis, reason: RevocationReason) -> Result<Self, AlreadyRevoked> {
        match self {
            Self::Live { expires_at } => Ok(Self::Revoked { at, reason, expires_at }),
            Self::Revoked { .. } => Err(AlreadyRevoked),
        }
    }

    /// When the key's life ends or ended: by its expiry or its revocation, whichever comes first. `None` where nothing ends it yet.
    #[must_use]
    pub fn ends_at(&self) -> Option<UnixMillis> {
        match *self {
            Self::Revoked { at, expires_at, .. } => Some(expires_at.map_or(at, |end| end.min(at))),
            Self::Live { expires_at } => expires_at,
        }
    }

    /// When the key expires, or would have.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixMillis> {
        match *self {
            Self::Live { expires_at } | Self::Revoked { expires_at, .. } => expires_at,
        }
    }
}

/// How long account keys may live, and how many an account may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Lifetime of a key for which none was asked, in milliseconds.
    pub default_lifetime: i64,
    /// The greatest lifetime, in milliseconds.
    pub max_lifetime: i64,
    /// The most keys of one account that are neither revoked nor expired.
    pub max_per_account: u32,
}

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// The greatest lifetime of a service key for which one is asked at all: a hundred years, in milliseconds.
pub const SERVICE_MAX_LIFETIME: i64 = 36_525 * DAY;

impl Default for Limits {
    /// 30 days, 365 days, 100 keys.
    fn default() -> Self {
        Self { default_lifetime: 30 * DAY, max_lifetime: 365 * DAY, max_per_account: 100 }
    }
}

/// Why a lifetime is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LifetimeError {
    /// Zero or less.
    #[error("must be greater than 0")]
    NotPositive,
    /// Above the maximum, in whole seconds.
    #[error("must be at most {max_seconds} seconds")]
    AboveMaximum {
        /// The greatest lifetime, in whole seconds.
        max_seconds: i64,
    },
}

/// When an account key expires for which this lifetime (milliseconds) was asked, or none.
///
/// # Errors
/// [`LifetimeError`] where the lifetime is not within the limits.
pub fn account_key_expiry(now: UnixMillis, asked: Option<i64>, limits: &Limits) -> Result<UnixMillis, LifetimeError> {
    // A maximum below the default is the stricter of the two, so it also shortens the default.
    let lifetime = asked.unwrap_or(limits.default_lifetime.min(limits.max_lifetime));
    expiry(now, lifetime, limits.max_lifetime)
}

/// When a service key expires for which this lifetime (milliseconds) was asked; without one, never.
///
/// # Errors
/// [`LifetimeError`] where the lifetime is not positive or above [`SERVICE_MAX_LIFETIME`].
pub fn service_key_expiry(now: UnixMillis, asked: Option<i64>) -> Result<Option<UnixMillis>, LifetimeError> {
    asked.map(|lifetime| expiry(now, lifetime, SERVICE_MAX_LIFETIME)).transpose()
}

/// When a key expires that was made elsewhere and is to be good here, or was. One whose life is over may have had any life; one that lives
/// gets no more than a new key would.
///
/// # Errors
/// [`LifetimeError`] as for a new key.
pub fn imported_key_expiry(
    now: UnixMillis,
    kind: KeyKind,
    expires_at: Option<UnixMillis>,
    is_revoked: bool,
    limits: &Limits,
) -> Result<Option<UnixMillis>, LifetimeError> {
    if let Some(end) = expires_at
        && (is_revoked || end <= now)
    {
        return Ok(Some(end));
    }
    let left = expires_at.map(|end| end.0.saturating_sub(now.0));
    match kind {
        KeyKind::Account => account_key_expiry(now, left, limits).map(Some),
        KeyKind::Service => service_key_expiry(now, left),
    }
}

fn expiry(now: UnixMillis, lifetime: i64, max: i64) -> Result<UnixMillis, LifetimeError> {
    if lifetime <= 0 {
        return Err(LifetimeError::NotPositive);
    }
    if lifetime > max {
        return Err(LifetimeError::AboveMaximum { max_seconds: max / 1000 });
    }
    Ok(now.plus(lifetime))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    #[test]
    fn a_key_ends_at_the_very_moment_of_its_expiry() {
        let life = Lifecycle::Live { expires_at: Some(NOW) };
        assert_eq!(life.state(NOW.minus(1)), KeyState::Active);
        assert_eq!(life.state(NOW), KeyState::Expired);
    }

    #[test]
    fn a_life_ends_by_the_first_of_its_ends() {
        assert_eq!(Lifecycle::Live { expires_at: None }.ends_at(), None);
        let live = Lifecycle::Live { expires_at: Some(NOW) };
        assert_eq!(live.ends_at(), Some(NOW));
        for (revoked_at, end) in [(NOW.minus(5), NOW.minus(5)), (NOW.plus(5), NOW)] {
            assert_eq!(live.revoke(revoked_at, RevocationReason::Deleted).unwrap().ends_at(), Some(end));
        }
    }

    #[test]
    fn lifetimes_outside_the_limits_are_refused() {
        let limits = Limits::default();
        assert_eq!(account_key_expiry(NOW, None, &limits), Ok(NOW.plus(30 * DAY)));
        assert_eq!(account_key_expiry(NOW, Some(0), &limits), Err(LifetimeError::NotPositive));
        assert_eq!(account_key_expiry(NOW, Some(365 * DAY), &limits), Ok(NOW.plus(365 * DAY)));
        assert_eq!(account_key_expiry(NOW, Some(365 * DAY + 1), &limits), Err(LifetimeError::AboveMaximum { max_seconds: 31_536_000 }));
        assert_eq!(service_key_expiry(NOW, None), Ok(None));
        assert!(service_key_expiry(NOW, Some(i64::MAX)).is_err());
    }

    #[test]
    fn a_key_from_elsewhere_lives_no_longer_than_a_new_one_and_may_be_dead() {
        let limits = Limits::default();
        let expiry = |kind, end, is_revoked| imported_key_expiry(NOW, kind, end, is_revoked, &limits);
        let (past, soon, late) = (NOW.minus(9 * DAY), NOW.plus(DAY), NOW.plus(365 * DAY + 1));
        for kind in [KeyKind::Account, KeyKind::Service] {
            assert_eq!(expiry(kind, Some(past), false), Ok(Some(past)), "expired it stays");
            assert_eq!(expiry(kind, Some(soon), false), Ok(Some(soon)));
            assert_eq!(expiry(kind, Some(UnixMillis(i64::MAX)), true), Ok(Some(UnixMillis(i64::MAX))), "revoked it stays");
            assert!(expiry(kind, Some(UnixMillis(i64::MAX)), false).is_err());
        }
        assert!(expiry(KeyKind::Account, Some(late), false).is_err());
        assert_eq!(expiry(KeyKind::Account, None, false), Ok(Some(NOW.plus(30 * DAY))), "a person's key always expires");
        assert_eq!(expiry(KeyKind::Service, None, false), Ok(None));
    }

    proptest! {
        #[test]
        fn revoked_is_final(at in any::<i64>(), later in any::<i64>(), expires in proptest::option::of(any::<i64>()), first in 0usize..8, second in 0usize..8) {
            let revoked = Lifecycle::Live { expires_at: expires.map(UnixMillis) }
                .revoke(UnixMillis(at), RevocationReason::ALL[first])
                .unwrap();
            prop_assert_eq!(revoked.revoke(UnixMillis(later), RevocationReason::ALL[second]), Err(AlreadyRevoked));
            prop_assert_eq!(revoked.state(UnixMillis(later)), KeyState::Revoked(RevocationReason::ALL[first]));
        }
    }
}
