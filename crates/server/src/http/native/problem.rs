//! Errors of `/v1`: problem+json (RFC 9457).

use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use keybearer_api::{FieldProblem, Named, Problem};
use keybearer_core::account::Unfit;
use keybearer_core::authority::Refusal;
use keybearer_core::key::RevocationReason;
use keybearer_store::What;
use utoipa::openapi::{ContentBuilder, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, PartialSchema, ToSchema, openapi};

use crate::error::{AppError, AuthError, Conflict, FieldError, unconfirmed};

/// What the document says of errors: any operation may answer with any of these, each a [`Problem`].
pub(super) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        // Beside each status the codes that come with it.
        let kinds: [(&str, &str, &[&str]); 14] = [
            ("400", "It cannot be read as the documented shape", &["malformed", "key_in_url", "ambiguous_credential"]),
            (
                "401",
                "No credential, or a bad one",
                &[
                    "credential_missing",
                    "credential_malformed",
                    "credential_invalid",
                    "credential_expired",
                    "credential_revoked",
                    "issuer_unknown",
                    "token_header",
                    "algorithm",
                    "key_unknown",
                    "token_signature",
                    "audience",
                    "token_expired",
                    "token_not_yet_valid",
                    "token_claims",
                    "role_unknown",
                    "account_deleted",
                    "sign_in_failed",
                ],
            ),
            (
                "403",
                "Known, but not allowed: the detail names what is missing",
                &[
                    "insufficient_level",
                    "insufficient_permissions",
                    "service_key_refused",
                    "session_needed",
                    "password_needed",
                    "level_exceeded",
                    "permissions_exceeded",
                    "account_too_powerful",
                    "foreign_service",
                    "reserved_service",
                    "consent_lacking",
                    "account_locked",
                    "account_blocked",
                    "owner_unfit",
                    "wrong_password",
                ],
            ),
            (
                "404",
                "No such thing, or none that you may see",
                &[
                    "account_not_found",
                    "session_not_found",
                    "key_not_found",
                    "policy_not_found",
                    "gate_not_found",
                    "not_found",
                    "no_such_path",
                ],
            ),
            ("408", "The body did not arrive in time", &["too_slow"]),
            (
                "409",
                "Something stands in the way",
                &[
                    "name_taken",
                    "too_many_keys",
                    "owner_unfit",
                    "last_admin",
                    "admin_exists",
                    "link_used",
                    "immutable",
                    "policy_in_use",
                    "service_spelled_otherwise",
                ],
            ),
            ("412", "The thing has another version than `If-Match` says", &["version_mismatch"]),
            ("413", "The body is too large", &["too_large"]),
            ("414", "The URL is too long", &["url_too_long"]),
            ("415", "The body is not plain JSON", &["unsupported_media_type"]),
            ("422", "The right shape, but wrong values: one entry for each field", &["invalid", "unknown_permission"]),
            ("429", "Too many failed logins: `Retry-After` says when", &["too_many_failed_logins"]),
            (
                "503",
                "It cannot be answered now, or what was done may not be in force everywhere",
                &["busy", "in_doubt", "keys_unavailable", "unavailable", "unconfirmed"],
            ),
            ("507", "No room on the disk of the server: nothing was changed", &["storage_full"]),
        ];
        let content = ContentBuilder::new().schema(Some(openapi::Ref::from_schema_name("Problem"))).build();
        kinds
            .into_iter()
            .map(|(status, what, codes)| {
                let codes: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
                let description = format!("{what}: {}", codes.join(", "));
                let response = ResponseBuilder::new().description(description).content("application/problem+json", content.clone());
                (status.to_owned(), response.build().into())
            })
            .collect()
    }
}

impl PartialSchema for Problems {
    fn schema() -> RefOr<openapi::Schema> {
        Problem::schema()
    }
}

impl ToSchema for Problems {}

/// An error, worded.
struct Worded {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    keys: Vec<Named>,
    header: Option<(HeaderName, String)>,
}

impl Worded {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), keys: Vec::new(), header: None }
    }

    fn with_errors(self, errors: &[FieldError]) -> Self {
        Self { errors: errors.to_vec(), ..self }
    }

    fn with_header(self, name: HeaderName, value: impl Into<String>) -> Self {
        Self { header: Some((name, value.into())), ..self }
    }
}

/// The answer to a request that failed.
pub(in crate::http) fn render(error: &AppError, request_id: &str) -> Response {
    let worded = word(error);
    let problem = Problem {
        kind: format!("urn:keybearer:problem:{}", worded.code),
        title: worded.status.canonical_reason().unwrap_or_default().to_owned(),
        status: worded.status.as_u16(),
        detail: worded.detail,
        code: worded.code.to_owned(),
        request_id: request_id.to_owned(),
        errors: worded.errors.into_iter().map(|error| FieldProblem { pointer: error.pointer, message: error.message }).collect(),
        keys: worded.keys,
    };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = (worded.status, [(header::CONTENT_TYPE, "application/problem+json; charset=utf-8")], body).into_response();
    if let Some((name, value)) = worded.header
        && let Ok(value) = HeaderValue::from_str(&value)
    {
        response.headers_mut().insert(name, value);
    }
    response
}

/// One arm for each error.
fn word(error: &AppError) -> Worded {
    match error {
        AppError::Auth(error) => auth(error),
        AppError::SignInFailed => unauthorized("sign_in_failed", "User name or password is wrong."),
        AppError::WrongPassword => Worded::new(StatusCode::FORBIDDEN, "wrong_password", "The current password is wrong.")
            .with_errors(&[FieldError::new("/current_password", "is not the account's password")]),
        AppError::Refused(refusal) => refused(refusal),
        AppError::Stopped(stop) => {
            Worded::new(StatusCode::FORBIDDEN, "stopped", format!("The gate does not let this pass: {}.", stop.code()))
        }
        AppError::NotFound(what) => {
            Worded::new(StatusCode::NOT_FOUND, not_found(*what), format!("There is no such {}, or none that you may see.", what.as_str()))
        }
        AppError::NoSuchPath => {
            Worded::new(StatusCode::NOT_FOUND, "no_such_path", "Nothing is at this path. GET /openapi.json lists what is.")
        }
        AppError::MethodNotAllowed { allow } => {
            Worded::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", format!("This path answers: {allow}."))
                .with_header(header::ALLOW, allow)
        }
        AppError::Conflict(conflict) => self::conflict(conflict),
        AppError::VersionMismatch => Worded::new(
            StatusCode::PRECONDITION_FAILED,
            "version_mismatch",
            "It was changed since you read it: read it again, and send its ETag as If-Match.",
        ),
        AppError::Malformed(field) => {
            let detail = if field.pointer.is_empty() {
                format!("The request cannot be read: {}.", field.message)
            } else {
                format!("{} cannot be read: {}.", field.pointer, field.message)
            };
            Worded::new(StatusCode::BAD_REQUEST, "malformed", detail).with_errors(std::slice::from_ref(field))
        }
        AppError::KeyInUrl(id) => Worded::new(
            StatusCode::BAD_REQUEST,
            "key_in_url",
            format!("A full key stands in the URL, where logs keep it. Use its id instead, {id}, and consider the key leaked: revoke it."),
        ),
        AppError::Invalid(errors) => {
            let fields: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
            Worded::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", format!("Wrong values: {}.", fields.join(", "))).with_errors(errors)
        }
        AppError::UnknownPermissions(pointer, names) => {
            let errors: Vec<FieldError> =
                names.iter().map(|name| FieldError::new(*pointer, format!("no service declares {name}"))).collect();
            Worded::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "unknown_permission",
                "Undeclared permissions cannot be granted. GET /v1/permissions lists the declared ones.",
            )
            .with_errors(&errors)
        }
        AppError::TooLarge { limit } => {
            Worded::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("The body must be at most {limit} bytes."))
        }
        AppError::TooSlow => Worded::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "The body did not arrive in time: send it again."),
        AppError::UrlTooLong { limit } => {
            Worded::new(StatusCode::URI_TOO_LONG, "url_too_long", format!("The URL must be at most {limit} bytes."))
        }
        AppError::UnsupportedMedia(why) => Worded::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", format!("{why}.")),
        AppError::TooManyRequests { retry_after } => Worded::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_failed_logins",
            format!("Too many failed logins from here: try again in {retry_after} seconds."),
        )
        .with_header(header::RETRY_AFTER, retry_after.to_string()),
        AppError::Busy => Worded::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too many logins at once: try again.")
            .with_header(header::RETRY_AFTER, "1"),
        AppError::KeysUnavailable => Worded::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "keys_unavailable",
            "The keys of the token's issuer are not at hand, so the token cannot be proved: try again.",
        )
        .with_header(header::RETRY_AFTER, "30"),
        AppError::StorageFull => Worded::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "storage_full",
            "The disk of the server is full: nothing was changed. Keys are verified all the same. Try again once there is room.",
        ),
        AppError::Unavailable(_) => Worded::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The database does not answer: try again.")
            .with_header(header::RETRY_AFTER, "1"),
        AppError::InDoubt(_) => Worded::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "in_doubt",
            "The database does not answer, so this node cannot tell whether what it knows is still in force: try again.",
        )
        .with_header(header::RETRY_AFTER, "1"),
        AppError::Unconfirmed(made) => Worded::new(StatusCode::SERVICE_UNAVAILABLE, "unconfirmed", unconfirmed(*made)),
        AppError::Internal(_) => Worded::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong here. The log of the server has it under the request id.",
        ),
    }
}

fn unauthorized(code: &'static str, detail: impl Into<String>) -> Worded {
    Worded::new(StatusCode::UNAUTHORIZED, code, detail).with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"keybearer\"")
}

fn auth(error: &AuthError) -> Worded {
    match error {
        AuthError::Missing => unauthorized(
            "credential_missing",
            "Send a session token or a key as Authorization: Bearer, a key as X-API-Key, or the pair by HTTP Basic.",
        ),
        AuthError::Ambiguous => Worded::new(
            StatusCode::BAD_REQUEST,
            "ambiguous_credential",
            "Send one credential header, once: Authorization, X-API-Key, catena-api-key and catena-session-id exclude each other.",
        ),
        AuthError::Malformed => {
            unauthorized("credential_malformed", "The credential cannot be read: it is cut off, mistyped, or of an unknown kind.")
        }
        AuthError::Token(refusal) => unauthorized(refusal.code(), refusal.detail()),
        AuthError::Invalid => unauthorized("credential_invalid", "No such key, a wrong secret, or a session that has ended."),
        AuthError::Expired => unauthorized("credential_expired", "The credential has expired: sign in again, or make a new key."),
        AuthError::Revoked(reason) => unauthorized("credential_revoked", format!("The key was revoked: {}.", revoked_because(*reason))),
    }
}

fn revoked_because(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Deleted => "somebody deleted it",
        RevocationReason::RoleDowngraded => "its owner's role was lowered",
        RevocationReason::AccountLocked => "its owner's account was locked",
        RevocationReason::AccountBlocked => "its owner's account was blocked",
        RevocationReason::AccountDeleted => "its owner's account was deleted",
        RevocationReason::ConsentRevoked => "its owner withdrew consent",
        RevocationReason::ExcessiveUse => "its owner's use was found excessive",
        RevocationReason::PolicyDeleted => "its policy was deleted",
    }
}

fn refused(refusal: &Refusal) -> Worded {
    let code = match refusal {
        Refusal::Unfit(unfit) => match unfit {
            Unfit::ConsentLacking => "consent_lacking",
            Unfit::Locked => "account_locked",
            Unfit::Blocked => "account_blocked",
        },
        Refusal::OwnerUnfit(_) => "owner_unfit",
        Refusal::LevelTooLow { .. } => "insufficient_level",
        Refusal::PermissionLacking(_) => "insufficient_permissions",
        Refusal::ServiceKeyRefused(_) => "service_key_refused",
        Refusal::SessionNeeded => "session_needed",
        Refusal::NoPassword => "password_needed",
        Refusal::LevelExceedsOwner { .. } | Refusal::LevelExceedsCredential { .. } => "level_exceeded",
        Refusal::PermissionsExceeded(_) => "permissions_exceeded",
        Refusal::AccountTooPowerful(_) => "account_too_powerful",
        Refusal::ForeignService(_) => "foreign_service",
        Refusal::ReservedService => "reserved_service",
        Refusal::Hidden => return Worded::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing, or none that you may see."),
    };
    let mut detail = refusal.to_string();
    if let Some(first) = detail.get(..1).map(str::to_uppercase) {
        detail.replace_range(..1, &first);
    }
    Worded::new(StatusCode::FORBIDDEN, code, format!("{detail}."))
}

fn not_found(what: What) -> &'static str {
    match what {
        What::Account => "account_not_found",
        What::Session => "session_not_found",
        What::Key => "key_not_found",
        What::Policy => "policy_not_found",
        What::Gate => "gate_not_found",
    }
}

fn conflict(conflict: &Conflict) -> Worded {
    let worded = |code, detail: String| Worded::new(StatusCode::CONFLICT, code, detail);
    match conflict {
        Conflict::Taken(what, field) => {
            worded("name_taken", format!("Another {} has this {field} (case, width and surrounding space do not count).", what.as_str()))
                .with_errors(&[FieldError::new(format!("/{field}"), "is taken")])
        }
        Conflict::TooManyKeys { max } => {
            worded("too_many_keys", format!("The account has {max} live keys, the most it may have: revoke one first."))
        }
        Conflict::OwnerUnfit(refusal) => worded("owner_unfit", format!("{refusal}.")),
        Conflict::LastAdmin => worded("last_admin", "This is the last active administrator: make another one first.".into()),
        Conflict::AdminExists => worded("admin_exists", "There is an administrator already.".into()),
        Conflict::LinkUsed => worded("link_used", "The link was used before.".into()),
        Conflict::Immutable => worded("immutable", "Keys of people cannot be changed: revoke this one and make another.".into()),
        Conflict::PolicyInUse(keys) => Worded {
            keys: keys.iter().map(|(id, name)| Named { id: *id.as_uuid(), name: Some(name.clone()) }).collect(),
            ..worded("policy_in_use", format!("{} keys use the policy; ?cascade=true revokes them with it.", keys.len()))
        },
        Conflict::ServiceSpelledOtherwise(name) => {
            worded("service_spelled_otherwise", format!("The service is declared as {name}: service names are unique ignoring case."))
        }
    }
}
