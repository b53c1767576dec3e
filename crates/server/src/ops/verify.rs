//! May this key do that?

use keybearer_core::decision::{Denial, Outcome, decide};
use keybearer_core::key::KeyKind;
use keybearer_core::permission::{OwnPermission, Permission};
use keybearer_core::requirement::Requirement;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, Malformed};

use crate::app::App;
use crate::caller::Caller;
use crate::error::{AppError, FieldError};
use crate::index::View;
pub use crate::index::{Facts, KeyEntry, granted};

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
    let (view, credential) = read(app, text);
    counted(app, decided(app, view, &credential, requirement, now))
}

/// As [`verify`], of a key that is [expected](expect_all): it is there, and nothing else of its bucket is asked for.
#[must_use]
pub fn verify_expected(app: &App, expected: &Expected, requirement: &Requirement, now: UnixMillis) -> Verdict {
    counted(app, decided(app, app.index.view(), &expected.0, requirement, now))
}

fn counted(app: &App, verdict: Verdict) -> Verdict {
    app.metrics.verified(verdict.decision.as_ref().map_or_else(Outcome::from, |_| Outcome::Valid));
    verdict
}

/// Has the processor fetch a key that will be verified next.
pub fn expect(app: &App, text: &str) {
    if let Some(id) = Credential::named(text) {
        app.index.view().expect(&id);
    }
}

/// How many keys that will be verified next are worth to be expected at once: so many stay close until their turn comes.
pub const AHEAD: usize = 32;

/// A key that was presented, and read.
pub struct Expected(Result<Credential, Malformed>);

/// As [`expect`], of several keys: one waits for memory while the others are looked for. Returns them as they were read.
pub fn expect_all<'a>(app: &App, texts: impl Iterator<Item = &'a str>) -> Vec<Expected> {
    let expected: Vec<_> = texts.map(|text| Expected(Credential::parse(text))).collect();
    let ids: Vec<_> = expected.iter().filter_map(|one| one.0.as_ref().ok()).map(|credential| credential.id).collect();
    app.index.view().expect_all(&ids);
    expected
}

/// As [`verify`], of a caller that asks nothing but whether the key is good, and what it may do.
#[must_use]
pub fn introspect(app: &App, text: &str) -> Verdict {
    let (view, credential) = read(app, text);
    let verdict = decided(app, view, &credential, &Requirement::ANY, app.clock.now());
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
fn decided(app: &App, view: View<'_>, credential: &Result<Credential, Malformed>, requirement: &Requirement, now: UnixMillis) -> Verdict {
    match credential {
        Ok(credential) => prove_in(app, view, credential, requirement, now),
        Err(Malformed) => Verdict { decision: Err(Denial::Malformed), key: None },
    }
}

/// Verifies a key that was read already. It is counted by whoever asks.
#[must_use]
pub fn prove(app: &App, credential: &Credential, requirement: &Requirement) -> Verdict {
    let view = app.index.view();
    view.expect(&credential.id);
    prove_in(app, view, credential, requirement, app.clock.now())
}

#[inline]
fn prove_in(app: &App, view: View<'_>, credential: &Credential, requirement: &Requirement, now: UnixMillis) -> Verdict {
    let Some(entry) = view.prove_entry(credential, &app.peppers) else {
        return Verdict { decision: Err(Denial::NotFound), key: None };
    };
    let verdict = judge(app, entry, requirement, now);
    if let (Ok(_), Some((entry, _))) = (&verdict.decision, &verdict.key) {
        app.last_used.note(&app.index, entry, now);
    }
    verdict
}

/// Decides about a key whose secret was proved, or is not in question.
#[inline]
#[must_use]
pub fn judge(app: &App, entry: KeyEntry, requirement: &Requirement, now: UnixMillis) -> Verdict {
    let facts = app.index.facts(&entry);
    let decision = decide(&facts.record(entry.lifecycle()), requirement, now).map(|grant| match grant.evidence() {
        keybearer_core::decision::Evidence::Level(_) => None,
        keybearer_core::decision::Evidence::Permissions { matched, .. } => matched.cloned(),
    });
    Verdict { decision, key: Some((entry, facts)) }
}
