//! How Envoy asks a gate over gRPC: `envoy.service.auth.v3.Authorization/Check`, the gate named by `gate` in `context_extensions`.
//!
//! Every question that can be read is answered with a verdict, not with an error of gRPC: Envoy can be told to let requests pass where it gets
//! none. What is no question, or larger than 256 KiB, is an error all the same.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use envoy_types::ext_authz::v3::pb::{
    Authorization, AuthorizationServer, CheckRequest, CheckResponse, DeniedHttpResponse, HeaderAppendAction,
    HeaderValue as EnvoyHeaderValue, HeaderValueOption, HttpStatus, OkHttpResponse,
};
use envoy_types::ext_authz::v3::{CheckResponseExt, ToHttpResponse};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;
use keybearer_core::gate::{Gate, Part, Seen};
use tonic::{Request, Response, Status};

use super::request::{is_believed, path_of};
use super::{identity, presented, verdict, way_out};
use crate::app::{App, RequestContext};
use crate::error::AppError;
use crate::http::{body, credentials, failure};
use crate::ops;
use crate::ops::gate::{Passed, Question};

/// The service as it is mounted.
pub type Server = AuthorizationServer<ExtAuthz>;

/// The description of the service and of all that it needs, for server reflection. `envoy-types` has none as code, but the `.proto` files from
/// which it was made; a test compiles them and compares.
pub const DESCRIPTORS: &[u8] = include_bytes!("../../../proto/envoy/ext_authz.binpb");

/// What is asked.
pub(in crate::http) const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";
/// The route of the service, as metrics and the log name it.
pub(in crate::http) const ROUTE: &str = "/envoy.service.auth.v3.Authorization/{*rest}";

/// Under which of the `context_extensions` the name of the gate stands.
const GATE: &str = "gate";

/// Answers Envoy.
pub struct ExtAuthz(Arc<App>);

/// The service over this application.
#[must_use]
pub fn server(app: &Arc<App>) -> Server {
    // Envoy sends the head, and the body too if it is told to, which nobody looks at.
    Server::new(ExtAuthz(Arc::clone(app))).max_decoding_message_size(4 * body::LIMIT)
}

/// Answers a call of the service without the router.
pub(in crate::http) async fn call(app: &Arc<App>, request: axum::extract::Request) -> axum::response::Response {
    let Ok(answer) = tower::Service::call(&mut server(app), request).await;
    answer.map(axum::body::Body::new)
}

#[tonic::async_trait]
impl Authorization for ExtAuthz {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let id = request.extensions().get::<RequestContext>().map(|context| context.id.clone()).unwrap_or_default();
        let answer = match Asked::read(request.into_inner()) {
            Some(asked) => asked.ask(&self.0, peer).await,
            None => Err(AppError::NoSuchPath),
        };
        Ok(Response::new(answer.map_or_else(
            |error| {
                failure::log(&error, &id);
                denied(&error)
            },
            |passed| allowed(&passed),
        )))
    }
}

/// What Envoy says of the request about which it asks.
struct Asked {
    gate: String,
    http: HttpRequest,
    headers: HeaderMap,
}

impl Asked {
    /// None where no gate is named, or nothing is said of a request.
    fn read(request: CheckRequest) -> Option<Self> {
        let mut attributes = request.attributes?;
        let gate = attributes.context_extensions.remove(GATE)?;
        let http = attributes.request?.http?;
        let mut headers = HeaderMap::new();
        // Of a header that came several times Envoy makes one, with commas between, which is no credential of anybody; or it sends them raw.
        let joined = http.headers.iter().map(|(name, value)| (name, value.as_bytes()));
        let raw = http.header_map.iter().flat_map(|map| &map.headers);
        let raw = raw.map(|one| (&one.key, if one.raw_value.is_empty() { one.value.as_bytes() } else { &*one.raw_value }));
        for (name, value) in joined.chain(raw) {
            // Nothing else is looked at. Pseudo headers are none, and what is no header carries no key.
            if !credentials::is_carrier_in_any_case(name) {
                continue;
            }
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
        Some(Self { gate, http, headers })
    }

    /// Method and path count as those of the headers do over HTTP: from whom the setting `trusted_proxies` names.
    async fn ask(&self, app: &App, peer: Option<IpAddr>) -> Result<Passed, AppError> {
        let is_believed = is_believed(peer, &app.config.trusted_proxies);
        let told = |text| if is_believed { Part::Known(text) } else { Part::Absent };
        let question = Question {
            credential: |gate: Option<&Gate>| presented(&self.headers, gate),
            seen: || Seen { method: told(self.http.method.as_str()), path: told(path_of(&self.http.path)) },
        };
        ops::gate::ask(app, &self.gate, question).await
    }
}

/// All of the headers are set, in the place of what the client sent by these names.
fn allowed(passed: &Passed) -> CheckResponse {
    let headers = identity(passed).iter().map(|(name, value)| set(name, value)).collect();
    answer(Status::ok(""), OkHttpResponse { headers, ..OkHttpResponse::default() })
}

fn denied(error: &AppError) -> CheckResponse {
    let (status, why) = verdict(error);
    let response = DeniedHttpResponse {
        status: Some(HttpStatus { code: status.as_u16().into() }),
        headers: way_out(status).iter().map(|(name, value)| set(name, value)).collect(),
        body: format!("{why}\n"),
    };
    answer(Status::permission_denied(why), response)
}

fn answer(status: Status, response: impl ToHttpResponse) -> CheckResponse {
    let mut answer = CheckResponse::with_status(status);
    answer.set_http_response(response);
    answer
}

fn set(name: &HeaderName, value: &HeaderValue) -> HeaderValueOption {
    let value = value.to_str().unwrap_or_default().to_owned();
    HeaderValueOption {
        header: Some(EnvoyHeaderValue { key: name.to_string(), value, raw_value: Vec::new() }),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
        keep_empty_value: true,
        ..HeaderValueOption::default()
    }
}
