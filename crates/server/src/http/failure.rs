//! How errors leave: handlers return an [`AppError`], and the face of the path says it in its own words.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use keybearer_core::token::{Credential, KeyId};
use percent_encoding::percent_decode_str;

use super::{Face, credentials, dashboard};
use crate::app::{App, RequestContext};
use crate::error::{AppError, AuthError};

/// An error on its way to who words it.
#[derive(Clone)]
struct Failure(Arc<AppError>);

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Failure(Arc::new(self)));
        response
    }
}

/// Words each error as the face of the path does, after refusing a full key in path or query, and more than one credential, on every path.
pub(super) async fn in_the_words_of_the_face(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    worded(&app, request, |request| next.run(request)).await
}

/// As [`in_the_words_of_the_face`], where it is no layer.
pub(super) async fn worded<F: Future<Output = Response>>(
    app: &Arc<App>,
    mut request: Request,
    routed: impl FnOnce(Request) -> F,
) -> Response {
    let Some(context) = request.extensions().get::<RequestContext>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let face = Face::of(app, &request, &context);
    if let Face::Dashboard(visit) = &face {
        request.extensions_mut().insert(Arc::clone(visit));
    }
    let mut response = answered(&face, &context.id, request, routed).await;
    if let Face::Dashboard(_) = face {
        dashboard::guard(&mut response);
    }
    response
}

async fn answered<F: Future<Output = Response>>(face: &Face, id: &str, request: Request, routed: impl FnOnce(Request) -> F) -> Response {
    if let Some(key) = key_in(request.uri()) {
        return face.word(&AppError::KeyInUrl(key), id);
    }
    // A gate looks at its own carriers alone.
    if !matches!(face, Face::Gate) && credentials::are_many(request.headers()) {
        return face.word(&AppError::Auth(AuthError::Ambiguous), id);
    }
    let response = routed(request).await;
    let route = response.extensions().get::<MatchedPath>().cloned();
    // Worded anew, it is still the answer of that route, to logs and metrics.
    let render = |error: &AppError| {
        let mut rendered = face.word(error, id);
        if let Some(route) = route {
            rendered.extensions_mut().insert(route);
        }
        rendered
    };
    if let Some(Failure(error)) = response.extensions().get::<Failure>() {
        log(error, id);
        return render(error);
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allow = response.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok()).unwrap_or_default();
        return render(&AppError::MethodNotAllowed { allow: allow.to_owned() });
    }
    response
}

/// What a client is not told goes to the log.
pub(super) fn log(error: &AppError, request_id: &str) {
    if let AppError::Unavailable(why) | AppError::InDoubt(why) | AppError::Internal(why) = error {
        tracing::error!(%request_id, why, "a request could not be answered");
    }
}

/// The id of a full key that stands in the path or the query, where logs and histories would keep its secret.
fn key_in(uri: &Uri) -> Option<KeyId> {
    let words = uri.path().split('/').chain(uri.query().unwrap_or_default().split(['&', '=', ';']));
    // Nothing shorter than a token needs to be decoded.
    words.filter(|word| word.len() >= 75).find_map(|word| {
        let text = percent_decode_str(word).decode_utf8_lossy();
        text.split(is_between_keys).find_map(|text| Credential::parse(text).ok()).map(|credential| credential.id)
    })
}

/// Whether neither spelling of a key has this character, as the space in `Bearer kb_...`, which a query may also write as a plus.
fn is_between_keys(character: char) -> bool {
    !character.is_ascii_alphanumeric() && !matches!(character, '_' | '-' | ':')
}
