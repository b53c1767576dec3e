//! May this key do that?

use keybearer_core::decision::{Denial, Outcome, decide};
use keybearer_core::key::KeyKind;
use keybearer_core::permission::{OwnPermission, Permission};
use keybearer_core::requirement::Requirement;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId, Malformed};

use crate::app::App;
use crate::caller::Caller;
use crate::error::{AppError, FieldError};
pub use crate::index::{Facts, KeyEntry, granted};
use crate::index::{Sought, View};

/// The answer to a verification.
pub struct Verdict {
    /// Yes, with the permission that satisfied `any_of` if one was asked for; or no, and why.
    pub decision: Result<Option<Permission>, Denial>,
    /// The key and what decided about it, where the right secret was presented.
    pub key: Option<(KeyEntry, Facts)>,
}

/// A requirement as it stands on the wire.
pub struct RequirementParts<'a> {
    /// One of these suffices.
    pub any_of: &'a [String],
    /// Each of these is needed.
    pub all_of: &'a [String],
    /// The least level.
    pub level: Option<i64>,
    /// The kind of key.
    pub kind: Option<KeyKind>,
}

/// Reads a requirement; `at` is the JSON pointer before its fields.
///
/// # Errors
/// [`AppError::Invalid`] with an entry for each wrong value.
pub fn requirement(at: &str, parts: &RequirementParts<'_>) -> Result<Requirement, AppError> {
    let mut errors = Vec::new();
    let mut read = |field: &str, names: &[String]| -> Vec<Permission> {
        let mut permissions = Vec::with_capacity(names.len());
        for (place, name) in names.iter().enumerate() {
            match name.parse::<Permission>() {
                Ok(permission) => permissions.push(permission),
                Err(error) => errors.push(FieldError::new(format!("{at}/{field}/{place}"), error)),
            }
        }
        permissions
    };
    let any_of = read("any_of", parts.any_of);
    let all_of = read("all_of", parts.all_of);
    let level = match parts.level.map(Level::new).transpose() {
        Ok(level) => level,
        Err(error) => {
            errors.push(FieldError::new(format!("{at}/level"), error));
            None
        }
    };
    if !errors.is_empty() {
        return Err(AppError::Invalid(errors));
    }
    Requirement::new(any_of, all_of, level, parts.kind).map_err(|error| AppError::invalid(format!("{at}/level"), error.to_string()))
}

/// Whether the caller may verify keys at all.
///
/// # Errors
/// [`AppError::Refused`] for all but administrators and keys with `verify`.
pub fn require_verifier(caller: &Caller) -> Result<(), AppError> {
    Ok(caller.authority.manages(OwnPermission::Verify)?)
}

/// Verifies a key as it was presented: the token, or the pair as `id:secret`. `now` is when it was asked, or later.
#[must_use]
pub fn verify(app: &App, text: &str, requirement: &Requirement, now: UnixMillis) -> Verdict {
    let (mut view, credential) = read(app, text);
    let verdict = decided(app, &mut view, &credential, None, requirement, now);
    count(app, &verdict);
    verdict
}

/// How many keys that will be verified next are worth to be expected at once: so many stay close until their turn comes.
const AHEAD: usize = 32;

/// As [`verify`], of several keys, each with what is asked of it. `tell` is called with each verdict, in their order.
///
/// # Errors
/// The first one of `tell`.
pub fn verify_all<E>(
    app: &App,
    questions: &[(&str, Requirement)],
    now: UnixMillis,
    mut tell: impl FnMut(&Verdict) -> Result<(), E>,
) -> Result<(), E> {
    for questions in questions.chunks(AHEAD) {
        let mut view = app.index.view();
        let credentials: Vec<_> = questions.iter().map(|(text, _)| Credential::parse(text)).collect();
        let ids: Vec<_> = credentials.iter().map(|credential| credential.as_ref().ok().map(|credential| credential.id)).collect();
        let sought = view.expect_all(&ids);
        for ((credential, sought), (_, requirement)) in credentials.iter().zip(sought).zip(questions) {
            let verdict = decided(app, &mut view, credential, Some(&sought), requirement, now);
            count(app, &verdict);
            tell(&verdict)?;
        }
    }
    Ok(())
}

fn count(app: &App, verdict: &Verdict) {
    app.metrics.verified(verdict.decision.as_ref().map_or_else(Outcome::from, |_| Outcome::Valid));
}

/// The key about which [`verify`] will decide, if there is any.
#[must_use]
pub fn named(text: &str) -> Option<KeyId> {
    Credential::parse(text).ok().map(|credential| credential.id)
}

/// Has the processor fetch a key that will be verified next.
pub fn expect(app: &App, text: &str) {
    if let Some(id) = Credential::named(text) {
        app.index.view().expect(&id);
    }
}

/// As [`verify`], of a caller that asks nothing but whether the key is good, and what it may do.
#[must_use]
pub fn introspect(app: &App, text: &str) -> Verdict {
    let (mut view, credential) = read(app, text);
    let verdict = decided(app, &mut view, &credential, None, &Requirement::ANY, app.clock.now());
    app.metrics.introspected(verdict.decision.as_ref().map_or_else(Outcome::from, |_| Outcome::Valid));
    verdict
}

/// Reads a key. As soon as its id is known, the processor fetches what is known of it.
fn read<'a>(app: &'a App, text: &str) -> (View<'a>, Result<Credential, Malformed>) {
    let view = app.index.view();
    let credential = Credential::parse_expecting(text, |id| view.expect(id));
    (view, credential)
}

#[inline]
fn decided(
    app: &App,
    view: &mut View<'_>,
    credential: &Result<Credential, Malformed>,
    sought: Option<&Sought>,
    requirement: &Requirement,
    now: UnixMillis,
) -> Verdict {
    match credential {
        Ok(credential) => prove_in(app, view, credential, sought, requirement, now),
        Err(Malformed) => Verdict { decision: Err(Denial::Malformed), key: None },
    }
}

/// Verifies a key that was read already. It is counted by whoever asks.
#[must_use]
pub fn prove(app: &App, credential: &Credential, requirement: &Requirement) -> Verdict {
    let mut view = app.index.view();
    view.expect(&credential.id);
    prove_in(app, &mut view, credential, None, requirement, app.clock.now())
}

#[inline]
fn prove_in(
    app: &App,
    view: &mut View<'_>,
    credential: &Credential,
    sought: Option<&Sought>,
    requirement: &Requirement,
    now: UnixMillis,
) -> Verdict {
    let Some(entry) = view.prove_entry(credential, &app.peppers, sought) else {
        return Verdict { decision: Err(Denial::NotFound), key: None };
    };
    let facts = app.index.facts(&entry);
    let decision = decision(&entry, &facts, requirement, now);
    if decision.is_ok() {
        app.last_used.note(view, &entry, now);
    }
    Verdict { decision, key: Some((entry, facts)) }
}

/// Decides about a key whose secret was proved, or is not in question.
#[must_use]
pub fn judge(app: &App, entry: KeyEntry, requirement: &Requirement, now: UnixMillis) -> Verdict {
    let facts = app.index.facts(&entry);
    Verdict { decision: decision(&entry, &facts, requirement, now), key: Some((entry, facts)) }
}

#[inline]
fn decision(entry: &KeyEntry, facts: &Facts, requirement: &Requirement, now: UnixMillis) -> Result<Option<Permission>, Denial> {
    decide(&facts.record(entry.lifecycle()), requirement, now).map(|grant| match grant.evidence() {
        keybearer_core::decision::Evidence::Level(_) => None,
        keybearer_core::decision::Evidence::Permissions { matched, .. } => matched.cloned(),
    })
}

#[cfg(test)]
impl Verdict {
    /// What a verdict tells of a key, beside which there is what the image was told of.
    pub(crate) fn told_of(key: &keybearer_store::Key, beside: keybearer_store::Changed) -> (KeyEntry, Facts) {
        use keybearer_store::Follower;

        let index = crate::index::Index::new(keybearer_core::role::Roles::default(), crate::clock::Clock::System);
        index.apply(keybearer_store::Changed { keys: vec![(key.id, Some(key.clone()))], ..beside });
        let entry = index.key(key.id).expect("a key of which the image was told");
        let facts = index.facts(&entry);
        (entry, facts)
    }
}
