//! All that must stay secret, in every spelling.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use keybearer::keyring::Keyring;
use keybearer_core::token::Credential;
use serde_json::Value;

use crate::support::Made;
use crate::support::watch::secret_in;

/// As many as are put into wrong places.
const KNOWN: usize = 14;

#[derive(Default)]
pub(super) struct Secrets {
    texts: Vec<String>,
    /// As [`latin`] has them.
    spellings: Vec<String>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// How bytes may be written.
fn spelled(bytes: &[u8]) -> Vec<String> {
    let listed = format!("{:?}", &bytes[..bytes.len().min(16)]);
    vec![
        latin(bytes),
        // Without the last digits, which depend on what follows.
        BASE64_STANDARD_NO_PAD.encode(&bytes[..bytes.len() / 3 * 3]),
        BASE64_URL_SAFE_NO_PAD.encode(&bytes[..bytes.len() / 3 * 3]),
        hex(bytes),
        hex(bytes).to_uppercase(),
        // As `Debug` has them, of a list that may go on.
        listed[..listed.len() - 1].to_owned(),
    ]
}

impl Secrets {
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// One of those that were there before anything was asked.
    pub(super) fn known(&self, number: usize) -> &str {
        &self.texts[number % KNOWN]
    }

    pub(super) fn add(&mut self, text: &str) {
        self.texts.push(text.to_owned());
        self.spellings.extend(spelled(text.as_bytes()));
        for space in ["%20", "+"] {
            self.spellings.push(text.replace(' ', space));
        }
        self.spellings.push(text.bytes().map(|byte| format!("%{byte:02X}")).collect());
        // The secret in a token, and the signature of a session.
        if let Ok(credential) = Credential::parse_token(text) {
            self.spellings.push(text[text.len() - 50..].to_owned());
            self.spellings.push(credential.secret.reveal().to_string());
        } else if let Some((_, signature)) = text.rsplit_once('.') {
            self.spellings.push(signature.to_owned());
        }
        if text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            let bytes: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect();
            self.spellings.extend(spelled(&bytes));
        }
    }

    /// The pair as HTTP Basic has it, and the halves the wrong way round.
    pub(super) fn add_pair(&mut self, key: &Made) {
        self.add(&BASE64_STANDARD.encode(format!("{}:{}", key.id, key.secret)));
        self.add(&BASE64_STANDARD.encode(format!("{}:{}", key.secret, key.id)));
    }

    /// The first secret that stands in there.
    pub(super) fn found_in(&self, bytes: &[u8]) -> Option<String> {
        let text = latin(bytes);
        self.spellings.iter().find(|spelling| text.contains(spelling.as_str())).cloned()
    }

    /// No secret stands in the logs or in a file of the data directory, except those of the keyring in the keyring.
    pub(super) fn assert_nowhere(&self, dir: &Path, logs: &[&str], token: &str) {
        let keyring_file = dir.join("keyring.json");
        let keyring: Value = serde_json::from_slice(&fs::read(&keyring_file).unwrap()).unwrap();
        let mut kept = Self::default();
        for text in [&keyring["peppers"]["1"], &keyring["jwt_key"]] {
            let text = text.as_str().unwrap();
            kept.add(text);
            kept.spellings.extend(spelled(&BASE64_STANDARD.decode(text).unwrap()));
        }
        let peppers = Keyring::open_or_create(&keyring_file, false).unwrap().peppers();
        let (_, digest) = peppers.seal(&Credential::parse_token(token).unwrap());
        let mut digests = Self::default();
        digests.spellings.extend(spelled(digest.as_bytes()));

        for log in logs {
            assert!(log.contains("\"level\":\"DEBUG\""), "it logs requests: {log}");
            for secrets in [self, &kept, &digests] {
                if secrets.found_in(log.as_bytes()).is_some() {
                    let line = log.lines().find(|line| secrets.found_in(line.as_bytes()).is_some());
                    panic!("{:?} in the log: {line:?}", secrets.found_in(log.as_bytes()));
                }
            }
            assert_eq!(log.lines().find(|line| secret_in(line).is_some()), None);
        }
        let mut seen_digest = false;
        for file in fs::read_dir(dir).unwrap() {
            let path = file.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            assert_eq!(self.found_in(&bytes), None, "{}", path.display());
            if path == keyring_file {
                assert!(kept.found_in(&bytes).is_some() && digests.found_in(&bytes).is_none());
            } else {
                assert_eq!(kept.found_in(&bytes), None, "{}", path.display());
                seen_digest |= digests.found_in(&bytes).is_some();
            }
        }
        assert!(seen_digest, "the files are those of the database");
    }
}

/// Bytes as text, one character each, in which to search fast.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
