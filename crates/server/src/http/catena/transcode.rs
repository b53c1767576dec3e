//! From an HTTP request to the request message of an RPC, and from its answer to JSON.

use std::pin::Pin;
use std::sync::Arc;

use axum::RequestPartsExt;
use axum::extract::{RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tonic::Status;
use tonic::metadata::MetadataMap;

use super::answer;
use crate::app::App;
use crate::catena::{self, Service};
use crate::error::AppError;
use crate::http::body;

/// An RPC of the service.
pub(super) type Rpc<Q, A> = for<'a> fn(&'a Service, tonic::Request<Q>) -> Reply<'a, A>;
type Reply<'a, A> = Pin<Box<dyn Future<Output = Result<tonic::Response<A>, Status>> + Send + 'a>>;

/// Answers one request by an RPC. The body is read whole before the caller is judged, so that nobody keeps a right by sending slowly.
pub(super) async fn transcode<Q, A>(
    app: Arc<App>,
    request: Request,
    prepare: fn(&mut Map<String, Value>),
    rpc: Rpc<Q, A>,
) -> Result<Response, AppError>
where
    Q: DeserializeOwned + Send,
    A: Serialize,
{
    let (mut parts, sent) = request.into_parts();
    let sent = match parts.method {
        Method::POST | Method::PUT => Some(body::read(&parts.headers, sent, body::LIMIT).await?),
        _ => None,
    };
    let message = match message(&mut parts, sent.as_deref(), prepare).await {
        Ok(message) => message,
        Err(error) => {
            // Only who is known hears what is wrong with the body.
            catena::caller(&app, &parts.headers, parts.extensions.get()).await?;
            return Err(error);
        }
    };
    let request = tonic::Request::from_parts(MetadataMap::from_headers(parts.headers), parts.extensions, message);
    match rpc(&Service::new(app), request).await {
        Ok(reply) => {
            let (metadata, message, _) = reply.into_parts();
            answer::message(&message, metadata)
        }
        Err(status) => match catena::cause(&status) {
            Some(error) => Err(error.clone()),
            None => Ok(answer::refusal(&status)),
        },
    }
}

async fn message<Q: DeserializeOwned>(parts: &mut Parts, sent: Option<&[u8]>, prepare: fn(&mut Map<String, Value>)) -> Result<Q, AppError> {
    let mut fields = sent.map_or_else(|| Ok(Map::new()), |sent| object(&parts.headers, sent))?;
    // In proto3 JSON null stands for an absent field.
    fields.retain(|_, value| !value.is_null());
    prepare(&mut fields);
    let path = parts.extract::<RawPathParams>().await.map_err(|_| AppError::malformed("", "the path must be UTF-8"))?;
    for (name, value) in &path {
        fields.insert(name.to_owned(), value.into());
    }
    body::shape(Value::Object(fields))
}

fn object(headers: &HeaderMap, sent: &[u8]) -> Result<Map<String, Value>, AppError> {
    body::require_json(headers)?;
    match body::value(sent)? {
        Value::Object(fields) => Ok(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(AppError::malformed("", "the body must be a JSON object"))
        }
    }
}
