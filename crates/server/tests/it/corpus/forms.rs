//! As the corpus of JSON, for the operations of `/oauth2`, which read forms. Nearly every text is a form, so most of these are answered: with
//! what is told of no key at all.

use keybearer::http::oauth2::ROUTES;
use serde_json::Value;

use super::assert_refused;
use super::mutants::{Fate, Mutant};
use super::routes::{Face, Route, World};
use super::wire::Wire;
use crate::oauth2::{FORM, form};
use crate::support::Cred;

const INTROSPECT: &str = "/oauth2/introspect";

fn route(path: &'static str, cred: &Cred) -> Route {
    Route {
        face: Face::OAuth2,
        operation: path,
        method: "POST",
        path: path.to_owned(),
        body: Value::Null,
        optional: &[],
        defaulted: &[],
        done: 200,
        cred: cred.clone(),
        is_open: false,
    }
}

fn mutant(what: &str, body: impl Into<Vec<u8>>) -> Mutant {
    Mutant { what: what.to_owned(), headers: vec![("content-type", FORM.into())], body: body.into(), fate: Fate::Open }
}

/// A form that was good, changed in all ways that came to mind.
fn mutants(token: &str) -> Vec<Mutant> {
    let good = form(&[("token", token), ("token_type_hint", "access_token")]);
    let mut all = vec![mutant("unchanged", &*good)];
    for length in 0..good.len() {
        all.push(mutant("cut off", &good[..length]));
        for byte in [b'%', b'&', b'=', b'+', b';', 0, 0xff, b'x'] {
            let mut bytes = good.clone().into_bytes();
            bytes[length] = byte;
            all.push(mutant("one byte changed", bytes));
        }
    }
    let wide: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    all.push(mutant("UTF-16", wide));
    for (what, body) in [
        ("behind a byte order mark", format!("\u{feff}{good}")),
        ("twice", format!("{good}&{good}")),
        ("an empty one before it", format!("token=&{good}")),
        ("an empty one behind it", format!("{good}&token")),
        ("the name in capitals", good.to_uppercase()),
        ("the name encoded", good.replacen("token", "%74oken", 1)),
        ("the name twice, once encoded", format!("{good}&%74oken=x")),
        ("brackets", good.replacen("token", "token[]", 1)),
        ("a space before it", format!(" {good}")),
        ("a line behind it", format!("{good}\r\n")),
        ("a NUL in it", good.replacen("_", "%00_", 1)),
        ("encoded twice", good.replace('_', "%255F")),
        ("broken escapes", "token=%&token%zz=%f&%=%%".into()),
        ("not UTF-8", "token=%ff%fe%c0%80&%ff=%ff".into()),
        ("nothing but separators", "&".repeat(60_000)),
        ("nothing but equal signs", "=".repeat(60_000)),
        ("thirty thousand parameters", "a&".repeat(30_000)),
        ("a long name", format!("{}=x&{good}", "n".repeat(60_000))),
        ("a long value", format!("token={}", "v".repeat(60_000))),
        ("escapes all along", format!("token={}", "%41".repeat(20_000))),
        ("too large", format!("token={}", "v".repeat(70_000))),
        ("JSON", format!("{{\"token\":\"{token}\"}}")),
        ("XML", format!("<token>{token}</token>")),
        ("the token alone", token.to_owned()),
        ("a client that is none", format!("{good}&client_id=x&client_secret=y")),
        ("a secret without a client", format!("{good}&client_secret=y")),
        ("a client without a secret", format!("{good}&client_id=x")),
        ("an assertion", format!("{good}&client_assertion=x&client_assertion_type=y")),
    ] {
        all.push(mutant(what, body));
    }
    for kind in ["application/json", "text/plain", "multipart/form-data; boundary=a", "application/x-www-form-urlencodedx", "", "a, b"] {
        all.push(Mutant { headers: vec![("content-type", kind.into())], ..mutant("of another type", &*good) });
    }
    let twice = vec![("content-type", FORM.into()), ("content-type", FORM.into())];
    all.push(Mutant { headers: twice, ..mutant("of its type twice", &*good) });
    all.push(Mutant { headers: Vec::new(), ..mutant("of no type", &*good) });
    let packed = vec![("content-type", FORM.into()), ("content-encoding", "gzip".into())];
    all.push(Mutant { headers: packed, ..mutant("compressed", &*good) });
    all
}

/// Whether a form asks about this token, read apart from the server.
fn asks_about(mutant: &Mutant, token: &str) -> bool {
    let tokens: Vec<_> = form_urlencoded::parse(&mutant.body).filter(|(name, _)| name == "token").map(|(_, value)| value).collect();
    tokens == [token]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_form_brings_the_server_down_or_ends_a_key_that_it_does_not_show() {
    let world = World::make().await;
    let key = world.server.service_key("shown", &[]).await;
    let all = mutants(&key.token);
    let before = world.counts().await;
    let (mut refused, mut inactive, mut active) = (0, 0, 0);
    for path in ROUTES.iter().map(|(_, path)| *path) {
        let route = route(path, &world.things.pair);
        let mut wire = Wire::open(world.server.address);
        for mutant in &all {
            let is_good = asks_about(mutant, &key.token);
            if path == INTROSPECT || !is_good {
                let reply = wire.send(&route, &route.cred, mutant).await;
                match (reply.status, &*reply.body) {
                    (200, "{\"active\":false}") if path == INTROSPECT && !is_good => inactive += 1,
                    (200, body) if path == INTROSPECT && is_good && body.starts_with("{\"active\":true,") => active += 1,
                    (200, "") if path != INTROSPECT => inactive += 1,
                    _ => {
                        assert_refused(&route, mutant, &reply);
                        refused += 1;
                    }
                }
            }
            let reply = wire.send(&route, &Cred::None, mutant).await;
            assert_refused(&route, mutant, &reply);
            assert!(matches!(reply.status, 413 | 401), "{mutant}: only who is known hears what is wrong: {} {}", reply.status, reply.body);
        }
        assert_eq!(world.server.verdict(&key.token).await, "VALID", "{path}");
    }
    assert!(refused > 30 && inactive > 1_000 && active > 5, "{refused} refused, {inactive} inactive, {active} active");
    assert_eq!(world.counts().await, before, "something was left behind");
    world.assert_well().await;
}
