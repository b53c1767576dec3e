//! The program, where it cannot run. Beside a server it is tested in `crates/server/tests/it/tower/catalog.rs`.

use std::net::TcpListener;
use std::process::Command;

const SECRET: &str = "kb_theSecretOfTheCatalogue";

/// What it complains of, with these settings.
fn refused(settings: &[(&str, &str)]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_catalog"));
    let done = program.env_clear().envs(settings.iter().copied()).output().expect("it runs");
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!((done.status.code(), &*done.stdout), (Some(1), &b""[..]), "{errors}");
    assert!(!errors.contains(SECRET), "{errors}");
    errors
}

#[test]
fn it_says_what_it_needs() {
    assert!(refused(&[]).contains("please set KEYBEARER_URL"));
    assert!(refused(&[("KEYBEARER_URL", "http://127.0.0.1:1")]).contains("please set KEYBEARER_TOKEN"));
    let words = format!("{SECRET} {SECRET}");
    assert!(refused(&[("KEYBEARER_URL", "http://127.0.0.1:1"), ("KEYBEARER_TOKEN", &words)]).contains("a credential is"));
}

#[test]
fn it_does_not_run_without_a_server() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let errors = refused(&[("KEYBEARER_URL", &format!("http://{address}")), ("KEYBEARER_TOKEN", SECRET)]);
    assert!(errors.contains("Keybearer verifies no keys for this service: the server cannot be reached"), "{errors}");
}
