//! What is asked of the servers: each kind of request as a template into which a key is written.

use envoy_types::pb::envoy::config::core::v3::{Address, SocketAddress, address, socket_address};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request};
use envoy_types::pb::envoy::service::auth::v3::{AttributeContext, CheckRequest};
use prost::Message as _;

use crate::client::Client;
use crate::load::{Ask, Random};
use crate::world::{TOKEN, World};

/// Stands in a template where a key belongs.
const HOLE: &str = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

/// A request with holes for random keys of a table.
pub struct Question<'a> {
    tokens: &'a [u8],
    template: Vec<u8>,
    holes: Vec<usize>,
    status: &'static str,
    /// What the body of the right answer begins with.
    body: &'static str,
}

impl<'a> Question<'a> {
    fn new(tokens: &'a [u8], template: Vec<u8>, status: &'static str, body: &'static str) -> Self {
        let holes = memchr::memmem::find_iter(&template, HOLE.as_bytes()).collect();
        Self { tokens, template, holes, status, body }
    }

    /// A key in a header, as a gate reads it. The keys are those of a world, or others that are refused.
    #[must_use]
    pub fn header(tokens: &'a [u8], path: &str, status: &'static str) -> Self {
        Self::new(tokens, Client::request("GET", path, &[("X-API-Key", HOLE)], ""), status, "")
    }

    /// So many bytes in place of a key, the same each time.
    #[must_use]
    pub fn long(path: &str, bytes: usize, status: &'static str) -> Self {
        Self::new(&[], Client::request("GET", path, &[("X-API-Key", &"x".repeat(bytes))], ""), status, "")
    }

    /// `POST /v1/verify` by the key that may.
    #[must_use]
    pub fn verify(world: &'a World) -> Self {
        Self::new(&world.tokens, post(&world.verifier, "/v1/verify", &item()), "200", r#"{"valid":true"#)
    }

    /// `POST /v1/verify/batch` with so many keys.
    #[must_use]
    pub fn batch(world: &'a World, keys: usize) -> Self {
        let body = format!(r#"{{"items":[{}]}}"#, vec![item(); keys].join(","));
        Self::new(&world.tokens, post(&world.verifier, "/v1/verify/batch", &body), "200", r#"{"results":[{"valid":true"#)
    }
}

fn item() -> String {
    format!(r#"{{"key":"{HOLE}"}}"#)
}

fn post(key: &str, path: &str, body: &str) -> Vec<u8> {
    Client::request("POST", path, &[("X-API-Key", key), ("Content-Type", "application/json")], body)
}

impl Ask for Question<'_> {
    fn write(&mut self, random: &mut Random, request: &mut Vec<u8>) {
        if request.len() != self.template.len() {
            request.clear();
            request.extend_from_slice(&self.template);
        }
        for hole in &self.holes {
            let number = random.below(self.tokens.len() / TOKEN);
            request[*hole..hole + TOKEN].copy_from_slice(&self.tokens[number * TOKEN..][..TOKEN]);
        }
    }

    fn is_right(&self, status: &[u8], body: &[u8]) -> bool {
        status == self.status.as_bytes() && body.starts_with(self.body.as_bytes())
    }
}

/// `Check`, as Envoy asks it over gRPC about a request that a browser's `fetch` might send.
pub struct Check<'a>(Question<'a>);

impl<'a> Check<'a> {
    /// Where it is asked.
    pub const PATH: &'static str = "/envoy.service.auth.v3.Authorization/Check";

    /// With the keys of a world, to the gate `any`.
    #[must_use]
    pub fn new(tokens: &'a [u8]) -> Self {
        let headers = [
            (":authority", "shop.example.com"),
            (":method", "GET"),
            (":path", "/orders/1"),
            (":scheme", "https"),
            ("accept", "application/json"),
            ("accept-encoding", "gzip, deflate, br"),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            ("x-api-key", HOLE),
            ("x-forwarded-proto", "https"),
            ("x-request-id", "5a24a3a5-6e8a-4c37-a7f1-0d0f6b1f9f4e"),
        ];
        let http = HttpRequest {
            id: "1234567890123456789".into(),
            method: "GET".into(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            path: "/orders/1".into(),
            host: "shop.example.com".into(),
            scheme: "https".into(),
            protocol: "HTTP/2".into(),
            ..HttpRequest::default()
        };
        let attributes = AttributeContext {
            source: Some(peer("203.0.113.9", 51_234)),
            destination: Some(peer("192.0.2.10", 443)),
            request: Some(Request { time: None, http: Some(http) }),
            context_extensions: [("gate".to_owned(), "any".to_owned())].into(),
            ..AttributeContext::default()
        };
        let message = CheckRequest { attributes: Some(attributes) }.encode_to_vec();
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        Self(Question::new(tokens, [&[0], &length[..], &message].concat(), "200", ""))
    }
}

fn peer(address: &str, port: u32) -> Peer {
    let port = Some(socket_address::PortSpecifier::PortValue(port));
    let address = SocketAddress { address: address.into(), port_specifier: port, ..SocketAddress::default() };
    Peer { address: Some(Address { address: Some(address::Address::SocketAddress(address)) }), ..Peer::default() }
}

impl Ask for Check<'_> {
    fn write(&mut self, random: &mut Random, request: &mut Vec<u8>) {
        self.0.write(random, request);
    }

    /// A message that is not compressed, with the status 0 and what the application is told.
    fn is_right(&self, status: &[u8], body: &[u8]) -> bool {
        self.0.is_right(status, body) && body.first() == Some(&0) && body.get(5..).is_some_and(|body| body.starts_with(&[0x0a, 0, 0x1a]))
    }
}

/// The same questions to who knows one answer.
pub struct Unread<'a>(pub Check<'a>);

impl Ask for Unread<'_> {
    fn write(&mut self, random: &mut Random, request: &mut Vec<u8>) {
        self.0.write(random, request);
    }

    fn is_right(&self, status: &[u8], body: &[u8]) -> bool {
        self.0.0.is_right(status, body) && !body.is_empty()
    }
}

/// `POST /v1/keys`: half of them for random people, half for services; each name once.
pub struct Creation<'a> {
    world: &'a World,
    made: u64,
    run: u64,
}

impl<'a> Creation<'a> {
    /// `run` keeps the names of several runs apart.
    #[must_use]
    pub fn new(world: &'a World, run: u64) -> Self {
        Self { world, made: 0, run }
    }
}

impl Ask for Creation<'_> {
    fn write(&mut self, random: &mut Random, request: &mut Vec<u8>) {
        self.made += 1;
        let name = format!("made {} {}", self.run, self.made);
        let body = if self.made.is_multiple_of(2) {
            let owner = 1 + random.below(self.world.accounts);
            format!(r#"{{"name":"{name}","level":1,"owner":{owner},"expires_in":8640000}}"#)
        } else {
            let policy = self.world.open_policies[random.below(self.world.open_policies.len())];
            format!(r#"{{"name":"{name}","policy_id":"{policy}"}}"#)
        };
        *request = post(&self.world.maker, "/v1/keys", &body);
    }

    fn is_right(&self, status: &[u8], _: &[u8]) -> bool {
        status == b"201"
    }
}
