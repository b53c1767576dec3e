//! An application that gives its people tokens, and a server of its keys.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use keybearer::config::{IssuerConfig, IssuerKeys};
use rcgen::{KeyPair, SignatureAlgorithm};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::{Cred, NOW};

/// What the application is called.
pub const ISSUER: &str = "https://app.example";
/// For whom its tokens are.
pub const AUDIENCE: &str = "https://keys.example";
/// A secret of 32 bytes.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// An issuer with a shared secret.
pub fn shared() -> IssuerConfig {
    with_keys(IssuerKeys::Secret(SECRET.to_owned().into()))
}

pub fn with_keys(keys: IssuerKeys) -> IssuerConfig {
    IssuerConfig {
        issuer: ISSUER.into(),
        audience: AUDIENCE.into(),
        keys,
        algorithm: None,
        account_claim: "sub".into(),
        username_claim: Some("name".into()),
        role_claim: None,
        leeway: 30_000,
    }
}

/// The moment of the tests in seconds.
pub const SECONDS: i64 = NOW.0 / 1000;

/// What a good token says.
pub fn claims(who: &str) -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": who, "name": who, "iat": SECONDS, "nbf": SECONDS, "exp": SECONDS + 300})
}

/// The claims of a good token, but for one.
pub fn with(name: &str, value: Value) -> Value {
    let mut claims = claims("ada");
    claims[name] = value;
    claims
}

/// A key of an application.
pub struct Signing {
    pub id: Option<&'static str>,
    pub algorithm: Algorithm,
    pub key: EncodingKey,
}

impl Signing {
    /// The secret of [`shared`].
    pub fn shared() -> Self {
        Self::secret(SECRET.as_bytes())
    }

    pub fn secret(secret: &[u8]) -> Self {
        Self { id: None, algorithm: Algorithm::HS256, key: EncodingKey::from_secret(secret) }
    }

    pub fn new(id: Option<&'static str>, algorithm: Algorithm) -> Self {
        let generate = |kind: &'static SignatureAlgorithm| KeyPair::generate_for(kind).unwrap().serialize_der();
        let key = match algorithm {
            Algorithm::ES256 => EncodingKey::from_ec_der(&generate(&rcgen::PKCS_ECDSA_P256_SHA256)),
            Algorithm::ES384 => EncodingKey::from_ec_der(&generate(&rcgen::PKCS_ECDSA_P384_SHA384)),
            Algorithm::EdDSA => EncodingKey::from_ed_der(&ed25519(&KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap())),
            // Without the 26 bytes before it that only say that it is one of RSA.
            _ => EncodingKey::from_rsa_der(&generate(&rcgen::PKCS_RSA_SHA256)[26..]),
        };
        Self { id, algorithm, key }
    }

    pub fn token(&self, claims: &Value) -> String {
        let header = Header { kid: self.id.map(Into::into), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }

    pub fn cred(&self, claims: &Value) -> Cred {
        Cred::Bearer(self.token(claims))
    }

    /// Its public half.
    pub fn public(&self) -> Value {
        let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap()).unwrap();
        if let Some(id) = self.id {
            jwk["kid"] = id.into();
        }
        jwk
    }
}

pub fn set(keys: &[&Signing]) -> Vec<u8> {
    json!({"keys": keys.iter().map(|key| key.public()).collect::<Vec<_>>()}).to_string().into_bytes()
}

/// The private half alone, as version 1 of PKCS #8 has it (RFC 8410).
fn ed25519(pair: &KeyPair) -> Vec<u8> {
    let before = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    [&before[..], &pair.serialize_der()[16..48]].concat()
}

/// What the server of keys answers.
#[derive(Default)]
struct Published {
    body: Mutex<Option<Vec<u8>>>,
    moved: Mutex<Option<String>>,
    slow: Mutex<Duration>,
    asked: AtomicUsize,
}

/// A server of keys.
pub struct KeyServer {
    pub url: String,
    published: Arc<Published>,
    serving: JoinHandle<()>,
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl KeyServer {
    pub async fn start(keys: &[&Signing]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let published = Arc::<Published>::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&published));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let server = Self { url, published, serving };
        server.publish(set(keys));
        server
    }

    /// An issuer with these keys.
    pub fn issuer(&self) -> IssuerConfig {
        with_keys(IssuerKeys::Url(self.url.parse().unwrap()))
    }

    pub fn publish(&self, body: impl Into<Vec<u8>>) {
        *self.published.body.lock().unwrap() = Some(body.into());
    }

    /// Answers nothing good any more.
    pub fn fail(&self) {
        *self.published.body.lock().unwrap() = None;
    }

    /// Sends whoever asks elsewhere.
    pub fn redirect(&self, to: &str) {
        *self.published.moved.lock().unwrap() = Some(to.to_owned());
    }

    pub fn be_slow(&self, by: Duration) {
        *self.published.slow.lock().unwrap() = by;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.published.asked.load(Ordering::SeqCst)
    }
}

async fn answer(State(published): State<Arc<Published>>) -> Response<Body> {
    published.asked.fetch_add(1, Ordering::SeqCst);
    let slow = *published.slow.lock().unwrap();
    tokio::time::sleep(slow).await;
    if let Some(to) = &*published.moved.lock().unwrap() {
        return Response::builder().status(StatusCode::FOUND).header("location", to).body(Body::empty()).unwrap();
    }
    match &*published.body.lock().unwrap() {
        Some(body) => Response::new(Body::from(body.clone())),
        None => Response::builder().status(StatusCode::INTERNAL_SERVER_ERROR).body(Body::from(r#"{"keys": []}"#)).unwrap(),
    }
}
