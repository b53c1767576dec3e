//! How a request is refused: 400, 401, 403 or 503, as `application/problem+json` (RFC 9457).

use http::{HeaderValue, Response, StatusCode, header};
use keybearer_api::{Missing, VerdictCode};
use serde::Serialize;

/// Why a request did not reach its handler. It stands in the extensions of the answer, for those who want to word it otherwise.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// 401: it carries no key.
    Missing,
    /// 400: it carries two.
    Ambiguous,
    /// 401: its key is no good.
    Bad(VerdictCode),
    /// 403: its key is good, and lacks this.
    Lacking(VerdictCode, Missing),
    /// 503: whether its key is good cannot be told now.
    InDoubt {
        /// After how many seconds to try again.
        retry_after: u64,
    },
}

/// The body.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: String,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'a Missing>,
}

impl Refusal {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Bad(_) => StatusCode::UNAUTHORIZED,
            Self::Ambiguous => StatusCode::BAD_REQUEST,
            Self::Lacking(..) => StatusCode::FORBIDDEN,
            Self::InDoubt { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The reason for programs, in the words of Keybearer's own errors.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "credential_missing",
            Self::Ambiguous => "ambiguous_credential",
            Self::Bad(VerdictCode::Malformed) => "credential_malformed",
            Self::Bad(VerdictCode::Expired) => "credential_expired",
            Self::Bad(VerdictCode::Revoked) => "credential_revoked",
            Self::Bad(_) => "credential_invalid",
            Self::Lacking(VerdictCode::InsufficientLevel, _) => "insufficient_level",
            Self::Lacking(..) => "insufficient_permissions",
            Self::InDoubt { .. } => "in_doubt",
        }
    }

    fn detail(&self) -> String {
        let words = match self {
            Self::Missing => "Send a key as Authorization: Bearer, as X-API-Key, or as a pair by HTTP Basic.",
            Self::Ambiguous => "Send one key, in one header, once.",
            Self::Bad(VerdictCode::Malformed) => "The key cannot be read: it is cut off, mistyped, or of an unknown kind.",
            Self::Bad(VerdictCode::Expired) => "The key has expired.",
            Self::Bad(VerdictCode::Revoked) => "The key was revoked.",
            Self::Bad(_) => "There is no such key, or its secret is wrong.",
            Self::Lacking(_, missing) => return lacking(missing),
            Self::InDoubt { .. } => "Whether the key is good cannot be told now: try again.",
        };
        words.to_owned()
    }

    /// The answer. `realm` is the name of the service.
    pub(crate) fn into_response<B: From<String>>(self, realm: &str) -> Response<B> {
        let status = self.status();
        let body = Body {
            kind: format!("urn:keybearer:problem:{}", self.code()),
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: self.detail(),
            code: self.code(),
            missing: if let Self::Lacking(_, missing) = &self { Some(missing) } else { None },
        };
        let mut response = Response::new(B::from(serde_json::to_string(&body).unwrap_or_default()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json; charset=utf-8"));
        match self {
            Self::Missing => drop(headers.insert(header::WWW_AUTHENTICATE, challenge(realm, ""))),
            Self::Bad(_) => drop(headers.insert(header::WWW_AUTHENTICATE, challenge(realm, ", error=\"invalid_token\""))),
            Self::InDoubt { retry_after } => drop(headers.insert(header::RETRY_AFTER, retry_after.into())),
            Self::Ambiguous | Self::Lacking(..) => {}
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// A name that no header can carry is one that no service starts under.
fn challenge(realm: &str, more: &str) -> HeaderValue {
    let realm = if realm.contains(['"', '\\']) { "" } else { realm };
    HeaderValue::try_from(format!("Bearer realm=\"{realm}\"{more}")).unwrap_or(HeaderValue::from_static("Bearer"))
}

fn lacking(missing: &Missing) -> String {
    let mut lacks = Vec::new();
    match &*missing.any_of {
        [] => {}
        [one] => lacks.push(format!("the permission {one}")),
        several => lacks.push(format!("one of the permissions {}", several.join(", "))),
    }
    match &*missing.all_of {
        [] => {}
        [one] => lacks.push(format!("the permission {one}")),
        several => lacks.push(format!("the permissions {}", several.join(", "))),
    }
    lacks.extend(missing.level.map(|level| format!("the level {level}")));
    lacks.extend(missing.kind.map(|kind| match kind {
        keybearer_api::KeyKind::Account => "an owner: it is the key of a service".to_owned(),
        keybearer_api::KeyKind::Service => "a policy: it is the key of a person".to_owned(),
    }));
    format!("The key lacks {}.", if lacks.is_empty() { "what is required here".to_owned() } else { lacks.join(", and ") })
}
