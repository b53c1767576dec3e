//! `/apikeys` and `/whoami`, as seeds 000 to 003 and section 4.2 of the design have them.

mod apikeys;
mod bad_input;
mod credential;
mod revocation;
mod seeds;
mod whoami;

use serde_json::{Value, json};

use crate::support::{Answer, Cred, Made, Server};

/// An error of this face: status, code, and the envelope around it.
#[track_caller]
fn fails(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.expect(status), json!({"result": "error", "error": code}), "{}", answer.what);
    is_json(answer);
}

#[track_caller]
fn is_json(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8", "{}", answer.what);
}

/// The last segment of the paths for this credential.
fn segment(cred: &Cred) -> &'static str {
    match cred {
        Cred::Basic(..) => "key",
        Cred::None | Cred::Bearer(_) | Cred::XApiKey(_) | Cred::CatenaKey(_) | Cred::CatenaSession(_) => "jwt",
    }
}

async fn create(server: &Server, cred: &Cred, body: Value) -> Answer {
    server.post(&format!("/apikeys/{}", segment(cred)), cred, body).await
}

async fn list(server: &Server, cred: &Cred) -> Answer {
    server.get(&format!("/apikeys/{}", segment(cred)), cred).await
}

async fn read(server: &Server, cred: &Cred, id: &str) -> Answer {
    server.get(&format!("/apikeys/{id}/{}", segment(cred)), cred).await
}

async fn delete(server: &Server, cred: &Cred, id: &str) -> Answer {
    server.delete(&format!("/apikeys/{id}/{}", segment(cred)), cred).await
}

async fn whoami(server: &Server, cred: &Cred) -> Answer {
    server.get(&format!("/whoami/{}", segment(cred)), cred).await
}

/// The ids of the keys that a list shows, in its order.
async fn listed(server: &Server, cred: &Cred) -> Vec<String> {
    let body = list(server, cred).await.expect(200);
    body["apikeys"].as_array().unwrap().iter().map(|apikey| apikey["key"].as_str().unwrap().to_owned()).collect()
}

/// A key that this credential makes for itself.
async fn key(server: &Server, cred: &Cred, level: u8) -> Made {
    let body = create(server, cred, json!({"name": "a key", "level": level})).await.expect(201);
    let text = |field: &str| body["apikey"][field].as_str().unwrap().to_owned();
    Made { id: text("key"), token: String::new(), secret: text("secret") }
}
