//! What a client authenticates with.

use reqwest::RequestBuilder;
use zeroize::Zeroizing;

/// A session token, a key as one token, or a key as a pair. No `Debug` and no `Display`; wiped when dropped.
#[derive(Clone)]
pub struct Credential(Carrier);

#[derive(Clone)]
enum Carrier {
    Bearer(Zeroizing<String>),
    Basic { id: Zeroizing<String>, secret: Zeroizing<String> },
}

/// Why a text is no credential. The text is not repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a credential is a session token, a key, or a pair id:secret: visible ASCII characters without spaces")]
pub struct CredentialError;

impl Credential {
    /// A session token or a key as one token.
    ///
    /// # Errors
    /// [`CredentialError`] where it is empty or cannot stand in a header.
    pub fn bearer(token: &str) -> Result<Self, CredentialError> {
        Ok(Self(Carrier::Bearer(visible(token)?)))
    }

    /// A key as a pair.
    ///
    /// # Errors
    /// [`CredentialError`] where one of them is empty or cannot stand in a header.
    pub fn pair(id: &str, secret: &str) -> Result<Self, CredentialError> {
        Ok(Self(Carrier::Basic { id: visible(id)?, secret: visible(secret)? }))
    }

    /// What a person pastes: with a colon a pair, else a token. White space around it does not count.
    ///
    /// # Errors
    /// [`CredentialError`] where it is neither.
    pub fn parse(text: &str) -> Result<Self, CredentialError> {
        match text.trim().split_once(':') {
            Some((id, secret)) => Self::pair(id, secret),
            None => Self::bearer(text.trim()),
        }
    }

    pub(super) fn put_on(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.0 {
            Carrier::Bearer(token) => request.bearer_auth(token.as_str()),
            Carrier::Basic { id, secret } => request.basic_auth(id.as_str(), Some(secret.as_str())),
        }
    }
}

fn visible(text: &str) -> Result<Zeroizing<String>, CredentialError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(CredentialError);
    }
    Ok(Zeroizing::new(text.to_owned()))
}
