//! gRPC on the port of HTTP, asked as its clients ask: eleven RPCs, reflection, health.

use keybearer::catena::v1;
use keybearer_core::permission::OwnPermission;
use prost::Message;
use prost_types::FileDescriptorProto;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::support::{Cred, Server};

const SERVICE: &str = "keybearer.catena.v1.CatenaApiKeys";
const CHECKS: &str = "envoy.service.auth.v3.Authorization";

/// A client of one credential.
struct Client {
    channel: Channel,
    metadata: Vec<(&'static str, String)>,
}

impl Client {
    async fn new(server: &Server, cred: &Cred) -> Self {
        let metadata = match cred {
            Cred::None => Vec::new(),
            Cred::Bearer(token) => vec![("authorization", format!("Bearer {token}"))],
            Cred::CatenaKey(token) => vec![("catena-api-key", token.clone())],
            Cred::CatenaSession(token) => vec![("catena-session-id", token.clone())],
            Cred::XApiKey(token) => vec![("x-api-key", token.clone())],
            Cred::Basic(..) => unreachable!("no gRPC client sends it"),
        };
        Self { channel: channel(server).await, metadata }
    }

    async fn ask<Q: Message + 'static, A: Message + Default + 'static>(&self, rpc: &str, message: Q) -> Result<Response<A>, Status> {
        let mut client = Grpc::new(self.channel.clone());
        client.ready().await.unwrap();
        let mut request = Request::new(message);
        for (name, value) in &self.metadata {
            request.metadata_mut().append(*name, value.parse().unwrap());
        }
        let path = PathAndQuery::try_from(format!("/{SERVICE}/{rpc}")).unwrap();
        client.unary(request, path, tonic_prost::ProstCodec::default()).await
    }

    async fn call<Q: Message + 'static, A: Message + Default + 'static>(&self, rpc: &str, message: Q) -> A {
        self.ask(rpc, message).await.unwrap_or_else(|status| panic!("{rpc}: {status}")).into_inner()
    }

    async fn refused<Q: Message + 'static>(&self, rpc: &str, message: Q) -> Code {
        self.ask::<Q, ()>(rpc, message).await.expect_err(rpc).code()
    }
}

async fn channel(server: &Server) -> Channel {
    Channel::from_shared(format!("http://{}", server.address)).unwrap().connect().await.unwrap()
}

#[tokio::test]
async fn all_eleven_rpcs_answer() {
    let server = Server::start().await;
    server.declare("shop", &["sell", "refund"]).await;
    let admin = Client::new(&server, &server.admin().await).await;

    let listed: v1::AdminGetApiKeyPermissionsResponse =
        admin.call("AdminGetApiKeyPermissions", v1::AdminGetApiKeyPermissionsRequest {}).await;
    assert!(listed.permissions.iter().any(|permission| permission.name == "shop:sell" && permission.description == "To sell"));

    let asked = v1::AdminCreateApiKeyPolicyRequest { name: "till".into(), permissions: vec!["sell".into()] };
    let made: v1::AdminCreateApiKeyPolicyResponse = admin.call("AdminCreateApiKeyPolicy", asked).await;
    let policy = made.policy.unwrap();
    assert_eq!(policy.permissions, ["shop:sell"]);

    let asked = v1::AdminCreateApiKeyRequest { name: "till 1".into(), policy_id: policy.id.clone() };
    let reply = admin.ask::<_, v1::AdminCreateApiKeyResponse>("AdminCreateApiKey", asked).await.unwrap();
    assert_eq!(reply.metadata().get("cache-control").unwrap(), "no-store");
    assert!(reply.metadata().contains_key("x-request-id"));
    let key = reply.into_inner().api_key.unwrap();
    assert!(key.key.starts_with("kb_") && key.key != key.id);

    let till = Client::new(&server, &Cred::CatenaKey(key.key.clone())).await;
    till.call::<_, v1::TestApiKeyResponse>("TestApiKey", v1::TestApiKeyRequest {}).await;

    let listed: v1::AdminGetApiKeyPoliciesResponse = admin.call("AdminGetApiKeyPolicies", v1::AdminGetApiKeyPoliciesRequest {}).await;
    assert_eq!(listed.policies, std::slice::from_ref(&policy));
    let listed: v1::AdminGetApiKeysResponse = admin.call("AdminGetApiKeys", v1::AdminGetApiKeysRequest {}).await;
    assert_eq!((&listed.api_keys[0].key, &listed.api_keys[0].id), (&key.id, &key.id));
    assert!(listed.api_keys[0].last_used_on.is_some());

    let asked = v1::AdminUpdateApiKeyRequest { key: key.id.clone(), name: Some("till 2".into()), policy_id: None };
    let changed: v1::AdminUpdateApiKeyResponse = admin.call("AdminUpdateApiKey", asked).await;
    assert_eq!(changed.api_key.unwrap().policy, Some(policy.clone()));

    // An empty list keeps the permissions, the flag takes them away.
    let update = |clear_permissions| v1::AdminUpdateApiKeyPolicyRequest { id: policy.id.clone(), clear_permissions, ..Default::default() };
    let kept: v1::AdminUpdateApiKeyPolicyResponse = admin.call("AdminUpdateApiKeyPolicy", update(false)).await;
    assert_eq!(kept.policy.unwrap().permissions, ["shop:sell"]);
    let cleared: v1::AdminUpdateApiKeyPolicyResponse = admin.call("AdminUpdateApiKeyPolicy", update(true)).await;
    assert!(cleared.policy.unwrap().permissions.is_empty());

    let delete = || v1::AdminDeleteApiKeyRequest { key: key.id.clone() };
    let deleted: v1::AdminDeleteApiKeyResponse = admin.call("AdminDeleteApiKey", delete()).await;
    assert!(deleted.api_key_deleted);
    assert_eq!(till.refused("TestApiKey", v1::TestApiKeyRequest {}).await, Code::Unauthenticated);
    let again: v1::AdminDeleteApiKeyResponse = admin.call("AdminDeleteApiKey", delete()).await;
    assert!(!again.api_key_deleted);

    let deleted: v1::AdminDeleteApiKeyPolicyResponse =
        admin.call("AdminDeleteApiKeyPolicy", v1::AdminDeleteApiKeyPolicyRequest { id: policy.id }).await;
    assert!(deleted.policy_deleted);
    let anyone = Client::new(&server, &Cred::None).await;
    let health: v1::GetServiceHealthResponse = anyone.call("GetServiceHealth", v1::GetServiceHealthRequest {}).await;
    assert!(health.healthy);
}

#[tokio::test]
async fn callers_are_refused_as_over_http() {
    let server = Server::start().await;
    let request = || v1::AdminGetApiKeysRequest {};
    let anyone = Client::new(&server, &Cred::None).await;
    assert_eq!(anyone.refused("AdminGetApiKeys", request()).await, Code::Unauthenticated);

    let ada = server.person("Ada", "user").await;
    let user = Client::new(&server, &Cred::CatenaSession(ada.token.clone())).await;
    assert_eq!(user.refused("AdminGetApiKeys", request()).await, Code::PermissionDenied);

    let reader = server.service_key("reader", &[OwnPermission::KeysRead.full_name()]).await;
    let reader = Client::new(&server, &reader.catena()).await;
    reader.call::<_, v1::AdminGetApiKeysResponse>("AdminGetApiKeys", request()).await;
    let asked = v1::AdminCreateApiKeyPolicyRequest { name: "p".into(), permissions: Vec::new() };
    assert_eq!(reader.refused("AdminCreateApiKeyPolicy", asked).await, Code::PermissionDenied);

    let mut twice = Client::new(&server, &server.admin().await).await;
    twice.metadata.push(("catena-session-id", ada.token));
    assert_eq!(twice.refused("AdminGetApiKeys", request()).await, Code::InvalidArgument);
}

#[tokio::test]
async fn what_cannot_be_done_has_its_code() {
    let server = Server::start().await;
    let admin = Client::new(&server, &server.admin().await).await;
    let policy = |name: &str, permissions: Vec<String>| v1::AdminCreateApiKeyPolicyRequest { name: name.into(), permissions };
    assert_eq!(admin.refused("AdminCreateApiKeyPolicy", policy("", Vec::new())).await, Code::InvalidArgument);
    assert_eq!(admin.refused("AdminCreateApiKeyPolicy", policy("p", vec!["shop:none".into()])).await, Code::InvalidArgument);
    admin.call::<_, v1::AdminCreateApiKeyPolicyResponse>("AdminCreateApiKeyPolicy", policy("p", Vec::new())).await;
    assert_eq!(admin.refused("AdminCreateApiKeyPolicy", policy("P", Vec::new())).await, Code::AlreadyExists);
    assert_eq!(admin.refused("AdminCreateApiKeyPolicy", policy(&"p".repeat(100_000), Vec::new())).await, Code::OutOfRange);
    let unknown = v1::AdminUpdateApiKeyRequest { key: uuid::Uuid::nil().to_string(), ..Default::default() };
    assert_eq!(admin.refused("AdminUpdateApiKey", unknown).await, Code::NotFound);
    assert_eq!(admin.refused("NoSuchRpc", ()).await, Code::Unimplemented);
    let mut client = Grpc::new(admin.channel.clone());
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/no.such.Service/Call");
    let refused = client.unary::<(), (), _>(Request::new(()), path, tonic_prost::ProstCodec::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
}

/// The answer to a question of server reflection.
async fn reflect(server: &Server, question: MessageRequest) -> MessageResponse {
    let mut reflection = ServerReflectionClient::new(channel(server).await);
    let question = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let mut answers = reflection.server_reflection_info(futures_util::stream::iter([question])).await.unwrap().into_inner();
    answers.message().await.unwrap().unwrap().message_response.unwrap()
}

#[tokio::test]
async fn reflection_describes_every_service() {
    let server = Server::start().await;
    let answer = reflect(&server, MessageRequest::ListServices(String::new())).await;
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    let mut names: Vec<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, [CHECKS, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", SERVICE]);
    // A client that knows nothing of Envoy can put together a question, and read the verdict.
    for (symbol, file) in [
        (format!("{CHECKS}.Check"), "envoy/service/auth/v3/external_auth.proto"),
        ("envoy.service.auth.v3.AttributeContext".to_owned(), "envoy/service/auth/v3/attribute_context.proto"),
        ("google.rpc.Status".to_owned(), "google/rpc/status.proto"),
    ] {
        let answer = reflect(&server, MessageRequest::FileContainingSymbol(symbol)).await;
        let MessageResponse::FileDescriptorResponse(files) = answer else { panic!("{answer:?}") };
        let told = FileDescriptorProto::decode(files.file_descriptor_proto[0].as_slice()).unwrap();
        assert_eq!(told.name(), file);
    }
}

/// `envoy-types` has its `.proto` files with it, but no description made of them.
#[test]
fn the_description_of_check_is_made_of_the_files_of_envoy_types() {
    let metadata = cargo_metadata::MetadataCommand::new().other_options(["--locked".to_owned(), "--offline".to_owned()]).exec().unwrap();
    let envoy = metadata.packages.iter().find(|package| package.name.as_str() == "envoy-types").unwrap();
    let protos = std::fs::read_dir(envoy.manifest_path.parent().unwrap().join("proto")).unwrap();
    let mut compiler = protox::Compiler::new(protos.map(|place| place.unwrap().path())).unwrap();
    let made = compiler.include_imports(true).open_file("envoy/service/auth/v3/external_auth.proto").unwrap().encode_file_descriptor_set();
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("proto/envoy/ext_authz.binpb");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&kept, &made).unwrap();
    }
    assert!(
        std::fs::read(&kept).unwrap() == made,
        "ext_authz.binpb is not what envoy-types has: run UPDATE=1 cargo test -p keybearer --test it grpc"
    );
}

#[tokio::test]
async fn health_says_serving() {
    let server = Server::start().await;
    let mut health = HealthClient::new(channel(&server).await);
    let mut check = async |service: &str| health.check(HealthCheckRequest { service: service.into() }).await;
    assert_eq!(check("").await.unwrap().into_inner().status(), ServingStatus::Serving);
    for service in [SERVICE, CHECKS] {
        // The first look may still be under way.
        while check(service).await.is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(check(service).await.unwrap().into_inner().status(), ServingStatus::Serving);
    }
    assert_eq!(check("no.such.Service").await.unwrap_err().code(), Code::NotFound);
}
