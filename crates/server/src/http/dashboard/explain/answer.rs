//! An explanation as the page tells it.

use keybearer_core::decision::Denial;
use keybearer_core::key::{KeyKind, KeyState};
use keybearer_core::permission::Permission;
use keybearer_core::requirement::Requirement;
use keybearer_store::Policy;

use crate::error::AppError;
use crate::http::dashboard::keys;
use crate::http::dashboard::texts::msg;
use crate::http::dashboard::visit::Visit;
use crate::ops::explain::{Explained, Step};
use crate::ops::verify::KeyEntry;

/// The answer, and how it came about.
pub(super) struct Answer {
    pub(super) accepted: bool,
    /// Why, in one sentence.
    pub(super) outcome: String,
    /// As `/v1/verify` says it.
    pub(super) code: &'static str,
    /// The name of the key.
    pub(super) key: String,
    /// Where the key is shown, to who may see that page.
    pub(super) link: Option<String>,
    pub(super) steps: Vec<Told>,
}

/// One step in words.
pub(super) struct Told {
    /// The colour of its icon.
    pub(super) tone: &'static str,
    pub(super) icon: &'static str,
    pub(super) text: String,
    /// What it speaks of: a name, and perhaps where it is shown.
    pub(super) about: Option<(String, Option<String>)>,
    /// The permissions that it speaks of.
    pub(super) names: Vec<String>,
}

impl Told {
    fn new((tone, icon): (&'static str, &'static str), text: String) -> Self {
        Self { tone, icon, text, about: None, names: Vec::new() }
    }

    fn about(self, name: &str, link: Option<String>) -> Self {
        Self { about: Some((name.to_owned(), link)), ..self }
    }

    fn naming<'a>(self, permissions: impl Iterator<Item = &'a Permission>) -> Self {
        Self { names: permissions.map(ToString::to_string).collect(), ..self }
    }
}

const GOOD: (&str, &str) = ("good", "check");
const BAD: (&str, &str) = ("bad", "ban");
const PERSON: (&str, &str) = ("fact", "person");
const POLICY: (&str, &str) = ("fact", "policy");

/// The answer in the words of the visitor's language.
///
/// # Errors
/// [`AppError::Auth`] where nobody is signed in.
pub(super) fn of(visit: &Visit, explained: &Explained, requirement: &Requirement) -> Result<Answer, AppError> {
    let admin = visit.person()?.is_admin();
    let key = explained.verdict.key.as_ref().map(|(entry, _)| entry);
    let words = Words { visit, admin, key, requirement };
    let decision = &explained.verdict.decision;
    Ok(Answer {
        accepted: decision.is_ok(),
        outcome: explained.why.last().map(|step| words.outcome(step)).unwrap_or_default(),
        code: decision.as_ref().map_or_else(Denial::code, |_| "VALID"),
        key: key.map(|key| key.name().to_owned()).unwrap_or_default(),
        link: key.filter(|_| admin).map(|key| format!("/dashboard/keys/{}", key.id())),
        steps: explained.why.iter().flat_map(|step| words.told(step)).collect(),
    })
}

/// What the words depend on besides the step.
struct Words<'a> {
    visit: &'a Visit,
    admin: bool,
    key: Option<&'a KeyEntry>,
    requirement: &'a Requirement,
}

impl Words<'_> {
    /// The last step in one sentence. One arm for each step.
    fn outcome(&self, step: &Step) -> String {
        let visit = self.visit;
        match step {
            Step::Matched(permission) => visit.t1("explain-matched", "permission", permission.as_str()),
            Step::Met(Requirement::Valid { kind: None }) => visit.t("explain-met-valid"),
            Step::Met(Requirement::Valid { kind: Some(KeyKind::Account) }) => visit.t("explain-met-person"),
            Step::Met(Requirement::Valid { kind: Some(KeyKind::Service) }) => visit.t("explain-met-service"),
            Step::Met(Requirement::Level(level)) => visit.t1("explain-met-level", "level", level.number()),
            Step::Met(Requirement::Permissions { .. }) => visit.t("explain-met-permissions"),
            Step::Refused(denial) => self.refusal(denial),
            // These come before the last one.
            Step::Active
            | Step::Expired
            | Step::Revoked(_)
            | Step::Levels { .. }
            | Step::OwnerDeleted
            | Step::Grants(_)
            | Step::PolicyDeleted
            | Step::Forgotten => String::new(),
        }
    }

    fn refusal(&self, denial: &Denial) -> String {
        let visit = self.visit;
        match denial {
            Denial::Malformed | Denial::NotFound => visit.t("explain-not-found"),
            Denial::Revoked(reason) => visit.t1("explain-refused-revoked", "why", visit.t(keys::reason(*reason))),
            Denial::Expired => visit.t("explain-expired"),
            Denial::InsufficientLevel { needs: Some(needs), has: Some(has) } => {
                visit.t2("explain-level-low", "needs", needs.number(), "has", has.number())
            }
            Denial::InsufficientLevel { needs: Some(needs), has: None } => visit.t1("explain-level-none", "needs", needs.number()),
            Denial::InsufficientLevel { needs: None, .. } => visit.t("explain-person-needed"),
            Denial::InsufficientPermissions { any_of, all_of } if any_of.is_empty() && all_of.is_empty() => {
                visit.t("explain-service-needed")
            }
            Denial::InsufficientPermissions { any_of, all_of } => match self.key.map(|key| key.kind()) {
                Some(KeyKind::Account) => visit.t("explain-permissions-none"),
                _ if any_of.is_empty() => visit.t1("explain-permissions-lacking", "count", all_of.len()),
                _ => visit.t1("explain-permissions-lacking-all", "count", any_of.len()),
            },
        }
    }

    /// A step, told in as many as a page needs.
    fn told(&self, step: &Step) -> Vec<Told> {
        let visit = self.visit;
        match step {
            Step::Active => vec![Told::new(GOOD, self.active())],
            Step::Expired => vec![Told::new(BAD, self.ended(msg("explain-expired-at"), msg("explain-expired")))],
            Step::Revoked(reason) => vec![Told::new(BAD, visit.t1("explain-revoked", "why", visit.t(keys::reason(*reason))))],
            Step::Levels { owner, key, role } => {
                let link = self.admin.then(|| format!("/dashboard/accounts/{}", owner.id.0));
                let levels = visit.t2("explain-levels", "key", key.number(), "role", role.number());
                let force = visit.t1("explain-in-force", "level", role.min(key).number());
                vec![
                    Told::new(PERSON, visit.t("explain-owner")).about(&owner.username, link),
                    Told::new(PERSON, format!("{levels} {force}")),
                ]
            }
            Step::OwnerDeleted => vec![Told::new(BAD, visit.t("explain-owner-deleted"))],
            Step::Grants(policy) => self.grants(policy),
            Step::PolicyDeleted => vec![Told::new(BAD, visit.t("explain-policy-deleted"))],
            Step::Forgotten => vec![Told::new(BAD, visit.t("explain-forgotten"))],
            Step::Matched(_) | Step::Met(_) => vec![Told::new(GOOD, self.outcome(step))],
            Step::Refused(Denial::Revoked(_) | Denial::Expired) if !self.is_alive() => Vec::new(),
            Step::Refused(Denial::InsufficientPermissions { any_of, all_of }) => {
                vec![Told::new(BAD, self.outcome(step)).naming(any_of.iter().chain(all_of))]
            }
            Step::Refused(_) => vec![Told::new(BAD, self.outcome(step))],
        }
    }

    /// The policy, and which of the permissions that are asked for it grants.
    fn grants(&self, policy: &Policy) -> Vec<Told> {
        let link = self.admin.then(|| format!("/dashboard/policies/{}", policy.id));
        let mut told =
            vec![Told::new(POLICY, self.visit.t1("explain-policy", "count", policy.permissions.len())).about(&policy.name, link)];
        if let Requirement::Permissions { any_of, all_of } = self.requirement {
            let asked = || any_of.iter().chain(all_of).filter(|permission| policy.permissions.contains(permission));
            if asked().next().is_some() {
                told.push(Told::new(GOOD, self.visit.t("explain-granted")).naming(asked()));
            }
        }
        told
    }

    fn is_alive(&self) -> bool {
        self.key.is_some_and(|key| key.lifecycle().state(self.visit.now()) == KeyState::Active)
    }

    fn active(&self) -> String {
        self.ended(msg("explain-active-until"), msg("explain-active"))
    }

    /// A message with the moment of the key's end; another where it has none.
    fn ended(&self, with: &str, without: &str) -> String {
        let end = self.key.and_then(|key| key.lifecycle().expires_at());
        end.map_or_else(|| self.visit.t(without), |end| self.visit.t1(with, "date", self.visit.moment(&end).text()))
    }
}
