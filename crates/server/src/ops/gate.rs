//! Asking a gate: may the request go on that a proxy asks about, by the key that it carries?

use keybearer_core::account::AccountId;
use keybearer_core::decision::{Denial, Outcome, decide};
use keybearer_core::gate::{self, ANY, Gate, IdentityHeader, Seen};
use keybearer_core::requirement::Requirement;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId};

use crate::app::App;
use crate::caller::Presented;
use crate::error::{AppError, AuthError};
use crate::index::{Facts, Found, FoundGate, View, granted};

/// How often a gate is looked at again that changed meanwhile.
const LOOKS: usize = 4;

/// What a gate asks of a request. It is asked only for what it needs, and again where the gate changed meanwhile.
pub struct Question<C, S> {
    /// The credential that this gate looks at; none stands for the gate that is built in.
    pub credential: C,
    /// Method and path.
    pub seen: S,
}

/// Whose key passed, as far as the gate tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Passed {
    /// The key.
    pub key: Option<KeyId>,
    /// Its owner, if it is a person's.
    pub owner: Option<AccountId>,
    /// The level in force, if it has one.
    pub level: Option<Level>,
    /// Those of its permissions that the gate names.
    pub permissions: Option<String>,
}

/// Why a good key does not pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It is not what the gate requires.
    Insufficient(Outcome),
    /// The gate lets no key pass with such a request.
    Request(gate::Denial),
}

impl Stop {
    /// The reason in a word.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Insufficient(outcome) => outcome.code(),
            Self::Request(denial) => denial.code(),
        }
    }
}

/// Makes sure that the image is in force for a gate that looks at one credential, if there is one: of all that the request carries, as `presented`
/// tells. To be called once a request has arrived whole.
///
/// # Errors
/// [`AppError::InDoubt`] where nobody can tell.
pub async fn in_force(app: &App, presented: impl FnOnce() -> Result<Option<Presented>, AuthError>) -> Result<(), AppError> {
    if app.is_in_force() {
        return Ok(());
    }
    match presented() {
        Ok(Some(Presented::Key(credential))) => app.in_force_about(&[credential.id]).await,
        // There may be others, of which the gate looks at one.
        _ => app.in_force().await,
    }
}

/// Asks a gate about a request, by whoever has made sure that the image is in force, after the request was there.
///
/// # Errors
/// [`AppError::Auth`] where no good key came; [`AppError::Stopped`] where it may not pass; [`AppError::NoSuchPath`] where there is no such gate;
/// [`AppError::InDoubt`] where it changes all the time.
pub fn ask_in_force<'a, C, S>(app: &App, name: &str, question: &Question<C, S>) -> Result<Passed, AppError>
where
    C: Fn(Option<&Gate>) -> Result<Option<Presented>, AuthError>,
    S: Fn() -> Seen<'a>,
{
    if name == ANY {
        return told(app, passes(app, None, question));
    }
    for _ in 0..LOOKS {
        let gate = match app.index.gate(name) {
            FoundGate::Absent => return Err(AppError::NoSuchPath),
            FoundGate::Changing => continue,
            FoundGate::Here(gate) => gate,
        };
        let passed = passes(app, Some(&gate.gate), question);
        // The gate that decided was in force while key and policy were looked at. Otherwise a new policy could meet the old gate, and together
        // grant what neither did at any time.
        if app.index.gate(name).is(&gate) {
            return told(app, passed);
        }
    }
    Err(AppError::InDoubt(format!("the gate {name} changes all the time")))
}

/// Why a request does not pass.
enum No {
    Credential(AuthError),
    Key(Denial),
    Request(gate::Denial),
}

impl From<AuthError> for No {
    fn from(error: AuthError) -> Self {
        Self::Credential(error)
    }
}

impl From<Denial> for No {
    fn from(denial: Denial) -> Self {
        Self::Key(denial)
    }
}

/// A request that passes.
struct Use<'a> {
    view: View<'a>,
    key: Found,
    /// When it was decided.
    now: UnixMillis,
    passed: Passed,
}

/// Whether the request passes, and with which key.
fn passes<'a, 'b, C, S>(app: &'b App, gate: Option<&Gate>, question: &Question<C, S>) -> Result<Use<'b>, No>
where
    C: Fn(Option<&Gate>) -> Result<Option<Presented>, AuthError>,
    S: Fn() -> Seen<'a>,
{
    let credential = key((question.credential)(gate))?;
    let mut view = app.index.view();
    view.expect(&credential.id);
    let key = view.prove(&credential, &app.peppers).ok_or(Denial::NotFound)?;
    let facts = app.index.facts(&key);
    let (record, now) = (facts.record(key.lifecycle()), app.clock.now());
    decide(&record, gate.map_or(&Requirement::ANY, Gate::requirement), now)?;
    if let Some(gate) = gate {
        let beside = gate.beside(&(question.seen)()).map_err(No::Request)?;
        if let Some(requirement) = beside {
            decide(&record, requirement, now)?;
        }
    }
    let passed = identity(app, gate, &key, &facts);
    Ok(Use { view, key, now, passed })
}

/// What the gate tells of a key.
fn identity(app: &App, gate: Option<&Gate>, found: &Found, facts: &Facts) -> Passed {
    let tells = |header| gate.is_none_or(|gate| gate.tells(header));
    let (level, permissions) = match facts {
        Facts::Account { level, standing } => (standing.map(|standing| standing.level.min(*level)), None),
        Facts::Service { policy, .. } => (None, gate.map(|gate| gate.told(granted(policy.get())))),
    };
    Passed {
        key: Some(found.id()).filter(|_| tells(IdentityHeader::XKeyId)),
        owner: Some(found).filter(|_| tells(IdentityHeader::XOwnerId)).and_then(|found| app.index.owner(found)),
        level: level.filter(|_| tells(IdentityHeader::XKeyLevel)),
        permissions: permissions.filter(|_| tells(IdentityHeader::XPermissions)),
    }
}

/// Counts the answer, and notes the use of a key that passed.
fn told(app: &App, answer: Result<Use<'_>, No>) -> Result<Passed, AppError> {
    match answer {
        Ok(Use { view, key, now, passed }) => {
            app.last_used.note(&view, &key, now);
            app.metrics.gated(Outcome::Valid);
            Ok(passed)
        }
        Err(No::Credential(error)) => {
            app.metrics.gated(Outcome::from(&error));
            Err(AppError::Auth(error))
        }
        Err(No::Key(denial)) => {
            let outcome = Outcome::from(&denial);
            app.metrics.gated(outcome);
            Err(match denial {
                Denial::InsufficientLevel { .. } | Denial::InsufficientPermissions { .. } => AppError::Stopped(Stop::Insufficient(outcome)),
                Denial::Malformed | Denial::NotFound | Denial::Revoked(_) | Denial::Expired => AppError::Auth(denial.into()),
            })
        }
        Err(No::Request(denial)) => {
            app.metrics.stopped(denial);
            Err(AppError::Stopped(Stop::Request(denial)))
        }
    }
}

/// A key, whichever its kind. A session is none: it belongs to Keybearer's own pages and API.
fn key(presented: Result<Option<Presented>, AuthError>) -> Result<Credential, AuthError> {
    match presented? {
        Some(Presented::Key(credential)) => Ok(credential),
        Some(Presented::Session(_)) => Err(AuthError::Malformed),
        None => Err(AuthError::Missing),
    }
}
