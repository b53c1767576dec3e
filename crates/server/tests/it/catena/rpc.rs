//! The service itself, as any carrier calls it: what JSON cannot show.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use keybearer::app::RequestContext;
use keybearer::catena::Service;
use keybearer::catena::v1::catena_api_keys_server::CatenaApiKeys;
use keybearer::catena::v1::{AdminCreateApiKeyRequest, AdminUpdateApiKeyPolicyRequest, ApiKeyPolicy, TestApiKeyRequest};
use tonic::{Code, Request};

use super::create_policy;
use crate::support::{Cred, Server};

/// A message with the administrator's session.
async fn signed<T>(server: &Server, message: T) -> Request<T> {
    let Cred::Bearer(token) = server.admin().await else { panic!("a session") };
    let mut request = Request::new(message);
    request.metadata_mut().insert("catena-session-id", token.parse().unwrap());
    request.extensions_mut().insert(RequestContext { id: "test".into(), source: IpAddr::V4(Ipv4Addr::LOCALHOST) });
    request
}

#[tokio::test]
async fn an_empty_list_keeps_the_permissions_and_the_flag_takes_them_away() {
    let server = Server::start().await;
    let service = Service::new(Arc::clone(&server.app));
    let id = create_policy(&server, &server.admin().await, "p", &["keybearer:verify"]).await;
    let update = async |permissions: &[&str], clear_permissions| -> Result<ApiKeyPolicy, Code> {
        let permissions = permissions.iter().map(ToString::to_string).collect();
        let message = AdminUpdateApiKeyPolicyRequest { id: id.clone(), name: None, permissions, clear_permissions };
        let answer = service.admin_update_api_key_policy(signed(&server, message).await).await;
        answer.map(|answer| answer.into_inner().policy.unwrap()).map_err(|status| status.code())
    };
    assert_eq!(update(&[], false).await.unwrap().permissions, ["keybearer:verify"]);
    assert_eq!(update(&["keybearer:audit.read"], false).await.unwrap().permissions, ["keybearer:audit.read"]);
    assert_eq!(update(&["keybearer:audit.read"], true).await, Err(Code::InvalidArgument));
    assert_eq!(update(&[], true).await.unwrap().permissions, [""; 0]);
}

#[tokio::test]
async fn a_new_key_is_not_to_be_stored_on_the_way() {
    let server = Server::start().await;
    let service = Service::new(Arc::clone(&server.app));
    let policy_id = create_policy(&server, &server.admin().await, "p", &[]).await;
    let message = AdminCreateApiKeyRequest { name: "k".into(), policy_id };
    let answer = service.admin_create_api_key(signed(&server, message).await).await.unwrap();
    assert_eq!(answer.metadata().get("cache-control").unwrap(), "no-store");
    let key = answer.into_inner().api_key.unwrap();
    let mut request = Request::new(TestApiKeyRequest {});
    request.metadata_mut().insert("catena-api-key", key.key.parse().unwrap());
    service.test_api_key(request).await.unwrap();
    let status = service.test_api_key(Request::new(TestApiKeyRequest {})).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}
