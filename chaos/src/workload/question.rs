//! The ways to ask whether something is good, and what an answer tells of it.

use keybearer_api::{Verdict, VerdictCode};
use serde_json::{Value as Json, json};

use crate::client::{Credential, Reply, Request};
use crate::history::{Seen, Value};

/// The service whose permissions are given and taken.
pub(crate) const SERVICE: &str = "chaos";
/// How many of them: what a service's key may do is a set of these, and so its value.
pub(crate) const PERMISSIONS: u8 = 3;

/// The full name of a permission.
pub(crate) fn permission(number: u8) -> String {
    format!("{SERVICE}:p{number}")
}

/// The full names of a set of permissions, a bit for each.
pub(crate) fn permissions(set: u8) -> Vec<String> {
    (0..PERMISSIONS).filter(|number| set & (1 << number) != 0).map(permission).collect()
}

/// A way to ask.
#[derive(Clone)]
pub(crate) enum Question {
    /// `POST /v1/verify`: has this service's key one of its permissions?
    Permission {
        /// The key.
        token: String,
        /// Which.
        number: u8,
    },
    /// `POST /v1/verify`: has this person's key the level?
    Level {
        /// The key.
        token: String,
        /// Which.
        level: u8,
    },
    /// `GET /gate/any`, with the key itself.
    Gate {
        /// The key.
        token: String,
    },
    /// `GET /v1/whoami`, with a session.
    Session {
        /// Its token.
        token: String,
    },
}

/// What an answer tells.
pub(crate) enum Told {
    /// What the thing was.
    Seen(Seen),
    /// Nothing: 503, or no answer.
    Nothing,
    /// Something that may not be.
    Wrong(String),
}

impl Question {
    /// For people.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Permission { .. } => "verify a permission",
            Self::Level { .. } => "verify a level",
            Self::Gate { .. } => "ask the gate",
            Self::Session { .. } => "whoami by session",
        }
    }

    /// As a request. `verifier` may verify.
    pub(crate) fn request(&self, verifier: &Credential) -> Request {
        let own = |token: &str| Credential::Bearer(token.to_owned());
        match self {
            Self::Permission { token, number } => {
                Request::post("/v1/verify", verifier, json!({"key": token, "any_of": [permission(*number)]}))
            }
            Self::Level { token, level } => Request::post("/v1/verify", verifier, json!({"key": token, "level": level})),
            Self::Gate { token } => Request::get("/gate/any", &own(token)),
            Self::Session { token } => Request::get("/v1/whoami", &own(token)),
        }
    }

    /// What an answer to it tells.
    pub(crate) fn told(&self, reply: &Reply) -> Told {
        let Reply::Answer { status, body, .. } = reply else { return Told::Nothing };
        match (self, status) {
            // 408: the server stood still while it read the request.
            (_, 503 | 408) => Told::Nothing,
            (Self::Permission { number, .. }, 200) => verdict(body, Some(*number)),
            (Self::Level { .. }, 200) => verdict(body, None),
            (Self::Gate { .. }, 200) => Told::Seen(Seen::all_but(Value::DEAD)),
            (Self::Session { .. }, 200) => Told::Seen(Seen::only(Value::ALIVE)),
            (Self::Gate { .. } | Self::Session { .. }, 401) => Told::Seen(Seen::only(Value::DEAD)),
            (Self::Permission { .. } | Self::Level { .. }, 401 | 403) => {
                Told::Wrong(format!("the verifier's own key, which never changes, was answered with {status}: {body}"))
            }
            _ => Told::Wrong(format!("\"{}\" was answered with {status}: {body}", self.what())),
        }
    }
}

/// What a verdict tells of a service's key that was asked for a permission, or of a person's key.
fn verdict(body: &Json, number: Option<u8>) -> Told {
    let verdict: Verdict<'static> = match serde_json::from_value(body.clone()) {
        Ok(verdict) => verdict,
        Err(error) => return Told::Wrong(format!("a verdict cannot be read: {error}")),
    };
    let sets = || 0..1 << PERMISSIONS;
    let dead = Seen::only(Value::DEAD);
    let by_code = match (verdict.code, number) {
        (VerdictCode::Valid, None) => Seen::only(Value::ALIVE),
        (VerdictCode::Valid, Some(number)) => Seen::any(sets().filter(|set| set & (1 << number) != 0).map(Value::variant)),
        (VerdictCode::InsufficientPermissions, Some(number)) => {
            Seen::any(sets().filter(|set| set & (1 << number) == 0).map(Value::variant))
        }
        _ => dead,
    };
    if by_code == dead || number.is_none() {
        return Told::Seen(by_code);
    }
    // It also says all that the key may do, which must fit the verdict.
    let listed = verdict.key.and_then(|key| key.permissions);
    Told::Seen(listed.map_or(by_code, |names| {
        let set = (0..PERMISSIONS).filter(|number| names.contains(&permission(*number).into())).map(|number| 1 << number).sum();
        by_code.and(Seen::only(Value::variant(set)))
    }))
}
