//! What people meet when something is refused, in their language: beside the fields of a form, or as a page.

use axum::http::StatusCode;
use keybearer_core::account::Unfit;
use keybearer_core::authority::Refusal;
use keybearer_core::key::LifetimeError;
use keybearer_core::name::NameError;
use keybearer_store::What;

use super::fields::Problem;
use super::texts::msg;
use super::visit::Visit;
use crate::error::{AppError, Cause, Conflict, FieldError};
use crate::password::PasswordError;

/// What a form is shown again with, where the person can mend it.
///
/// # Errors
/// The error itself where a form cannot mend it.
pub(super) fn problems(visit: &Visit, error: AppError) -> Result<(StatusCode, Vec<Problem>), AppError> {
    let one = |status, field: &str, text| Ok((status, vec![Problem { field: field.to_owned(), text }]));
    match &error {
        AppError::Invalid(errors) => Ok((StatusCode::UNPROCESSABLE_ENTITY, errors.iter().map(|error| field(visit, error)).collect())),
        AppError::WrongPassword => one(StatusCode::FORBIDDEN, "current_password", visit.t("wrong-password")),
        AppError::SignInFailed => one(StatusCode::UNAUTHORIZED, "", visit.t("sign-in-failed")),
        AppError::TooManyRequests { retry_after } => one(StatusCode::TOO_MANY_REQUESTS, "", visit.t1("throttled", "seconds", *retry_after)),
        AppError::Busy => one(StatusCode::SERVICE_UNAVAILABLE, "", visit.t("busy")),
        AppError::Conflict(Conflict::Taken(_, name)) => one(StatusCode::CONFLICT, name, visit.t("taken")),
        AppError::Conflict(stands) => one(StatusCode::CONFLICT, "", conflict(visit, stands)),
        AppError::UnknownPermissions(_, names) => {
            let names = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            one(StatusCode::UNPROCESSABLE_ENTITY, "permissions", visit.t1("unknown-permissions", "names", names))
        }
        AppError::Refused(why @ Refusal::ReservedService) => one(StatusCode::FORBIDDEN, "service", refusal(visit, why)),
        AppError::Refused(
            why @ (Refusal::LevelExceedsOwner { .. } | Refusal::LevelExceedsCredential { .. } | Refusal::Unfit(Unfit::Blocked)),
        ) => one(StatusCode::FORBIDDEN, "", refusal(visit, why)),
        _ => Err(error),
    }
}

fn field(visit: &Visit, error: &FieldError) -> Problem {
    Problem { field: error.pointer.trim_start_matches('/').to_owned(), text: cause(visit, error) }
}

/// One arm for each cause.
fn cause(visit: &Visit, error: &FieldError) -> String {
    match error.cause {
        Cause::Name(NameError::Empty) if error.pointer == "/reason" => visit.t("revoke-reason-missing"),
        Cause::Name(NameError::Empty) => visit.t("name-empty"),
        Cause::Name(NameError::TooLong) if error.pointer == "/reason" => visit.t("revoke-reason-too-long"),
        Cause::Name(NameError::TooLong) => visit.t("name-too-long"),
        Cause::Name(NameError::ControlCharacter) => visit.t("name-control-character"),
        Cause::Password(PasswordError::TooShort) => visit.t("password-too-short"),
        Cause::Password(PasswordError::TooLong) => visit.t("password-too-long"),
        Cause::Password(PasswordError::Common) => visit.t("password-common"),
        Cause::Password(PasswordError::Username) => visit.t("password-username"),
        Cause::Password(PasswordError::Repeated) => visit.t("password-repeated"),
        Cause::Level(_) => visit.t("level-missing"),
        Cause::Lifetime(LifetimeError::NotPositive) => visit.t("lifetime-not-positive"),
        Cause::Lifetime(LifetimeError::AboveMaximum { max_seconds }) => {
            visit.t1("lifetime-above-maximum", "limit", duration(visit, max_seconds.saturating_mul(1000)))
        }
        Cause::CurrentPasswordNeeded => visit.t("current-password-needed"),
        Cause::Email => visit.t("email-wrong"),
        Cause::Role => visit.t("role-unknown"),
        Cause::Permission(_) if error.pointer == "/service" => visit.t("service-wrong"),
        Cause::Permission(_) => visit.t("permission-wrong"),
        Cause::MetadataTooLarge { limit } => visit.t1("metadata-too-large", "limit", limit),
        Cause::MetadataTooDeep { limit } => visit.t1("metadata-too-deep", "limit", limit),
        Cause::Other => visit.t1("value-refused", "why", &error.message),
    }
}

/// A length of time in the greatest unit that tells it whole.
pub(super) fn duration(visit: &Visit, milliseconds: i64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        _ if seconds % 86_400 == 0 => visit.t1("days", "count", seconds / 86_400),
        _ if seconds % 3_600 == 0 => visit.t1("hours", "count", seconds / 3_600),
        _ if seconds % 60 == 0 => visit.t1("minutes", "count", seconds / 60),
        _ => visit.t1("seconds", "count", seconds),
    }
}

/// One arm for each conflict.
pub(super) fn conflict(visit: &Visit, conflict: &Conflict) -> String {
    match conflict {
        Conflict::Taken(..) => visit.t("taken"),
        Conflict::TooManyKeys { max } => visit.t1("too-many-keys", "max", *max),
        Conflict::OwnerUnfit(why) => refusal(visit, why),
        Conflict::LastAdmin => visit.t("last-admin"),
        Conflict::AdminExists => visit.t("admin-exists"),
        Conflict::LinkUsed => visit.t("link-used"),
        Conflict::Immutable => visit.t("key-immutable"),
        Conflict::PolicyInUse(keys) => visit.t1("policy-in-use", "count", keys.len()),
        Conflict::ServiceSpelledOtherwise(name) => visit.t1("service-spelled-otherwise", "name", name),
    }
}

/// One arm for each refusal: what is missing.
pub(super) fn refusal(visit: &Visit, refusal: &Refusal) -> String {
    match refusal {
        Refusal::Unfit(Unfit::ConsentLacking) => visit.t("refused-no-consent"),
        Refusal::Unfit(Unfit::Locked) => visit.t("refused-locked"),
        Refusal::Unfit(Unfit::Blocked) => visit.t("refused-blocked"),
        Refusal::OwnerUnfit(_) => visit.t("refused-owner-unfit"),
        Refusal::LevelTooLow { needs, has } => visit.t2("refused-level", "needs", needs.number(), "has", has.number()),
        Refusal::LevelExceedsOwner { asked, owner } => visit.t2("refused-above-owner", "asked", asked.number(), "owner", owner.number()),
        Refusal::LevelExceedsCredential { asked, credential } => {
            visit.t2("refused-above-session", "asked", asked.number(), "has", credential.number())
        }
        Refusal::ReservedService => visit.t("refused-reserved-service"),
        Refusal::Hidden => visit.t("not-found-text"),
        Refusal::SessionNeeded => visit.t("sign-in-needed"),
        // These are said to keys of services and to tokens of applications, and no page is asked for with either.
        Refusal::NoPassword
        | Refusal::PermissionLacking(_)
        | Refusal::ServiceKeyRefused(_)
        | Refusal::PermissionsExceeded(_)
        | Refusal::AccountTooPowerful(_)
        | Refusal::ForeignService(_) => visit.t1("value-refused", "why", refusal.to_string()),
    }
}

/// The message that names what was not found.
pub(super) fn absent(what: What) -> &'static str {
    match what {
        What::Account => msg("no-such-account"),
        What::Session => msg("no-such-session"),
        What::Key => msg("no-such-key"),
        What::Policy => msg("no-such-policy"),
        What::Gate => msg("no-such-gate"),
    }
}
