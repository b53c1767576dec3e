//! Mistakes that the proof has to find (`scripts/chaos --seeded-bugs`), beside those of the protocol itself, which its model finds
//! (`crates/core/tests/protocol`). Without the cargo feature `seeded-bugs`, which no release has, there are
//! none, and all of this is compiled away.

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bug {
    /// A change is answered before other nodes have it.
    NoBarrier,
    /// Requests are answered from the image whether there is a lease or not.
    LeaseUnchecked,
    /// A node tells that it has a change before it has.
    AckBeforeApply,
    /// Changes of policies are followed by nobody.
    SilentPolicies,
    /// Whoever owns a new key is not looked up where it is written.
    GrantUnchecked,
    /// What a change tells that it revoked is taken over by nodes that lack changes before it.
    RevokedOutOfOrder,
    /// A node says that it heeds what is foretold, and does not.
    HeedsWithoutDoubt,
}

#[cfg(feature = "seeded-bugs")]
impl Bug {
    /// Whether this process has it, by the variable `SEEDED_BUG`.
    pub(super) fn is_seeded(self) -> bool {
        static SEEDED: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(|| std::env::var("SEEDED_BUG").ok());
        let name = match self {
            Self::NoBarrier => "no-barrier",
            Self::LeaseUnchecked => "lease-unchecked",
            Self::AckBeforeApply => "ack-before-apply",
            Self::SilentPolicies => "silent-policies",
            Self::GrantUnchecked => "grant-unchecked",
            Self::RevokedOutOfOrder => "revoked-out-of-order",
            Self::HeedsWithoutDoubt => "heeds-without-doubt",
        };
        SEEDED.as_deref() == Some(name)
    }
}

#[cfg(not(feature = "seeded-bugs"))]
impl Bug {
    /// There are none.
    pub(super) const fn is_seeded(self) -> bool {
        false
    }
}
