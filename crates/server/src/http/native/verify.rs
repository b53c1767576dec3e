//! `/v1/verify` and `/v1/explain`: may this key do that?

use std::sync::Arc;

use axum::body::{Bytes, HttpBody};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use keybearer_api as api;
use keybearer_core::requirement::Requirement;
use keybearer_core::token::KeyId;

use super::dress;
use super::extract::{Call, Sent, caller, caller_about, presented};
use super::problem::Problems;
use super::written;
use crate::app::App;
use crate::caller::{Caller, Presented, judge};
use crate::error::AppError;
use crate::http::body::{self, Flat};
use crate::ops;
use crate::ops::verify::RequirementParts;

/// Where one question is asked.
pub(in crate::http) const PATH: &str = "/v1/verify";
/// The most bytes of a batch.
const BATCH_BYTES: usize = 256 * 1024;

/// May this key do that? A bad key is an answer, not an error.
///
/// For level 8, and for keys with `keybearer:verify`.
#[utoipa::path(post, path = "/v1/verify", tag = "verification", request_body = api::Verify,
    responses((status = 200, description = "The answer", body = api::Verdict), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn verify(State(app): State<Arc<App>>, Sent { parts, bytes }: Sent) -> Result<Response, AppError> {
    answer(&app, &parts, &bytes).await
}

/// Reads a question and answers it.
pub(in crate::http) async fn read_and_answer<B>(app: &App, parts: &Parts, sent: B) -> Result<Response, AppError>
where
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>>,
{
    answer(app, parts, &body::read(&parts.headers, sent, body::LIMIT).await?).await
}

/// As [`read_and_answer`], of a body that is there, by whoever has made sure that the image is in force. None where more than the image is needed
/// to know the caller; then nothing was done.
pub(in crate::http) fn answer_in_force(app: &App, headers: &HeaderMap, bytes: &[u8]) -> Option<Result<Response, AppError>> {
    let presented = presented(headers);
    if matches!(presented, Ok(Presented::Session(_))) {
        return None;
    }
    let asked = expected(app, bytes);
    let caller = presented.map_err(AppError::from).and_then(|key| judge(app, &key));
    Some(caller.and_then(|caller| answer_to(app, &caller, headers, asked)))
}

async fn answer(app: &App, parts: &Parts, bytes: &[u8]) -> Result<Response, AppError> {
    let asked = expected(app, bytes);
    let key = asked.at_once().and_then(|asked| ops::verify::named(&asked.key));
    answer_to(app, &caller_about(app, parts, key).await?, &parts.headers, asked)
}

/// What is asked. While the caller is looked at, the key comes from memory.
fn expected<'a>(app: &App, bytes: &'a [u8]) -> Flat<'a, api::Verify<'a>> {
    let asked = Flat::<api::Verify<'_>>::read(bytes);
    if let Some(asked) = asked.at_once() {
        ops::verify::expect(app, &asked.key);
    }
    asked
}

fn answer_to(app: &App, caller: &Caller, headers: &HeaderMap, asked: Flat<'_, api::Verify<'_>>) -> Result<Response, AppError> {
    let body = asked.announced(headers)?;
    ops::verify::require_verifier(caller)?;
    let requirement = requirement(&body, String::new)?;
    let verdict = ops::verify::verify(app, &body.key, &requirement, app.clock.now());
    Ok(dress::json_by(dress::USUAL, |out| written::verdict(&verdict, out)))
}

/// As verify, for up to 1,000 questions: an answer to each, in their order.
///
/// For level 8, and for keys with `keybearer:verify`.
#[utoipa::path(post, path = "/v1/verify/batch", tag = "verification", request_body = api::VerifyBatch,
    responses((status = 200, description = "The answers", body = api::VerifyResults), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn verify_batch(State(app): State<Arc<App>>, Sent { parts, bytes }: Sent<BATCH_BYTES>) -> Result<Response, AppError> {
    let caller = caller(&app, &parts).await?;
    let body = Flat::<api::VerifyBatch<'_>>::read(&bytes).announced(&parts.headers)?;
    ops::verify::require_verifier(&caller)?;
    if body.items.is_empty() || body.items.len() > api::VerifyBatch::MOST {
        return Err(AppError::invalid("/items", format!("must have 1 to {} entries", api::VerifyBatch::MOST)));
    }
    let mut questions = Vec::with_capacity(body.items.len());
    for (place, item) in body.items.iter().enumerate() {
        questions.push((&*item.key, requirement(item, || format!("/items/{place}"))?));
    }
    let now = app.clock.now();
    Ok(dress::json_by(dress::USUAL * body.items.len(), |out| {
        out.extend_from_slice(b"{\"results\":");
        let mut before = b'[';
        ops::verify::verify_all(&app, &questions, now, |verdict| {
            out.push(std::mem::replace(&mut before, b','));
            written::verdict(verdict, out)
        })?;
        out.extend_from_slice(b"]}");
        Ok(())
    }))
}

/// What is asked of a key; `at` tells the place of a wrong question.
fn requirement(asked: &api::Verify<'_>, at: impl FnOnce() -> String) -> Result<Requirement, AppError> {
    let parts = RequirementParts { any_of: &asked.any_of, all_of: &asked.all_of, level: asked.level, kind: asked.kind.map(dress::to_kind) };
    ops::verify::requirement("", &parts).or_else(|_| ops::verify::requirement(&at(), &parts))
}

/// What the answer for a key would be, and why, by its id.
///
/// Your own keys: from level 4 on. Any: for level 8. Not for keys of services.
#[utoipa::path(post, path = "/v1/explain", tag = "verification", request_body = api::Explain,
    responses((status = 200, description = "The answer and its reasons", body = api::Explanation), Problems),
    security(("bearer" = []), ("pair" = []), ("key" = [])))]
pub(super) async fn explain(State(app): State<Arc<App>>, Call { caller, body, .. }: Call<api::Explain>) -> Result<Response, AppError> {
    let parts = RequirementParts { any_of: &body.any_of, all_of: &body.all_of, level: body.level, kind: body.kind.map(dress::to_kind) };
    let requirement = ops::verify::requirement("", &parts)?;
    let explained = ops::explain::explain(&app, &caller, KeyId::from_bytes(*body.key_id.as_bytes()), &requirement).await?;
    Ok(dress::json(&api::Explanation {
        granted_by: explained.verdict.decision.as_ref().ok().and_then(|matched| matched.as_ref().map(ToString::to_string)),
        verdict: written::read(&explained.verdict)?,
        why: explained.why.iter().map(ToString::to_string).collect(),
    }))
}
