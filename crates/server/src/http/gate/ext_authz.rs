//! How Envoy asks a gate over gRPC: `envoy.service.auth.v3.Authorization/Check`, the gate named by `gate` in `context_extensions`.
//!
//! Every question that can be read is answered with a verdict, not with an error of gRPC: Envoy can be told to let requests pass where it gets
//! none. What is no question, or larger than 256 KiB, is an error all the same.

mod asked;
mod told;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ConnectInfo;
use envoy_types::ext_authz::v3::pb::{Authorization, AuthorizationServer, CheckRequest, CheckResponse};
use keybearer_core::gate::{Gate, Part, Seen};
use tonic::{Request, Response, Status};

use self::asked::Asked;
use super::presented;
use super::request::{is_believed, path_of};
use crate::app::{App, RequestContext};
use crate::error::AppError;
use crate::http::{body, failure};
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

/// The most bytes of a question. Envoy sends the head, and the body too if it is told to, which nobody looks at.
const LIMIT: usize = 4 * body::LIMIT;

/// Answers Envoy.
pub struct ExtAuthz(Arc<App>);

/// The service over this application.
#[must_use]
pub fn server(app: &Arc<App>) -> Server {
    Server::new(ExtAuthz(Arc::clone(app))).max_decoding_message_size(LIMIT)
}

/// Answers a call of the service without the router.
pub(in crate::http) async fn call(app: &Arc<App>, request: axum::extract::Request) -> axum::response::Response {
    let Ok(answer) = tower::Service::call(&mut server(app), request).await;
    answer.map(axum::body::Body::new)
}

/// Answers a call whose body is all there, by whoever has made sure that the image is in force. None where it is not as Envoy sends it: what is
/// wrong with it, [`call`] knows.
pub(in crate::http) fn answer_in_force(app: &App, body: &[u8], peer: IpAddr, id: &str) -> Option<axum::response::Response> {
    let message = told::message_in(body).filter(|message| message.len() <= LIMIT)?;
    let asked = Asked::read(message).ok()?;
    let answer = asked.ok_or(AppError::NoSuchPath).and_then(|asked| asked.ask_in_force(app, Some(peer)));
    Some(told::answer(told::written(&logged(answer, id))))
}

#[tonic::async_trait]
impl Authorization for ExtAuthz {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let id = request.extensions().get::<RequestContext>().map(|context| context.id.clone()).unwrap_or_default();
        let request = request.into_inner();
        let answer = match Asked::of(&request) {
            Some(asked) => match ops::gate::in_force(&self.0, || presented(&asked.headers, None)).await {
                Ok(()) => asked.ask_in_force(&self.0, peer),
                Err(doubt) => Err(doubt),
            },
            None => Err(AppError::NoSuchPath),
        };
        Ok(Response::new(told::message(&logged(answer, &id))))
    }
}

fn logged(answer: Result<Passed, AppError>, id: &str) -> Result<Passed, AppError> {
    answer.inspect_err(|error| failure::log(error, id))
}

impl Asked<'_> {
    /// Method and path count as those of the headers do over HTTP: from whom the setting `trusted_proxies` names.
    fn ask_in_force(&self, app: &App, peer: Option<IpAddr>) -> Result<Passed, AppError> {
        let is_believed = is_believed(peer, &app.config.trusted_proxies);
        let told = |text| if is_believed { Part::Known(text) } else { Part::Absent };
        let question = Question {
            credential: |gate: Option<&Gate>| presented(&self.headers, gate),
            seen: || Seen { method: told(self.method), path: told(path_of(self.path)) },
        };
        ops::gate::ask_in_force(app, self.gate, &question)
    }
}
