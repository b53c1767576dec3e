//! How commands end, and what they tell of what went wrong.

use std::time::Duration;

use keybearer::cli::Exit;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{ask, keybearer};
use crate::support::{Cred, Server};

/// An address at which nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn what_the_server_says_is_told_in_its_words_with_the_exit_code_for_scripts() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let ann = server.person("ann", "user").await;
    let policy = server.policy("desk", &[]).await;

    let refused = ask(&server, &ann.session(), "stats", &[]).await;
    assert!(refused.error(Exit::Refused).starts_with("error: "), "{}", refused.err);
    let absent = ask(&server, &admin, "account get 99", &[]).await;
    assert!(absent.error(Exit::NotFound).contains("There is no such account"), "{}", absent.err);
    let taken = ask(&server, &admin, "account create ANN", &[]).await;
    let told: Vec<&str> = taken.error(Exit::Conflict).lines().collect();
    assert_eq!(told[1], "  /username: is taken");
    assert!(told[2].starts_with("  request id: ") && told[2].len() > 20, "{told:?}");
    let invalid = ask(&server, &admin, "key create k --level 9", &[]).await;
    assert!(invalid.error(Exit::Invalid).contains("\n  /level: "), "{}", invalid.err);
    let unknown = ask(&server, &admin, "policy edit desk --grant shop:none", &[]).await;
    assert!(unknown.error(Exit::Invalid).contains("no service declares shop:none"), "{}", unknown.err);
    let immutable = server.account_key(&ann.session(), 1).await;
    ask(&server, &admin, "key change", &[&immutable.id, "--name", "other"]).await.error(Exit::Conflict);
    ask(&server, &admin, "policy get", &[&policy]).await.expect(Exit::Done);
}

#[tokio::test]
async fn who_gives_no_credential_is_told_how() {
    let server = Server::start().await;
    for cred in [Cred::None, Cred::Bearer("kb_nonsense".to_owned())] {
        let ran = ask(&server, &cred, "whoami", &[]).await;
        let told = ran.error(Exit::Refused);
        assert!(told.contains("KEYBEARER_TOKEN") && told.contains("--token-stdin"), "{told}");
    }
    for (words, lines) in [("whoami --token-stdin", &[][..]), ("whoami --token-stdin", &["two words"])] {
        let ran = keybearer(words.split(' ')).on(&server).given(lines).run().await;
        assert!(ran.error(Exit::Usage).contains("standard input"), "{}", ran.err);
    }
    let ran = keybearer(["whoami"]).on(&server).env("KEYBEARER_TOKEN", "two words").run().await;
    assert!(ran.error(Exit::Usage).starts_with("error: KEYBEARER_TOKEN cannot be used: "), "{}", ran.err);
}

#[tokio::test]
async fn errors_are_json_where_json_is_asked_for() {
    let server = Server::start().await;
    let ran = ask(&server, &server.admin().await, "account get 99 --json", &[]).await;
    let problem: Value = serde_json::from_str(ran.error(Exit::NotFound)).unwrap();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(404), &json!("account_not_found")));
    assert!(problem["request_id"].is_string());

    let ran = keybearer(["stats", "--json", "--url", &nobody().await]).run().await;
    let told: Value = serde_json::from_str(ran.error(Exit::Unavailable)).unwrap();
    assert_eq!(told["code"], "unreachable");
    let ran = ask(&server, &server.admin().await, "policy get none --json", &[]).await;
    let told: Value = serde_json::from_str(ran.error(Exit::NotFound)).unwrap();
    assert_eq!(told["code"], "not_found");
}

#[tokio::test]
async fn nobody_there_and_nobody_in_time_name_the_url_and_the_way_out() {
    let url = nobody().await;
    let ran = keybearer(["stats"]).env("KEYBEARER_URL", &url).run().await;
    let told = ran.error(Exit::Unavailable);
    assert!(told.contains(&url) && told.contains("--url") && told.contains("KEYBEARER_URL") && told.contains("refused"), "{told}");
    // The flag counts before the variable.
    let other = nobody().await;
    let ran = keybearer(["stats", "--url", &other]).env("KEYBEARER_URL", &url).run().await;
    assert!(ran.error(Exit::Unavailable).contains(&other), "{}", ran.err);

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let began = std::time::Instant::now();
    let ran = keybearer(["stats", "--timeout", "1s", "--url", &url]).run().await;
    assert!(ran.error(Exit::Unavailable).contains("--timeout"), "{}", ran.err);
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_health_check_is_zero_or_nine_and_needs_no_credential() {
    let server = Server::start().await;
    let ran = keybearer(["healthcheck"]).on(&server).env("KEYBEARER_TOKEN", "of no use").run().await;
    assert_eq!((ran.expect(Exit::Done), &*ran.err), ("ready\n", ""));
    let ran = keybearer(["healthcheck", "--url", &nobody().await]).run().await;
    assert!(ran.error(Exit::Unhealthy).contains("cannot be reached"), "{}", ran.err);
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    keybearer(["healthcheck", "--timeout", "1s", "--url", &url]).run().await.error(Exit::Unhealthy);
    // Somebody answers, but there is no such thing below that path.
    keybearer(["healthcheck", "--url", &server.url("/elsewhere")]).run().await.error(Exit::Unhealthy);
}

#[tokio::test]
async fn what_cannot_be_used_is_a_usage_error() {
    let server = Server::start().await;
    let with_settings = keybearer(["--listen", "127.0.0.1:1", "key", "list"]).on(&server).run().await;
    assert!(with_settings.error(Exit::Usage).contains("settings of a server"), "{}", with_settings.err);
    for words in [
        "key list --kind robot",
        "key create k",
        "key create k --level 1 --policy p",
        "key create k --level 1 --expires-in soon",
        "key create k --level 1 --metadata []",
        "account change 1 --email e@example.com --no-email",
        "events --since yesterday",
        "verify --level 1 --any-of a:b",
        "key list --timeout 0",
        "key",
    ] {
        keybearer(words.split(' ')).on(&server).with(&server.admin().await).run().await.error(Exit::Usage);
    }
    for (url, told) in [
        ("keys.example.com", "write it like https://keys.example.com"),
        ("ftp://keys.example.com", "http:// or https://"),
        ("http://ada:hunter2@127.0.0.1", "must not hold a user name or password"),
    ] {
        let ran = keybearer(["stats"]).env("KEYBEARER_URL", url).run().await;
        assert!(ran.error(Exit::Usage).contains(told) && !ran.err.contains("hunter2"), "{}", ran.err);
    }
}

#[tokio::test]
async fn an_edit_does_not_undo_what_somebody_else_did_meanwhile() {
    let server = Server::start().await;
    let (admin, policy) = (server.admin().await, server.policy("desk", &[]).await);
    // Between us and the server: when we come to write what we read, somebody else has written.
    let between = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", between.local_addr().unwrap());
    let meddle = async {
        let (mut ours, _) = between.accept().await.unwrap();
        let mut theirs = TcpStream::connect(server.address).await.unwrap();
        let (mut asked, mut answered) = (vec![0; 16_384], vec![0; 16_384]);
        loop {
            tokio::select! {
                read = ours.read(&mut asked) => match read.unwrap() {
                    0 => break,
                    read => {
                        if asked.starts_with(b"PUT ") {
                            let body = json!({"name": "renamed", "permissions": []});
                            server.put(&format!("/v1/policies/{policy}"), &admin, body).await.expect(200);
                        }
                        theirs.write_all(&asked[..read]).await.unwrap();
                    }
                },
                read = theirs.read(&mut answered) => ours.write_all(&answered[..read.unwrap()]).await.unwrap(),
            }
        }
    };
    let edit = keybearer(["policy", "edit", &policy, "--name", "mine", "--url", &url]).with(&admin).run();
    let (ran, ()) = tokio::join!(edit, meddle);
    assert!(ran.error(Exit::Conflict).contains("It was changed since you read it"), "{}", ran.err);
    assert_eq!(server.get(&format!("/v1/policies/{policy}"), &admin).await.expect(200)["name"], "renamed");
}

#[tokio::test]
async fn of_many_keys_those_that_are_revoked_are_told_though_the_server_goes_away() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let one = server.account_key(&admin, 4).await.id;
    let absent = |number: usize| format!("0198c5a4-9a55-7c6b-8f0e-{number:012}");
    // More than one call has room for, and one call for each.
    let many: Vec<String> = std::iter::once(one.clone()).chain((0..200).map(absent)).collect();
    let two = server.account_key(&admin, 4).await.id;
    for (keys, descendants, told) in [(many, false, 200), (vec![two.clone(), absent(0)], true, 1)] {
        let between = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", between.local_addr().unwrap());
        // Hangs up for good at the second call.
        let meddle = async {
            let (mut ours, _) = between.accept().await.unwrap();
            let mut theirs = TcpStream::connect(server.address).await.unwrap();
            let (mut asked, mut answered, mut calls) = (vec![0; 65_536], vec![0; 65_536], 0);
            loop {
                tokio::select! {
                    read = ours.read(&mut asked) => {
                        let read = read.unwrap();
                        calls += usize::from(asked.starts_with(b"POST ") || asked.starts_with(b"DELETE "));
                        if read == 0 || calls > 1 {
                            break;
                        }
                        theirs.write_all(&asked[..read]).await.unwrap();
                        asked.fill(0);
                    },
                    read = theirs.read(&mut answered) => ours.write_all(&answered[..read.unwrap()]).await.unwrap(),
                }
            }
            drop(between);
        };
        let flags = ["--yes", "--json", "--url", &url].into_iter().chain(descendants.then_some("--descendants"));
        let words = ["key", "revoke"].into_iter().chain(keys.iter().map(String::as_str)).chain(flags);
        let (ran, ()) = tokio::join!(keybearer(words).with(&admin).run(), meddle);
        let results = ran.json(Exit::Unavailable)["results"].clone();
        assert_eq!((results.as_array().unwrap().len(), &results[0]["outcome"]), (told, &json!("revoked")), "{results}");
        assert!(serde_json::from_str::<Value>(&ran.err).unwrap()["detail"].as_str().unwrap().contains(&url), "{}", ran.err);
    }
}
