//! What a client says of itself.

use super::client::ask;
use super::passing::{NAMES, SOMEBODY};
use super::proxy::{Kind, Proxy};
use super::site::Site;
use super::world::{World, lines};

/// All spellings of a header that some application might take for it, each with a lie.
pub fn spellings(name: &str) -> String {
    let words: Vec<&str> = name.split('-').collect();
    let spelled =
        [name.to_owned(), name.to_uppercase(), words.join("_"), format!("{}_{}", words[0], words[1..].join("-")), words.join(".")];
    spelled.map(|name| format!("{name}: forged\r\n")).concat()
}

pub async fn no_name_that_a_client_gives_itself_reaches_the_application(kind: Kind) {
    let world = World::start(kind).await;
    world.server.declare("shop", &["read"]).await;
    // Of a service: owner, level and permissions are empty, and empty they must arrive, or not at all.
    let key = world.server.service_key("storefront", &["shop:read"]).await;
    let own = world.key().await;
    for (key, told) in [(&key, [&*key.id, "", "", ""]), (&own, [&*own.id, "1", "3", ""])] {
        for forged in [NAMES.map(spellings).concat(), NAMES.map(|name| format!("{name}: \r\n{name}: forged\r\n")).concat()] {
            let answer = world.ask("GET", "/", &(forged.clone() + &lines(&key.bearer()))).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let seen = world.application.take_one();
            for (name, told) in NAMES.into_iter().zip(told) {
                let read = seen.read_loosely(name);
                assert!(read == [told] || (told.is_empty() && read.is_empty()), "{name}: {read:?}");
            }
            assert_eq!(world.ask("GET", "/", &forged).await.status, 401);
            assert!(world.application.take().is_empty());
        }
    }
}

pub async fn no_header_of_the_connection_takes_a_name_away(kind: Kind) {
    let world = World::start(kind).await;
    let key = world.key().await;
    for name in NAMES.into_iter().chain(["X-KEY-ID", "authorization", "x-forwarded-uri", "te, x-key-id"]) {
        let answer = world.ask("GET", "/", &format!("{}connection: close\r\nconnection: {name}\r\n", lines(&key.bearer()))).await;
        let seen = world.application.take();
        // Refused by somebody, or as if the client had not said it.
        match seen.first() {
            None => assert!(matches!(answer.status, 400 | 401), "{name}: {answer:?}"),
            Some(seen) => assert_eq!(NAMES.map(|name| seen.read_loosely(name).concat()), [&*key.id, "1", "3", ""], "{name}"),
        }
    }
}

pub async fn what_a_client_says_about_its_request_does_not_reach_the_gate(kind: Kind) {
    let (gate, application) = (Site::answering(200, SOMEBODY).await, Site::answering(200, &[]).await);
    let proxy = Proxy::start(kind, gate.address, "any", application.address).await;
    let forged = ["x-forwarded-uri", "x-original-uri", "x-original-url", "x-forwarded-method", "x-original-method", "x-forwarded-for"];
    let lies = forged.map(spellings).concat() + "cookie: a=b\r\ncontent-type: application/grpc\r\n";
    let carried = "authorization: Bearer a\r\nx-api-key: b\r\nx-api-key: c\r\ncatena-api-key: d\r\ncatena-session-id: e\r\n";
    for connection in ["", "connection: close, x-original-uri, te\r\n"] {
        let answer = ask(proxy.address, "PUT", "/a/b?c=%64", &format!("{lies}{carried}{connection}"), "body").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let asked = gate.take_one();
        assert_eq!((&*asked.method, &*asked.target), ("GET", "/gate/any"));
        assert_eq!(asked.read_loosely("x-forwarded-uri"), ["/a/b?c=%64"], "{asked:?}");
        assert_eq!(asked.read_loosely("x-forwarded-method"), ["PUT"]);
        assert_eq!(asked.all("x-forwarded-for"), ["127.0.0.1"]);
        for name in ["x-original-uri", "x-original-url", "x-original-method", "cookie", "content-type"] {
            assert!(asked.read_loosely(name).is_empty(), "{name}: {asked:?}");
        }
        // All that carries a credential, or it would be the application that finds out that there are two.
        assert_eq!((asked.all("authorization"), asked.all("x-api-key")), (vec!["Bearer a"], vec!["b", "c"]), "{asked:?}");
        assert_eq!((asked.all("catena-api-key"), asked.all("catena-session-id")), (vec!["d"], vec!["e"]));
        assert_eq!(application.take_one().body, 4);
    }
}
