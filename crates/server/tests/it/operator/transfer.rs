//! `keybearer export` and `import`: what leaves one installation is the same in another.

mod engines;
mod interrupted;
mod tokens;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::child::{Program, Running};
use crate::support::command::{Done, Run};
use crate::support::{Cred, Made, made};

fn export(data: &Path, file: &Path) -> String {
    Run::on(data, ["export", file.to_str().unwrap()]).good()
}

fn import<'a>(data: &'a Path, file: &'a Path, options: &[&'a str]) -> Done {
    Run::on(data, ["import", file.to_str().unwrap()].iter().chain(options)).done()
}

/// Its only line of JSON.
fn summary(done: &Done) -> Value {
    serde_json::from_str(done.out.lines().last().unwrap()).unwrap()
}

async fn verdict(running: &Running, admin: &Cred, key: &Made) -> Value {
    let answer = running.post("/v1/verify", admin, json!({"key": key.token})).await.expect(200);
    json!({"code": answer["code"], "key": answer["key"]})
}

/// An installation with keys of both kinds, live and dead. Returns the live ones and the dead ones.
async fn furnish(running: &Running, admin: &Cred) -> (Vec<Made>, Vec<Made>) {
    let person = running.post("/v1/accounts", admin, json!({"username": "bob", "password": "quartz heron mitten 9"})).await.expect(201);
    let declared = json!([{"name": "read", "description": "Read orders."}, {"name": "write", "description": "Write orders."}]);
    running.ask("PUT", "/v1/services/shop/permissions").with(admin).json(&declared).send().await.expect(200);
    let policy = |name: &str| json!({"name": name, "permissions": ["shop:read"]});
    let policies = [
        running.post("/v1/policies", admin, policy("readers")).await.expect(201)["id"].clone(),
        running.post("/v1/policies", admin, policy("doomed")).await.expect(201)["id"].clone(),
    ];
    let mut keys = Vec::new();
    for body in [
        json!({"name": "laptop", "level": 8, "metadata": {"place": "home"}}),
        json!({"name": "of bob", "level": 2, "owner": person["id"]}),
        json!({"name": "shop", "policy_id": policies[0], "service": "shop"}),
        json!({"name": "shop for a day", "policy_id": policies[0], "expires_in": 86_400}),
        json!({"name": "deleted", "level": 1}),
        json!({"name": "with its policy", "policy_id": policies[1]}),
    ] {
        keys.push(made(&running.post("/v1/keys", admin, body).await.expect(201)));
    }
    let descendant = running.post("/v1/keys", &keys[0].bearer(), json!({"name": "of a key", "level": 1})).await.expect(201);
    keys.insert(0, made(&descendant));
    let dead = keys.split_off(5);
    assert_eq!(running.ask("DELETE", &format!("/v1/keys/{}", dead[0].id)).with(admin).send().await.status, 204);
    let doomed = format!("/v1/policies/{}?cascade=true", policies[1].as_str().unwrap());
    assert!(running.ask("DELETE", &doomed).with(admin).send().await.status.is_success());
    (keys, dead)
}

#[tokio::test]
async fn every_key_is_elsewhere_as_good_or_as_dead_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file, there) = (dir.path().join("data"), dir.path().join("keys.jsonl"), dir.path().join("there"));
    let running = Program::on(&data).with_admin().start().await;
    let admin = running.admin().await;
    let (live, dead) = furnish(&running, &admin).await;
    let told = export(&data, &file);
    assert!(told.contains("7 keys, 2 accounts and 1 policies"), "{told}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    let mut before = Vec::new();
    for key in live.iter().chain(&dead) {
        before.push(verdict(&running, &admin, key).await);
    }
    assert!(running.stop().await.status.success());
    let text = fs::read_to_string(&file).unwrap();
    for key in live.iter().chain(&dead) {
        assert!(!text.contains(&key.secret) && !text.contains(&key.token));
    }
    assert!(!text.contains("argon2"), "passwords stay out");

    // With the keyring, for the peppers. The password was not exported: a link sets another.
    fs::create_dir(&there).unwrap();
    fs::copy(data.join("keyring.json"), there.join("keyring.json")).unwrap();
    let tried = summary(&import(&there, &file, &["--dry-run", "--json"]));
    assert_eq!(tried, json!({"imported": 0, "present": 0, "refused": 0, "kept": false, "dry_run": true}));
    assert!(!there.join("keybearer.db").exists(), "what is only tried leaves nothing");
    let done = import(&there, &file, &["--all-or-nothing"]);
    assert_eq!((done.code, done.errors.as_str()), (0, ""), "{done:?}");
    let again = summary(&import(&there, &file, &["--json"]));
    assert_eq!(again, json!({"imported": 0, "present": 12, "refused": 0, "kept": true, "dry_run": false}));
    let second = dir.path().join("second.jsonl");
    export(&there, &second);
    let rows = |text: &str| -> Vec<String> { text.lines().skip(1).map(str::to_owned).collect() };
    assert_eq!(rows(&fs::read_to_string(&second).unwrap()), rows(&text), "only the first line is another");
    Run::on(&there, ["doctor"]).good();

    let running = Program::on(&there).start().await;
    assert_eq!(running.setup_link, None, "the administrator is there");
    let admin = live[1].bearer();
    for (key, before) in live.iter().chain(&dead).zip(before) {
        assert_eq!(verdict(&running, &admin, key).await, before);
    }
    let events = running.get("/v1/events?limit=200", &admin).await.expect(200);
    let events = events["items"].as_array().unwrap();
    assert_eq!(events.len(), 12);
    assert!(events.iter().all(|event| event["request_id"] == "import" && event["actor"] == "operator"));
    assert!(running.stop().await.status.success());
}

#[tokio::test]
async fn passwords_come_along_where_they_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (data, there) = (dir.path().join("data"), dir.path().join("there"));
    assert!(Program::on(&data).with_admin().start().await.stop().await.status.success());
    let text = Run::on(&data, ["export", "--with-passwords"]).good();
    assert!(text.contains("$argon2id$"), "standard output is what is meant where no file is named");
    Run::on(&there, ["import", "-"]).stdin(&text).good();
    let running = Program::on(&there).start().await;
    running.admin().await;
    assert!(running.stop().await.status.success());
}

#[tokio::test]
async fn a_file_that_is_there_is_kept_unless_it_may_go() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("keys.jsonl"));
    Run::on(&data, ["export", file.to_str().unwrap()]).refused(1, &["no database", "data_dir"]);
    assert!(Program::on(&data).with_admin().start().await.stop().await.status.success());
    fs::write(&file, "precious").unwrap();
    Run::on(&data, ["export", file.to_str().unwrap()]).refused(1, &["keys.jsonl is there already", "--force"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    Run::on(&data, ["export", "--force", file.to_str().unwrap()]).good();
    assert!(fs::read_to_string(&file).unwrap().starts_with(r#"{"type":"export","format":1"#));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    Run::on(&data, ["export", dir.path().join("nowhere/keys.jsonl").to_str().unwrap()]).refused(1, &["nowhere"]);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left beside it");
}

#[tokio::test]
async fn beside_a_server_nothing_is_imported() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("keys.jsonl"));
    let running = Program::on(&data).with_admin().start().await;
    export(&data, &file);
    for options in [&["--dry-run"][..], &[]] {
        let refused = import(&data, &file, options);
        assert_eq!((refused.code, refused.out.as_str()), (1, ""));
        assert!(refused.errors.contains("another Keybearer process holds the lock") && refused.errors.contains("stop it"), "{refused:?}");
    }
    assert!(running.stop().await.status.success());
    assert_eq!(import(&data, &file, &[]).code, 0);
    let refused = import(&data, &dir.path().join("absent.jsonl"), &[]);
    assert!(refused.code == 1 && refused.errors.contains("absent.jsonl"), "{refused:?}");
}
