//! Where a change comes from.

use std::fmt;

use keybearer_core::account::AccountId;
use keybearer_core::identity::IdentityMark;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;

use crate::session::SessionId;

/// Who asks for a change. What it may do is looked up inside the transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Actor {
    /// Whoever runs the server.
    Operator,
    /// A person who signed in.
    Session {
        /// Whose session it is.
        account: AccountId,
        /// The session.
        session: SessionId,
    },
    /// A person who signed in at an application.
    Identity {
        /// Whose account it is.
        account: AccountId,
        /// What the application calls them. It must still be so.
        mark: IdentityMark,
    },
    /// Somebody of whom an issuer tells for the first time.
    Issuer,
    /// A key of either kind.
    Key(KeyId),
}

impl fmt::Display for Actor {
    /// As it stands in events and in `created_by`: `operator`, `account:1`, `issuer`, `key:<uuid>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Session { account, .. } | Self::Identity { account, .. } => write!(f, "account:{}", account.0),
            Self::Issuer => f.write_str("issuer"),
            Self::Key(id) => write!(f, "key:{id}"),
        }
    }
}

/// Who asks for a change, when, and in which request.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Who.
    pub actor: Actor,
    /// When, by the server's clock.
    pub now: UnixMillis,
    /// The `X-Request-Id`.
    pub request_id: String,
}
