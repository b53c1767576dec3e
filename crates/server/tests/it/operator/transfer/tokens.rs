//! Lines that are no export: keys in plain text, and all that can be wrong with a line.

use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId, Prefix, Secret};

use super::*;

/// A key as another installation with our form of tokens has given it out.
pub(super) fn token(number: u32) -> Made {
    let (mut random, mut secret) = ([0; 10], [0; 32]);
    random[6..].copy_from_slice(&number.to_be_bytes());
    secret[..4].copy_from_slice(&number.to_be_bytes());
    let credential = Credential { id: KeyId::new(UnixMillis(1_700_000_000_000), &random), secret: Secret::new(secret) };
    let prefix: Prefix = "acme".parse().unwrap();
    Made { id: credential.id.to_string(), token: credential.to_token(&prefix).to_string(), secret: credential.secret.reveal().to_string() }
}

const BOB: &str = r#"{"type":"account","id":7,"username":"Bob","role":"user","created_at":"2024-01-01T00:00:00Z"}"#;
pub(super) const POLICY: &str = r#"{"type":"policy","id":"0197e3a8-0000-7000-8000-000000000001","name":"Readers","permissions":["keybearer:verify"],"created_at":"2024-01-01T00:00:00Z","created_by":"operator"}"#;

pub(super) fn file(dir: &Path, lines: &[String]) -> std::path::PathBuf {
    let file = dir.join("tokens.jsonl");
    fs::write(&file, lines.join("\n")).unwrap();
    file
}

#[tokio::test]
async fn keys_that_were_given_out_elsewhere_verify_here() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let keys: Vec<Made> = (1..=4).map(token).collect();
    let lines = [
        BOB.to_owned(),
        POLICY.to_owned(),
        json!({"type": "key", "token": keys[0].token, "name": "laptop", "owner_name": "BOB", "level": 3, "metadata": {"a": 1}}).to_string(),
        json!({"type": "key", "token": keys[1].token, "name": "shop", "policy": "readers", "created_at": "2024-05-05T05:05:05.005Z"})
            .to_string(),
        json!({"type": "key", "token": keys[2].token, "name": "old", "owner": 7, "level": 1, "expires_at": "2024-06-01T00:00:00Z"})
            .to_string(),
        json!({"type": "key", "token": keys[3].token, "name": "lost", "owner": 7, "level": 1,
            "revoked_at": "2024-06-01T00:00:00Z", "revoked_reason": "deleted"})
        .to_string(),
    ];
    let file = file(dir.path(), &lines);
    assert_eq!(import(&data, &file, &[]).code, 0);
    let again = summary(&import(&data, &file, &["--json"]));
    assert_eq!((&again["present"], &again["imported"]), (&json!(6), &json!(0)), "tokens tell of themselves whether they are here");
    // A newer pepper is for new keys: the same file finds the old ones.
    Run::on(&data, ["keyring", "rotate"]).good();
    assert_eq!(summary(&import(&data, &file, &["--json"]))["present"], 6);

    // Long dead, but not forgotten.
    let running = Program::on(&data).env("KEYBEARER_KEYS_RETENTION", "never").start().await;
    let service = keys[1].bearer();
    for (key, code) in keys.iter().zip(["VALID", "VALID", "EXPIRED", "REVOKED"]) {
        assert_eq!(verdict(&running, &service, key).await["code"], code);
    }
    let laptop = verdict(&running, &service, &keys[0]).await;
    assert_eq!((&laptop["key"]["level"], &laptop["key"]["metadata"]), (&json!(3), &json!({"a": 1})));
    assert!(laptop["key"]["expires_at"].is_string(), "a person's key always expires");
    let ended = running.stop().await;
    for key in &keys {
        assert!(!ended.errors.contains(&key.token) && !ended.errors.contains(&key.secret));
    }
}

#[test]
fn each_bad_line_is_refused_by_its_number_and_no_secret_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut number = 0;
    let mut secrets = Vec::new();
    let mut key = |more: Value| {
        number += 1;
        let made = token(number);
        let mut line = json!({"type": "key", "token": made.token, "name": format!("key {number}")});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        secrets.push(made.token);
        line.to_string()
    };
    let digest = |pepper: u32| {
        json!({"type": "key", "id": "0197e3a8-0000-7000-8000-000000000002", "name": "d", "policy": "readers",
        "digest": "ab".repeat(32), "pepper": pepper, "created_at": "2024-01-01T00:00:00Z", "created_by": "operator"})
    };
    let header = |peppers: Value| {
        json!({"type": "export", "format": 1, "installation": "0197e3a8-0000-7000-8000-000000000003",
        "revision": 1, "made_at": "2024-01-01T00:00:00Z", "version": "0.1.0", "peppers": peppers, "passwords": false})
    };
    let cases = [
        (BOB.to_owned(), ""),
        (POLICY.to_owned(), ""),
        (key(json!({"owner_name": "bob", "level": 4})), ""),
        (key(json!({"owner_name": "bob", "level": 5})), "level 5 exceeds"),
        (key(json!({"owner_name": "bob", "level": 9})), "`level` must be a whole number from 0 to 8"),
        (key(json!({"owner_name": "bob"})), "lacks `level`"),
        (key(json!({"owner_name": "eve", "level": 1})), "no such owner"),
        (key(json!({"owner": 7, "owner_name": "eve", "level": 1})), "another user name"),
        (key(json!({"policy": "writers"})), "no such policy"),
        (key(json!({"policy": "readers", "level": 1})), "has `level`"),
        (key(json!({})), "needs `owner_name` and `level`, or `policy`"),
        (key(json!({"policy": "readers", "owner": 7, "level": 1})), "an owner and a policy"),
        (key(json!({"owner": 7, "level": 1, "expires_at": "2999-01-01T00:00:00Z"})), "lifetime must be at most"),
        (key(json!({"owner": 7, "level": 1, "expire_at": "2999-01-01T00:00:00Z"})), "has `expire_at`"),
        (key(json!({"owner": 7, "level": 1, "expires_at": "tomorrow"})), "`expires_at` is not as documented"),
        (key(json!({"owner": 7, "level": 1, "name": "a\nb"})), "`name` must not contain control characters"),
        (key(json!({"owner": 7, "level": 1, "metadata": {"a": "x".repeat(5_000)}})), "`metadata` must be at most 4096 bytes"),
        (key(json!({"owner": 7, "level": 1, "revoked_at": "2024-01-01T00:00:00Z"})), "only one of `revoked_at` and `revoked_reason`"),
        (key(json!({"policy": "readers", "created_by": "me"})), "`created_by` is none of"),
        (key(json!({"policy": "readers", "name": "once"})), ""),
        (key(json!({"policy": "readers", "name": "ONCE"})), "this name belongs to another key"),
        (key(json!({"policy": "readers", "token": "kb_short"})), "`token` is no well-formed key"),
        (key(json!({"policy": "readers"})).replace("\"name\"", "\"name"), "is not JSON from column"),
        (r#"{"type":"session"}"#.to_owned(), "`type` is not as documented"),
        (digest(1).to_string(), "no line of type \"export\""),
        (header(json!({"1": "00"})).to_string(), ""),
        (digest(1).to_string(), "needs pepper 1 of the installation"),
        (digest(2).to_string(), "has pepper 2"),
    ];
    let (lines, reasons): (Vec<String>, Vec<&str>) = cases.into_iter().unzip();
    let file = file(dir.path(), &lines);
    // The export that began does not end.
    let mut expected: Vec<(usize, &str)> = (1..).zip(reasons).filter(|(_, reason)| !reason.is_empty()).collect();
    expected.push((lines.len(), "was cut off"));

    let nothing = summary(&import(&data, &file, &["--all-or-nothing", "--json"]));
    assert_eq!((&nothing["imported"], &nothing["kept"]), (&json!(0), &json!(false)));
    for options in [&["--dry-run"][..], &[]] {
        let done = import(&data, &file, options);
        assert_eq!(done.code, 6, "{done:?}");
        let told: Vec<&str> = done.errors.lines().collect();
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (told, (line, reason)) in told.iter().zip(&expected) {
            assert!(told.starts_with(&format!("line {line}: ")) && told.contains(reason), "{told:?} is not line {line}: {reason}");
        }
        assert!(done.out.contains("4 rows"), "{}", done.out);
        for secret in &secrets {
            assert!(!done.errors.contains(secret.as_str()) && !done.out.contains(secret.as_str()));
        }
    }
    let done = import(&data, &file, &["--json"]);
    let rows: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (last, refused) = rows.split_last().unwrap();
    assert_eq!(
        (last["present"].as_u64(), last["imported"].as_u64(), last["refused"].as_u64()),
        (Some(4), Some(0), Some(refused.len() as u64))
    );
    assert_eq!(refused[0]["line"], 4);
}
