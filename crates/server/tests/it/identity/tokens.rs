//! Tokens that are not taken, each with a reason; and that nothing else is.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use keybearer::config::IssuerConfig;
use serde_json::{Value, json};

use super::application::{AUDIENCE, KeyServer, SECONDS, Signing, claims, set, shared, with};
use crate::support::{Cred, SECOND, Server};

async fn start(issuer: IssuerConfig) -> Server {
    Server::start_with(|config| config.issuers = vec![issuer]).await
}

async fn accounts(server: &Server) -> usize {
    server.get("/v1/accounts", &server.admin().await).await.expect(200)["items"].as_array().unwrap().len()
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn each_wrong_claim_is_refused_with_its_name() {
    let server = start(shared()).await;
    let key = Signing::shared();
    let wrong = [
        (with("iss", json!("https://other.example")), "issuer_unknown"),
        (with("iss", json!("https://app.example/")), "issuer_unknown"),
        (with("aud", json!("https://other.example")), "audience"),
        (with("aud", json!([AUDIENCE, "https://other.example"])), "audience"),
        (with("aud", json!([])), "audience"),
        (with("aud", json!(null)), "audience"),
        (with("aud", json!({AUDIENCE: 1})), "audience"),
        (with("exp", json!(SECONDS - 30)), "token_expired"),
        (with("exp", json!(-1)), "token_expired"),
        (with("exp", json!((SECONDS + 60).to_string())), "token_claims"),
        (with("exp", json!(1e300)), "token_claims"),
        (with("exp", json!(u64::MAX)), "token_claims"),
        (with("exp", json!(null)), "token_claims"),
        (with("nbf", json!(SECONDS + 31)), "token_not_yet_valid"),
        (with("iat", json!(SECONDS + 31)), "token_not_yet_valid"),
        (with("nbf", json!(i64::MAX)), "token_not_yet_valid"),
        (with("nbf", json!("now")), "token_claims"),
        (with("sub", json!("")), "token_claims"),
        (with("sub", json!(" ")), "token_claims"),
        (with("sub", json!(42)), "token_claims"),
        (with("sub", json!(["ada"])), "token_claims"),
        (with("sub", json!("a\nb")), "token_claims"),
        (with("sub", json!("a".repeat(256))), "token_claims"),
    ];
    for (claims, code) in wrong {
        let body = server.get("/v1/whoami", &key.cred(&claims)).await.problem(401, code);
        assert!(!body["detail"].as_str().unwrap().is_empty());
    }
    for name in ["aud", "exp", "sub"] {
        let mut lacking = claims("ada");
        lacking.as_object_mut().unwrap().remove(name);
        server.get("/v1/whoami", &key.cred(&lacking)).await.problem(401, if name == "aud" { "audience" } else { "token_claims" });
    }
    assert_eq!(accounts(&server).await, 1, "nobody got an account by a token that is refused");

    // The clocks may be half a minute apart, and no more.
    for good in [
        with("exp", json!(SECONDS - 29)),
        with("nbf", json!(SECONDS + 30)),
        with("aud", json!([AUDIENCE])),
        with("sub", json!("a".repeat(255))),
    ] {
        server.get("/v1/whoami", &key.cred(&good)).await.expect(200);
    }
    let token = key.cred(&claims("ada"));
    server.advance(329 * SECOND);
    server.get("/v1/whoami", &token).await.expect(200);
    server.advance(SECOND);
    server.get("/v1/whoami", &token).await.problem(401, "token_expired");
}

#[tokio::test]
async fn what_is_wrong_with_claims_is_said_of_signed_tokens_alone() {
    let server = start(shared()).await;
    let stranger = Signing::secret(&[7; 32]);
    for claims in [claims("ada"), with("aud", json!("https://other.example")), with("exp", json!(1)), with("sub", json!(1))] {
        server.get("/v1/whoami", &stranger.cred(&claims)).await.problem(401, "token_signature");
    }
}

#[tokio::test]
async fn a_token_without_a_signature_is_never_taken() {
    let key = Signing::new(None, Algorithm::RS256);
    let keys = KeyServer::start(&[&key]).await;
    for issuer in [shared(), keys.issuer()] {
        let server = start(issuer).await;
        for algorithm in ["none", "None", "NONE", "nOnE", ""] {
            let head = format!("{}.{}", part(&json!({"typ": "JWT", "alg": algorithm})), part(&claims("ada")));
            server.get("/v1/whoami", &Cred::Bearer(format!("{head}."))).await.problem(401, "algorithm");
            server.get("/v1/whoami", &Cred::Bearer(format!("{head}.AAAA"))).await.problem(401, "algorithm");
            server.get("/v1/whoami", &Cred::Bearer(head)).await.problem(401, "credential_invalid");
        }
    }
}

#[tokio::test]
async fn a_public_key_is_never_a_shared_secret() {
    let key = Signing::new(Some("k"), Algorithm::RS256);
    let keys = KeyServer::start(&[&key]).await;
    let server = start(keys.issuer()).await;
    let public = key.public();
    let modulus = BASE64_URL_SAFE_NO_PAD.decode(public["n"].as_str().unwrap()).unwrap();
    let pem = pem(&modulus);
    let forgeries: [&[u8]; 5] =
        [pem.as_bytes(), pem.trim_end().as_bytes(), &modulus, public["n"].as_str().unwrap().as_bytes(), &set(&[&key])];
    for secret in forgeries {
        let forged = Signing { id: Some("k"), ..Signing::secret(secret) };
        server.get("/v1/whoami", &forged.cred(&claims("ada"))).await.problem(401, "algorithm");
    }
    // Nor does a key count for another algorithm of its own kind.
    let token = key.token(&claims("ada"));
    let (_, rest) = token.split_once('.').unwrap();
    for algorithm in ["RS384", "PS256", "ES256", "HS256"] {
        let header = part(&json!({"typ": "JWT", "alg": algorithm, "kid": "k"}));
        server.get("/v1/whoami", &Cred::Bearer(format!("{header}.{rest}"))).await.problem(401, "algorithm");
    }
    server.get("/v1/whoami", &Cred::Bearer(token)).await.expect(200);
}

/// An RSA key with this modulus and the usual exponent, as `openssl` writes it.
fn pem(modulus: &[u8]) -> String {
    use base64::prelude::BASE64_STANDARD;
    let length = |bytes: usize| u16::try_from(bytes).unwrap().to_be_bytes();
    let mut number = vec![2, 0x82];
    number.extend(length(modulus.len() + 1));
    number.push(0);
    number.extend(modulus);
    number.extend([2, 3, 1, 0, 1]);
    let mut sequence = vec![0x30, 0x82];
    sequence.extend(length(number.len()));
    sequence.extend(number);
    let text = BASE64_STANDARD.encode(sequence);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n", lines.join("\n"))
}

#[tokio::test]
async fn headers_that_ask_for_more_are_refused() {
    let server = start(shared()).await;
    let token = Signing::shared().token(&claims("ada"));
    let (_, rest) = token.split_once('.').unwrap();
    for header in [
        json!({"alg": "HS256", "crit": ["exp"], "exp": 1}),
        json!({"alg": "HS256", "crit": []}),
        json!({"alg": "HS256", "typ": "logout+jwt"}),
        json!({"alg": "HS256", "typ": 1}),
        json!({"alg": "HS256", "kid": 1}),
        json!({"alg": 256}),
        json!(["HS256"]),
    ] {
        server.get("/v1/whoami", &Cred::Bearer(format!("{}.{rest}", part(&header)))).await.problem(401, "token_header");
    }
    server.get("/v1/whoami", &Cred::Bearer(format!("{}.{rest}", part(&json!({"typ": "JWT"}))))).await.problem(401, "algorithm");
    // One field twice: of the readers on the way, each may take another.
    let twice = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","alg":"HS256"}"#);
    server.get("/v1/whoami", &Cred::Bearer(format!("{twice}.{rest}"))).await.problem(401, "token_header");
}

#[tokio::test]
async fn a_claim_that_stands_twice_names_nobody() {
    let server = start(shared()).await;
    let header = part(&json!({"alg": "HS256", "typ": "JWT"}));
    let said = claims("ada").to_string();
    for twice in [r#""sub":"root""#, r#""iss":"x""#, r#""x":1,"x":2"#, r#""x":{"y":1,"y":2}"#] {
        let body = BASE64_URL_SAFE_NO_PAD.encode(format!("{{{twice},{}", &said[1..]));
        // Signed well, as only the application can.
        let signed = jsonwebtoken::crypto::sign(
            format!("{header}.{body}").as_bytes(),
            &jsonwebtoken::EncodingKey::from_secret(super::application::SECRET.as_bytes()),
            Algorithm::HS256,
        );
        let token = format!("{header}.{body}.{}", signed.unwrap());
        server.get("/v1/whoami", &Cred::Bearer(token)).await.problem(401, "credential_invalid");
    }
    assert_eq!(accounts(&server).await, 1);
}

#[tokio::test]
async fn what_is_no_token_at_all_is_refused_as_ever() {
    let server = start(shared()).await;
    let token = Signing::shared().token(&claims("ada"));
    let mut garbage: Vec<String> = [".", "..", "...", "a.b.c", "eyJ.eyJ.eyJ"].into_iter().map(str::to_owned).collect();
    garbage.push(format!("{token}."));
    garbage.push(format!("{token}.{token}"));
    garbage.push(token.replace('.', ".."));
    garbage.push(Signing::shared().token(&with("pad", json!("x".repeat(6_500)))));
    for text in garbage {
        let answer = server.get("/v1/whoami", &Cred::Bearer(text.clone())).await;
        assert!([400, 401].contains(&answer.status.as_u16()), "{text}: {}", answer.text);
    }
    for length in (1..token.len()).step_by(7) {
        let answer = server.get("/v1/whoami", &Cred::Bearer(token[..length].to_owned())).await;
        assert_eq!(answer.status.as_u16(), 401, "{length}: {}", answer.text);
    }
    assert_eq!(accounts(&server).await, 1);
}

#[tokio::test]
async fn without_issuers_nothing_is_said_of_them() {
    let server = Server::start().await;
    server.get("/v1/whoami", &Signing::shared().cred(&claims("ada"))).await.problem(401, "credential_invalid");
}

#[tokio::test]
async fn our_own_sessions_go_their_own_way() {
    let server = start(shared()).await;
    let ada = server.person("Ada", "user").await;
    assert_eq!(server.get("/v1/whoami", &ada.session()).await.expect(200)["credential"], "session");
    // Whoever holds the application's secret cannot make one of ours.
    let mut ours = claims("1");
    ours["iss"] = json!("keybearer");
    ours["aud"] = json!("keybearer");
    ours["sid"] = json!(uuid::Uuid::nil());
    server.get("/v1/whoami", &Signing::shared().cred(&ours)).await.problem(401, "credential_invalid");
}

#[tokio::test]
async fn on_the_other_faces_a_token_fails_in_their_words() {
    let server = start(shared()).await;
    let key = Signing::shared();
    let expired = key.cred(&with("exp", json!(1)));
    let answer = server.get("/whoami/jwt", &expired).await.expect(403);
    assert_eq!(answer, json!({"result": "error", "error": "authenticationFailed"}));
    let answer = server.get("/api/v1/api_keys/policies", &expired).await.expect(401);
    assert!(answer["message"].as_str().unwrap().contains("expired"), "{answer}");
    // A gate takes keys alone.
    assert_eq!(server.get("/gate/any", &key.cred(&claims("ada"))).await.status, 401);
    // And a cookie is a session of ours.
    let page = |token: String| server.ask("GET", "/account/security").header("cookie", format!("keybearer={token}")).send();
    let ada = server.person("Ada", "user").await;
    assert_eq!(page(ada.token).await.status, 200);
    assert_ne!(page(key.token(&claims("ada"))).await.status, 200);
}
