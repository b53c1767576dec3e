//! gRPC, on the same port as HTTP: the service of the Catena face, the gates as Envoy asks them, server reflection, and the standard health
//! service.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Version, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

use crate::app::App;
use crate::catena::v1::catena_api_keys_server::CatenaApiKeysServer;
use crate::catena::{self, Service};
use crate::error::AppError;
use crate::http::body;
use crate::http::gate::ext_authz;
use crate::ops;

/// The service as it is mounted.
type Catena = CatenaApiKeysServer<Service>;

/// What the health service knows by name.
const SERVICES: [&str; 2] = [Catena::NAME, ext_authz::Server::NAME];

/// How often the health service looks whether the parts of the server work.
const LOOK: Duration = Duration::from_secs(5);

/// Every service, each under its own name.
///
/// # Panics
/// Where the descriptors that the build made cannot be read.
pub fn router(app: &Arc<App>, health: &HealthReporter) -> Router<Arc<App>> {
    let catena = Catena::new(Service::new(Arc::clone(app))).max_decoding_message_size(body::LIMIT);
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(catena::DESCRIPTORS)
        .register_encoded_file_descriptor_set(ext_authz::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .expect("the descriptors were made by our own build");
    let health = HealthServer::new(HealthService::from_health_reporter(health.clone()));
    Routes::new(catena)
        .add_service(ext_authz::server(app))
        .add_service(reflection)
        .add_service(health)
        .into_axum_router()
        .route_layer(from_fn(over_http2))
        .with_state(())
}

/// Lets nothing pass that no client of gRPC sends: over HTTP/1 there is no way to say how a call ended.
async fn over_http2(request: Request, next: Next) -> Response {
    if request.version() < Version::HTTP_2 {
        let way_out = "gRPC is spoken over HTTP/2 only. Over HTTP/1.1, ask /api/v1/api_keys and /readyz.\n";
        return (StatusCode::HTTP_VERSION_NOT_SUPPORTED, way_out).into_response();
    }
    next.run(request).await
}

/// Tells the health service how the parts of the server are, again and again, until the task is ended.
pub async fn report(app: Arc<App>, health: HealthReporter) {
    // What a new reporter says of the whole server, for which the empty name stands.
    let mut last = ServingStatus::Serving;
    for service in SERVICES {
        health.set_service_status(service, last).await;
    }
    loop {
        let serves = ops::health::components(&app).await.iter().all(|component| component.healthy);
        let status = if serves { ServingStatus::Serving } else { ServingStatus::NotServing };
        // To set it is to tell those who watch, who want to hear of changes.
        if std::mem::replace(&mut last, status) != status {
            for service in SERVICES.into_iter().chain([""]) {
                health.set_service_status(service, status).await;
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether a request is one of gRPC.
#[must_use]
pub fn is_grpc(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// An error that was met before any service: a path that names none, or a full key in the URL.
pub fn render(error: &AppError, _request_id: &str) -> Response {
    match error {
        AppError::NoSuchPath => tonic::Status::unimplemented("There is no such service or method.").into_http(),
        error => catena::status(error).into_http(),
    }
}
