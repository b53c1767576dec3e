//! Why a token of an application is not taken.

/// Why a token of an application is not taken. What is said of claims is said only of tokens whose signature is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenRefusal {
    /// No issuer of that name is in the configuration.
    IssuerUnknown,
    /// The header asks for what is not done here.
    Header,
    /// Not the algorithm of the key.
    Algorithm,
    /// None of the issuer's keys has that name.
    KeyUnknown,
    /// Not signed with that key.
    Signature,
    /// Meant for somebody else, or for others too.
    Audience,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// A claim is lacking, or not of its type.
    Claims,
    /// A newcomer without a role that the configuration knows.
    RoleUnknown,
    /// The account was deleted.
    AccountDeleted,
}

impl TokenRefusal {
    /// Each has one, on the wire and in the log.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::IssuerUnknown => "issuer_unknown",
            Self::Header => "token_header",
            Self::Algorithm => "algorithm",
            Self::KeyUnknown => "key_unknown",
            Self::Signature => "token_signature",
            Self::Audience => "audience",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::Claims => "token_claims",
            Self::RoleUnknown => "role_unknown",
            Self::AccountDeleted => "account_deleted",
        }
    }

    /// In words.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::IssuerUnknown => "No issuer of this name (iss) is in the configuration of this server.",
            Self::Header => "The header of the token has a type (typ), an extension (crit) or a field that is not taken here.",
            Self::Algorithm => "The token is not signed by the algorithm of the key that it names.",
            Self::KeyUnknown => {
                "None of the issuer's keys has the name (kid) in the token; a token names one where the issuer has several."
            }
            Self::Signature => "The signature of the token is not that of the issuer's key.",
            Self::Audience => "The token is not meant for this server, or not for it alone (aud).",
            Self::Expired => "The token has expired (exp): get a new one from the application.",
            Self::NotYetValid => "The token is not valid yet (nbf, iat): the application's clock may be ahead.",
            Self::Claims => "A claim that is needed is lacking in the token, or is not of its type.",
            Self::RoleUnknown => "There is no account yet, and the token has none of the roles for which the configuration allows one.",
            Self::AccountDeleted => "The account was deleted. Only an administrator can make another for you.",
        }
    }
}
