//! All tests log at TRACE into a watch that ends the run when a secret passes. What a library logs counts too.

use std::io::{self, Write};
use std::sync::Once;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use keybearer_core::token::Credential;
use tracing::level_filters::LevelFilter;

use super::PASSWORD;

/// Begins to watch, once in a process.
pub fn begin() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let lines = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false).with_writer(|| Watch);
        tracing::subscriber::set_global_default(lines.finish()).expect("nothing else logs in the tests");
    });
}

/// Takes each line of the log, and keeps none.
struct Watch;

impl Write for Watch {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if let Some(kind) = secret_in(&text) {
            // Past the harness, which keeps what a test prints: this process has no end but this one.
            drop(writeln!(io::stderr(), "{LEAKED}: {kind}: {text}"));
            std::process::abort();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a run that was ended says.
pub const LEAKED: &str = "a secret stands in the log";

/// The kind of secret that a text holds, by its shape.
pub fn secret_in(text: &str) -> Option<&'static str> {
    if text.contains(PASSWORD) || text.contains(&PASSWORD.replace(' ', "%20")) || text.contains(&PASSWORD.replace(' ', "+")) {
        return Some("a password");
    }
    if text.contains("$argon2") {
        return Some("the hash of a password");
    }
    // `=` only ends base64, and may stand before anything.
    text.split(|c: char| !c.is_ascii_alphanumeric() && !"_-.+/".contains(c)).find_map(|word| {
        // Nothing of ours is shorter.
        if word.len() < 60 {
            return None;
        }
        // A head that begins with a brace, claims that do, and a signature.
        let session = word.match_indices("eyJ").any(|(at, _)| {
            let parts: Vec<&str> = word[at..].split('.').collect();
            parts.len() > 2 && parts[1].starts_with("eyJ")
        });
        let key = word.match_indices('_').any(|(at, _)| is_token(word, at));
        let pair =
            BASE64_STANDARD_NO_PAD.decode(word).is_ok_and(|pair| str::from_utf8(&pair).is_ok_and(|pair| Credential::parse(pair).is_ok()));
        let hexadecimal = word.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() >= 64);
        let kinds =
            [(session, "a session token"), (key, "a key"), (pair, "the pair of a key"), (hexadecimal, "a secret in hexadecimal digits")];
        kinds.into_iter().find(|(is_there, _)| *is_there).map(|(_, kind)| kind)
    })
}

/// Whether the underscore of a token, checksum and all, stands here.
fn is_token(word: &str, at: usize) -> bool {
    let begins = word[..at].rfind(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit()).map_or(0, |before| before + 1);
    word.get(begins..at + 73).is_some_and(|token| Credential::parse_token(token).is_ok())
}

mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::support::Server;

    /// Set in the process that is to leak.
    const LEAK: &str = "KEYBEARER_TEST_LEAK";

    #[tokio::test]
    async fn a_secret_in_the_log_ends_the_run() {
        let server = Server::start().await;
        let key = server.account_key(&server.admin().await, 4).await;
        let session = server.sign_in("admin", PASSWORD).await;
        let basic = BASE64_STANDARD.encode(format!("{}:{}", key.id, key.secret));
        let secrets = [&*key.token, &key.secret, &session, &basic, PASSWORD, "$argon2id$v=19$m=19456,t=2,p=1$first"];
        if let Ok(which) = std::env::var(LEAK) {
            let secret = secrets[which.parse::<usize>().unwrap()];
            tracing::trace!(?secret, "a library says more than it should");
            return;
        }
        for (which, secret) in secrets.iter().enumerate() {
            for text in [secret.to_string(), format!("key={secret}"), format!("\"{secret}\""), format!("of [{secret}],")] {
                assert!(secret_in(&text).is_some(), "{text}");
            }
            let mut again = Command::new(std::env::current_exe().unwrap());
            again.args(["--exact", "support::watch::tests::a_secret_in_the_log_ends_the_run"]).env(LEAK, which.to_string());
            let ended = again.output().unwrap();
            assert_eq!(ended.status.signal(), Some(6), "{secret} passed: {ended:?}");
            assert!(String::from_utf8_lossy(&ended.stderr).contains(LEAKED));
        }
        for harmless in [&*key.id, "01a1fc83-ab74-722a-a7e4-9b3b67399d35", "request_id=0123456789abcdef", "GET /v1/keys/{id}", "kb_short"] {
            assert_eq!(secret_in(harmless), None, "{harmless}");
        }
    }
}
