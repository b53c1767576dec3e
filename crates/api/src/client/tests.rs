use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{BuildError, Client, Credential, Error, KeyQuery};
use crate::{Declaration, KeyState, NewKey};

const PROBLEM: &str = r#"{"type":"urn:keybearer:problem:busy","title":"Service Unavailable","status":503,"detail":"Too many logins at once: try again.","code":"busy","request_id":"r-1"}"#;

/// A server that gives this answer to the first request, and what it was asked.
async fn stub(answer: String) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).await.unwrap();
            assert_ne!(read, 0, "the request ended early");
            asked.extend_from_slice(&piece[..read]);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&asked).to_lowercase()
    });
    (url, asked)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn client(url: &str) -> Client {
    Client::builder(url).credential(Credential::parse("kb_token").unwrap()).build().unwrap_or_else(|error| panic!("{error}"))
}

async fn error_of(answer: String) -> Error {
    let (url, _) = stub(answer).await;
    client(&url).whoami().await.unwrap_err()
}

#[tokio::test]
async fn a_problem_is_told_with_its_status_and_when_to_try_again() {
    let kind = "content-type: application/problem+json; charset=utf-8\r\nretry-after: 7\r\n";
    let error = error_of(answer("503 Service Unavailable", kind, PROBLEM)).await;
    assert_eq!((error.status(), error.retry_after()), (Some(503), Some(Duration::from_secs(7))));
    assert_eq!(error.to_string(), "Too many logins at once: try again.");
    let Error::Problem { problem, .. } = error else { panic!("{error:?}") };
    assert_eq!((&*problem.code, &*problem.request_id), ("busy", "r-1"));
}

#[tokio::test]
async fn what_another_program_answers_is_no_problem_of_keybearer() {
    for (status, kind) in
        [("404 Not Found", "text/html"), ("502 Bad Gateway", "text/html"), ("503 Service Unavailable", "application/json")]
    {
        let error = error_of(answer(status, &format!("content-type: {kind}\r\n"), PROBLEM)).await;
        assert!(matches!(error, Error::Unexpected { .. }), "{error:?}");
        assert_eq!(error.status(), None);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, asked) = stub(answer("200 OK", "", "{}")).await;
    let error = error_of(answer("307 Temporary Redirect", &format!("location: {elsewhere}/v1/whoami\r\n"), "")).await;
    assert!(matches!(error, Error::Unexpected { status: 307, .. }), "{error:?}");
    assert!(!asked.is_finished(), "the credential went elsewhere");
    asked.abort();
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_repeated() {
    let error = error_of(answer("200 OK", "content-type: application/json\r\n", r#"{"credential":"kb_leaked"}"#)).await;
    assert!(matches!(error, Error::Unexpected { status: 200, .. }));
    assert!(!format!("{error} {error:?}").contains("leaked"), "{error:?}");
}

#[tokio::test]
async fn an_answer_longer_than_it_may_be_is_refused_before_it_has_ended() {
    let body = r#"{"credential":"account_key"}"#;
    let of_limit = async |limit: usize, sent: String| {
        let (url, _) = stub(sent).await;
        let client = Client::builder(&url).answer_limit(limit).build().unwrap_or_else(|error| panic!("{error}"));
        client.whoami().await.map(drop)
    };
    of_limit(body.len(), answer("200 OK", "", body)).await.unwrap();
    let error = of_limit(body.len() - 1, answer("200 OK", "", body)).await.unwrap_err();
    assert!(matches!(&error, Error::Unexpected { status: 200, what } if what.contains("longer")), "{error:?}");
    // One that never ends, and whose connection stays open.
    let endless = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1c\r\n{body}\r\n");
    let error = of_limit(20, endless).await.unwrap_err();
    assert!(matches!(&error, Error::Unexpected { status: 200, what } if what.contains("longer")), "{error:?}");
}

#[tokio::test]
async fn nobody_there_and_nobody_in_time_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let patient = Client::builder(&format!("http://{address}")).timeout(Duration::from_millis(100)).build();
    let patient = patient.unwrap_or_else(|error| panic!("{error}"));
    // The system accepts the connection; nobody ever reads from it.
    assert!(matches!(patient.ready().await, Err(Error::TimedOut)));
    drop(listener);
    let refused = patient.ready().await.unwrap_err();
    assert!(matches!(&refused, Error::Unreachable(_)), "{refused:?}");
    assert!(!refused.to_string().contains(&address.to_string()), "the URL is the caller's to tell");
    let error = error_of("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{".to_owned()).await;
    assert!(matches!(error, Error::Broken(_)), "{error:?}");
}

#[tokio::test]
async fn each_spelling_of_a_credential_has_its_header() {
    for (text, header) in [("kb_token", "authorization: bearer kb_token\r\n"), (" id:secret\n", "authorization: basic awq6c2vjcmv0\r\n")] {
        let (url, asked) = stub(answer("200 OK", "", "ready\n")).await;
        let client = Client::builder(&url).credential(Credential::parse(text).unwrap()).build().unwrap_or_else(|error| panic!("{error}"));
        client.ready().await.unwrap();
        let asked = asked.await.unwrap();
        assert!(asked.contains(header), "{asked}");
    }
    for text in ["", " ", "two words", "line\nfeed", "grün", ":", "id:", ":secret"] {
        assert!(Credential::parse(text).is_err(), "{text:?}");
    }
}

#[tokio::test]
async fn paths_and_queries_are_encoded_below_the_path_of_the_url() {
    let (url, asked) = stub(answer("200 OK", "", r#"{"items":[]}"#)).await;
    let manifest: [Declaration; 0] = [];
    client(&format!("{url}/behind/")).permissions().declare("a/b c", &manifest).await.unwrap();
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("put /behind/v1/services/a%2fb%20c/permissions http/1.1\r\n"), "{asked}");

    let (url, asked) = stub(answer("200 OK", "", r#"{"items":[]}"#)).await;
    let query = KeyQuery { state: Some(KeyState::Active), name: Some("a&b".to_owned()), ..KeyQuery::default() };
    assert!(client(&url).keys().list(&query).at_most(3).all().await.unwrap().is_empty());
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("get /v1/keys?state=active&name=a%26b&limit=3 http/1.1\r\n"), "{asked}");
}

#[tokio::test]
async fn no_url_with_a_secret_and_no_error_that_repeats_it() {
    for url in [
        "https://ada:hunter2@keys.example.com",
        "https://keys.example.com?hunter2",
        "https://keys.example.com#hunter2",
        "ftp://hunter2",
        "hunter2",
    ] {
        let Err(error) = Client::builder(url).build() else { panic!("{url} was taken") };
        assert!(matches!(error, BuildError::Url(_)));
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    let kind = "content-type: application/problem+json\r\n";
    let (url, _) = stub(answer("503 Service Unavailable", kind, PROBLEM)).await;
    let client =
        Client::builder(&url).credential(Credential::pair("id", "hunter2").unwrap()).build().unwrap_or_else(|error| panic!("{error}"));
    let Err(error) = client.keys().create(&NewKey::default()).await else { panic!("a problem is no key") };
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn certificates_that_are_none_are_refused() {
    for pem in ["", "nothing", "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n"] {
        let built = Client::builder("https://keys.example.com").authorities(pem.as_bytes().to_vec()).build();
        assert!(built.is_err(), "{pem:?}");
    }
}
