//! Who asks: by a key in a header or in the form, by a session, by one credential alone. And what else is wrong with a request.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use super::{FORM, assert_error, form, introspect, post};
use crate::support::{Ask, Cred, Made, PASSWORD, SECOND, Server, made};

const PATH: &str = "/oauth2/introspect";

fn basic(ask: Ask, id: &str, secret: &str) -> Ask {
    ask.header("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}"))))
}

async fn world() -> (Server, Made, Made) {
    let server = Server::start().await;
    let gateway = server.service_key("gateway", &["keybearer:verify"]).await;
    let key = server.service_key("key", &[]).await;
    (server, gateway, key)
}

#[tokio::test]
async fn a_client_shows_its_key_in_any_of_the_usual_ways() {
    let (server, gateway, key) = world().await;
    for cred in [gateway.pair(), gateway.bearer(), Cred::XApiKey(gateway.token.clone()), server.admin().await] {
        assert_eq!(introspect(&server, &cred, &key.token).await["client_id"], key.id.as_str(), "{cred:?}");
    }
    let asked = [("token", &*key.token)];
    let in_form = [("token", &*key.token), ("client_id", &*gateway.id), ("client_secret", &*gateway.secret)];
    assert_eq!(post(&server, PATH, &Cred::None, &in_form).await.expect(200)["active"], true);
    let own_id = gateway.id.to_uppercase();
    let named = [("token", &*key.token), ("client_id", &*own_id), ("client_secret", "")];
    assert_eq!(post(&server, PATH, &gateway.pair(), &named).await.expect(200)["active"], true, "its own name says nothing new");
    // As RFC 6749 has it, and libraries that follow it to the letter.
    let ask = server.ask("POST", PATH).body(FORM, form(&asked));
    let encoded = basic(ask, &gateway.id.replace('-', "%2D"), &gateway.secret).send().await;
    assert_eq!(encoded.expect(200)["active"], true);
}

#[tokio::test]
async fn two_credentials_are_refused_whichever_was_meant() {
    let (server, gateway, key) = world().await;
    let token = ("token", &*key.token);
    let (id, secret) = (("client_id", &*gateway.id), ("client_secret", &*gateway.secret));
    for cred in [gateway.pair(), gateway.bearer(), server.admin().await] {
        assert_error(&post(&server, PATH, &cred, &[token, id, secret]).await, 400, "invalid_request");
        assert_error(&post(&server, PATH, &cred, &[token, secret]).await, 400, "invalid_request");
    }
    assert_error(&post(&server, PATH, &gateway.pair(), &[token, ("client_id", &key.id)]).await, 400, "invalid_request");
    assert_error(&post(&server, PATH, &Cred::None, &[token, id, secret, secret]).await, 400, "invalid_request");
    assert_error(&post(&server, PATH, &Cred::None, &[token, id, id, secret]).await, 400, "invalid_request");
    let both = server.ask("POST", PATH).with(&gateway.pair()).header("x-api-key", &gateway.token).body(FORM, form(&[token]));
    assert_error(&both.send().await, 400, "invalid_request");
}

#[tokio::test]
async fn without_a_good_credential_nothing_is_told() {
    let (server, gateway, key) = world().await;
    let short = json!({"name": "short", "level": 8, "expires_in": 1});
    let short = made(&server.post("/v1/keys", &server.admin().await, short).await.expect(201));
    server.advance(2 * SECOND);
    let revoked = server.account_key(&server.admin().await, 8).await;
    server.delete(&format!("/v1/keys/{}", revoked.id), &server.admin().await).await.expect(204);
    let wrong = Made { secret: "0".repeat(64), ..gateway.clone() };
    for cred in [Cred::None, Cred::Bearer("no key".into()), gateway.catena(), wrong.pair(), short.pair(), short.bearer(), revoked.bearer()]
    {
        for token in [&key.token, "nothing"] {
            assert_error(&post(&server, PATH, &cred, &[("token", token)]).await, 401, "invalid_client");
        }
        assert_error(&post(&server, PATH, &cred, &[]).await, 401, "invalid_client");
    }
    for (id, secret) in
        [(&*gateway.id, ""), ("", &*gateway.secret), (&gateway.id, &wrong.secret), ("a", "b"), (&gateway.id, &gateway.token)]
    {
        let fields = [("token", &*key.token), ("client_id", id), ("client_secret", secret)];
        assert_error(&post(&server, PATH, &Cred::None, &fields).await, 401, "invalid_client");
    }
    let ask = || server.ask("POST", PATH).body(FORM, form(&[("token", &key.token)]));
    for encoded in ["Basic %%", "Basic ", "Token x", "Basic OjE="] {
        assert_error(&ask().header("authorization", encoded).send().await, 401, "invalid_client");
    }
    assert_error(&basic(ask(), &gateway.id.replace('-', "%ff"), &gateway.secret).send().await, 401, "invalid_client");
}

#[tokio::test]
async fn whoever_lacks_the_right_is_told_the_same_of_every_token() {
    let (server, _, key) = world().await;
    let weak = server.service_key("weak", &["keybearer:keys.write"]).await;
    let seven = server.account_key(&server.admin().await, 7).await;
    let boss = server.person("boss", "admin").await;
    server.patch(&format!("/v1/accounts/{}", boss.id), &server.admin().await, json!({"consent": false})).await.expect(200);
    let unfit = Cred::Bearer(server.sign_in("boss", PASSWORD).await);
    for cred in [weak.pair(), seven.bearer(), key.pair(), unfit] {
        let mut told = Vec::new();
        for token in [&key.token, "nothing", "a.b"] {
            let answer = post(&server, PATH, &cred, &[("token", token)]).await;
            assert_error(&answer, 403, "unauthorized_client");
            told.push(answer.text);
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0], told[2]);
    }
}

#[tokio::test]
async fn what_is_no_such_form_is_refused_in_the_words_of_oauth() {
    let (server, gateway, key) = world().await;
    let cred = gateway.pair();
    for path in [PATH, "/oauth2/revoke"] {
        // Who may not revoke is told so, whatever else is wrong, but not before the form was read.
        let cred = if path == PATH { cred.clone() } else { server.admin().await };
        let token = ("token", &*key.token);
        for fields in [&[][..], &[("token", "")], &[token, token], &[token, ("token", "")], &[("Token", "x")]] {
            assert_error(&post(&server, path, &cred, fields).await, 400, "invalid_request");
        }
        let ask = || server.ask("POST", path).with(&cred);
        let right = form(&[token]);
        for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
            assert_error(&ask().body(kind, right.clone()).send().await, 415, "invalid_request");
        }
        assert_error(&ask().send().await, 415, "invalid_request");
        assert_error(&ask().header("content-encoding", "gzip").body(FORM, right.clone()).send().await, 415, "invalid_request");
        assert_error(&ask().body(FORM, format!("token={}", "x".repeat(70_000))).send().await, 413, "invalid_request");
        for method in ["GET", "PUT", "DELETE"] {
            let answer = server.ask(method, path).with(&cred).send().await;
            assert_error(&answer, 405, "invalid_request");
            assert_eq!(answer.header("allow"), "POST");
        }
        assert_error(&server.ask("POST", &format!("{path}?token={}", key.token)).with(&cred).send().await, 400, "invalid_request");
        assert_error(&post(&server, &format!("{path}/x"), &cred, &[token]).await, 404, "invalid_request");
    }
    assert_error(&server.get("/oauth2", &Cred::None).await, 404, "invalid_request");
    assert_eq!(server.verdict(&key.token).await, "VALID");
    let other =
        server.ask("POST", PATH).with(&cred).body("Application/X-WWW-Form-URLencoded; charset=UTF-8", form(&[("token", &key.token)]));
    assert_eq!(other.send().await.expect(200)["active"], true);
}
