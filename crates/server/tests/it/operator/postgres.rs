//! The real server and its commands where the data is in PostgreSQL.

use std::fs;

use serde_json::{Value, json};

use crate::support::child::Program;
use crate::support::command::Run;
use crate::support::{Cred, database, made};

/// The URL of a database of its own, with a password for which this server does not ask.
fn url() -> String {
    database::fresh().replace("keybearer@", "keybearer:hushhush@")
}

fn assert_silent(text: &str) {
    assert!(!text.contains("hush"), "the password is told: {text}");
}

#[tokio::test]
async fn keys_outlive_the_process_however_it_ends() {
    let (dir, url) = (tempfile::tempdir().unwrap(), url());
    let program = || Program::on(dir.path()).env("KEYBEARER_DATABASE", &url);
    let running = program().with_admin().start().await;
    let admin = running.admin().await;
    let key = |name: &str| json!({"name": name, "level": 8});
    let (kept, revoked) = (
        made(&running.post("/v1/keys", &admin, key("kept")).await.expect(201)),
        made(&running.post("/v1/keys", &admin, key("revoked")).await.expect(201)),
    );
    assert_eq!(running.ask("DELETE", &format!("/v1/keys/{}", revoked.id)).with(&admin).send().await.status, 204);
    running.kill();
    assert_silent(&running.ended().await.errors);

    // At once: the lock of a process that was killed is in nobody's way.
    let running = program().start().await;
    assert_eq!(running.setup_link, None, "the administrator is there");
    let code = async |token: &str| {
        let answer = running.post("/v1/verify", &kept.bearer(), json!({"key": token})).await.expect(200);
        answer["code"].as_str().unwrap().to_owned()
    };
    assert_eq!((code(&kept.token).await.as_str(), code(&revoked.token).await.as_str()), ("VALID", "REVOKED"));
    assert!(running.stop().await.status.success());
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.contains(&"keyring.json".to_owned()) && !names.iter().any(|name| name.contains(".db")), "{names:?}");
}

#[tokio::test]
async fn a_second_server_serves_beside_the_first_by_the_same_roles_and_peppers() {
    let (first, second, url) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), url());
    let running = Program::on(first.path()).env("KEYBEARER_DATABASE", &url).with_admin().start().await;
    // Another machine has another directory, and the same keyring.
    fs::copy(first.path().join("keyring.json"), second.path().join("keyring.json")).unwrap();
    let beside = || Program::on(second.path()).env("KEYBEARER_DATABASE", &url);
    let refused = beside().env("KEYBEARER_ROLES", "auditor=6").run().await;
    assert!(!refused.status.success() && refused.errors.contains("has another table of roles"), "{}", refused.errors);
    assert_silent(&refused.errors);
    let other = beside().start().await;
    running.admin().await;
    other.admin().await;
    assert!(other.stop().await.status.success());
    // A keyring of its own would verify nothing.
    fs::remove_file(second.path().join("keyring.json")).unwrap();
    let refused = beside().run().await;
    assert!(!refused.status.success() && refused.errors.contains("keyring.json is missing"), "{}", refused.errors);
    assert!(running.stop().await.status.success());
}

#[tokio::test]
async fn a_lost_keyring_is_not_made_anew() {
    let (dir, url) = (tempfile::tempdir().unwrap(), url());
    let program = || Program::on(dir.path()).env("KEYBEARER_DATABASE", &url);
    assert!(program().with_admin().start().await.stop().await.status.success());
    fs::remove_file(dir.path().join("keyring.json")).unwrap();
    let refused = program().run().await;
    assert!(!refused.status.success() && refused.errors.contains("keyring.json is missing"), "{}", refused.errors);
    assert!(!dir.path().join("keyring.json").exists());
}

#[tokio::test]
async fn the_commands_on_this_machine_look_there() {
    let (dir, url) = (tempfile::tempdir().unwrap(), url());
    let run = |args: &[&str]| Run::on(dir.path(), args).env("KEYBEARER_DATABASE", &url);
    let doctor = || -> Vec<Value> { serde_json::from_str(&run(&["doctor", "--json"]).done().out).unwrap() };
    let finding = |found: &[Value], what: &str| found.iter().find(|finding| finding["what"] == what).cloned().unwrap();
    assert_eq!(finding(&doctor(), "database")["health"], "broken", "nothing is there yet");
    run(&["admin", "reset-link", "ada"]).refused(1, &["keyring"]);

    assert!(run(&["admin", "create", "ada"]).stdin(crate::support::PASSWORD).good().contains("\"ada\""));
    let running = Program::on(dir.path()).env("KEYBEARER_DATABASE", &url).start().await;
    let found = doctor();
    let database = finding(&found, "database");
    assert_eq!(database["health"], "good", "{found:?}");
    assert!(database["told"].as_str().unwrap().starts_with("answers; 0 keys, 1 accounts, 0 policies"), "{database}");
    assert!(found.iter().all(|finding| finding["health"] != "broken"), "{found:?}");
    assert_eq!(finding(&found, "clock of the database")["health"], "good");
    assert_eq!(finding(&found, "standby")["health"], "doubtful", "there is none");
    assert_eq!(finding(&found, "nodes")["told"], "1 serving, 0 silent, 0 fenced in the last hour");

    let base = format!("http://{}", running.address);
    let link = run(&["admin", "reset-link", "ada"]).env("KEYBEARER_PUBLIC_URL", &base).good();
    let page = running.get(link.trim_end().strip_prefix(&base).unwrap(), &Cred::None).await;
    assert!(page.text.contains("Set a password for ada"), "{}", page.text);
    assert_silent(&run(&["admin", "reset-link", "nobody"]).refused(4, &["no account", "postgres://"]));

    let file = dir.path().join("backup.tar");
    assert_silent(&run(&["backup", file.to_str().unwrap()]).refused(1, &["PostgreSQL", "pg_dump", "keyring.json"]));
    assert!(!file.exists());
    assert_silent(&run(&["restore", file.to_str().unwrap()]).refused(1, &["PostgreSQL", "pg_restore"]));
    assert!(running.stop().await.status.success());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_without_the_password() {
    let dir = tempfile::tempdir().unwrap();
    let url = "postgres://keybearer:hushhush@127.0.0.1:1/keys";
    let refused = Program::on(dir.path()).env("KEYBEARER_DATABASE", url).run().await;
    assert!(!refused.status.success() && refused.errors.contains("refused"), "{}", refused.errors);
    assert_silent(&refused.errors);
    let done = Run::on(dir.path(), ["doctor", "--database", url]).done();
    assert!(done.code == 9 && done.out.contains("postgres://127.0.0.1:1/keys"), "{done:?}");
    assert_silent(&done.out);
}
