//! `keybearer admin`.

use serde_json::json;

use crate::support::child::{Program, Running};
use crate::support::command::Run;
use crate::support::{Answer, Cred, PASSWORD};

const OTHER: &str = "hollow cedar ninety kites";

async fn sign_in(running: &Running, username: &str, password: &str) -> Answer {
    running.post("/v1/sessions", &Cred::None, json!({"username": username, "password": password})).await
}

fn form(password: &str) -> String {
    format!("password={}", password.replace(' ', "+"))
}

async fn fill(running: &Running, path: &str, password: &str) -> Answer {
    running.ask("POST", path).body("application/x-www-form-urlencoded", form(password)).send().await
}

/// The path of a link that the command prints.
fn reset_link(running: &Running, dir: &std::path::Path, username: &str) -> String {
    let base = format!("http://{}", running.address);
    let done = Run::on(dir, ["admin", "reset-link", username]).env("KEYBEARER_PUBLIC_URL", &base).done();
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.errors.contains("30 minutes") && done.errors.contains(username), "{done:?}");
    done.out.trim_end().strip_prefix(&base).unwrap().to_owned()
}

#[tokio::test]
async fn an_administrator_is_made_while_the_server_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let create = |password: &str| Run::on(dir.path(), ["admin", "create", "ada"]).stdin(&format!("{password}\n"));
    create("short").refused(1, &["password", "12"]);
    assert!(create(PASSWORD).good().contains("\"ada\""));
    create(PASSWORD).refused(1, &["taken"]);
    let second = Run::on(dir.path(), ["admin", "create", "grace"]).stdin(PASSWORD).good();
    assert!(second.contains("administrator \"grace\""), "{second}");

    let running = Program::on(dir.path()).start().await;
    assert_eq!(running.setup_link, None);
    let session = sign_in(&running, "ada", PASSWORD).await.expect(201);
    assert_eq!(session["account"]["level"], 8);
    Run::on(dir.path(), ["admin", "create", "third"]).stdin(PASSWORD).refused(1, &["another Keybearer process"]);
    Run::on(dir.path(), ["admin", "create", "third"]).refused(2, &["password", "standard input"]);
}

#[tokio::test]
async fn a_link_sets_another_password_once() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    let before = running.admin().await;
    let path = reset_link(&running, dir.path(), "Admin");

    let page = running.get(&path, &Cred::None).await;
    assert_eq!((page.status.as_u16(), page.header("cache-control"), page.header("referrer-policy")), (200, "no-store", "same-origin"));
    assert!(page.text.contains("Set a password for Admin"), "{}", page.text);
    let weak = fill(&running, &path, "short").await;
    assert_eq!(weak.status, 422);
    assert!(weak.text.contains("at least 12 characters"), "{}", weak.text);

    let set = fill(&running, &path, OTHER).await;
    assert_eq!(set.status, 200, "{}", set.text);
    running.get("/v1/whoami", &before).await.problem(401, "credential_invalid");
    sign_in(&running, "admin", PASSWORD).await.problem(401, "sign_in_failed");
    let session = sign_in(&running, "admin", OTHER).await.expect(201);
    let admin = Cred::Bearer(session["token"].as_str().unwrap().to_owned());
    let events = running.get("/v1/events?action=account.changed", &admin).await.expect(200);
    assert_eq!((&events["items"][0]["actor"], &events["items"][0]["after"]["password"]), (&json!("operator"), &json!("changed")));

    assert_eq!(running.get(&path, &Cred::None).await.status, 410);
    assert_eq!(fill(&running, &path, PASSWORD).await.status, 410);
    assert!(running.stop().await.status.success());
    let running = Program::on(dir.path()).start().await;
    assert_eq!(fill(&running, &path, PASSWORD).await.status, 410, "it is used up for the next process too");
    sign_in(&running, "admin", OTHER).await.expect(201);
}

#[tokio::test]
async fn of_those_who_use_a_link_at_once_one_sets_the_password() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    let path = reset_link(&running, dir.path(), "admin");
    let passwords: Vec<String> = (0..4).map(|number| format!("{OTHER} {number}")).collect();
    let [a, b, c, d] = [0, 1, 2, 3].map(|number: usize| fill(&running, &path, &passwords[number]));
    let (a, b, c, d) = tokio::join!(a, b, c, d);
    let statuses = [a, b, c, d].map(|answer| answer.status.as_u16());
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    let winner = statuses.iter().position(|status| *status == 200).unwrap();
    sign_in(&running, "admin", &passwords[winner]).await.expect(201);
}

#[tokio::test]
async fn a_link_of_another_keyring_or_of_none_is_closed() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let running = Program::on(dir.path()).with_admin().start().await;
    assert!(Program::on(other.path()).with_admin().start().await.stop().await.status.success());
    for path in [reset_link(&running, other.path(), "admin"), "/reset/nonsense".to_owned()] {
        assert_eq!(running.get(&path, &Cred::None).await.status, 410);
        assert_eq!(fill(&running, &path, OTHER).await.status, 410);
    }
    sign_in(&running, "admin", PASSWORD).await.expect(201);
}

#[tokio::test]
async fn a_link_is_closed_by_whatever_changes_the_password_and_by_the_end_of_the_account() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    let admin = running.admin().await;
    let create = json!({"username": "bob", "password": PASSWORD, "role": "user"});
    let id = running.post("/v1/accounts", &admin, create.clone()).await.expect(201)["id"].clone();
    let account = format!("/v1/accounts/{id}");
    let closed = async |path: &str| {
        assert_eq!(running.get(path, &Cred::None).await.status, 410);
        assert_eq!(fill(&running, path, PASSWORD).await.status, 410);
    };

    let (one, two) = (reset_link(&running, dir.path(), "bob"), reset_link(&running, dir.path(), "bob"));
    assert_eq!(fill(&running, &one, OTHER).await.status, 200);
    closed(&two).await;
    sign_in(&running, "bob", OTHER).await.expect(201);

    let three = reset_link(&running, dir.path(), "bob");
    running.ask("PATCH", &account).with(&admin).json(&json!({"password": OTHER})).send().await.expect(200);
    closed(&three).await;

    let four = reset_link(&running, dir.path(), "bob");
    running.ask("DELETE", &account).with(&admin).send().await.expect(204);
    closed(&four).await;
    running.post("/v1/accounts", &admin, create).await.expect(201);
    closed(&four).await;
    sign_in(&running, "bob", PASSWORD).await.expect(201);
}

#[tokio::test]
async fn an_account_without_a_password_gets_its_first_by_a_link_once() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::on(dir.path()).with_admin().start().await;
    let admin = running.admin().await;
    running.post("/v1/accounts", &admin, json!({"username": "bob", "role": "user"})).await.expect(201);
    let path = reset_link(&running, dir.path(), "bob");
    assert_eq!(fill(&running, &path, OTHER).await.status, 200);
    assert_eq!(fill(&running, &path, PASSWORD).await.status, 410);
    sign_in(&running, "bob", OTHER).await.expect(201);
}

#[tokio::test]
async fn there_is_no_link_for_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let link = |username: &str| Run::on(dir.path(), ["admin", "reset-link", username]);
    link("admin").refused(1, &["data_dir"]);
    let running = Program::on(dir.path()).with_admin().start().await;
    link("nobody").refused(4, &["\"nobody\"", "account list"]);
    assert!(running.stop().await.status.success());
    link("nobody").refused(4, &["\"nobody\""]);
    assert!(link("ADMIN").good().contains("/reset/"), "it needs no server that runs");
}
