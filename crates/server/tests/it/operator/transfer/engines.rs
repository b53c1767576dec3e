//! From one kind of database to the other and back, without a new key for anybody.

use super::tokens::{POLICY, file, token};
use super::*;
use crate::support::database;

fn rows(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap().lines().skip(1).map(str::to_owned).collect()
}

#[tokio::test]
async fn an_installation_moves_up_to_postgres_and_back_and_every_key_stays_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let [data, up, down] = ["data", "up", "down"].map(|name| dir.path().join(name));
    let running = Program::on(&data).with_admin().start().await;
    let admin = running.admin().await;
    let (live, dead) = furnish(&running, &admin).await;
    let mut before = Vec::new();
    for key in live.iter().chain(&dead) {
        before.push(verdict(&running, &admin, key).await);
    }
    assert!(running.stop().await.status.success());
    let file = dir.path().join("keys.jsonl");
    Run::on(&data, ["export", "--with-passwords", file.to_str().unwrap()]).good();

    let url = database::fresh();
    let on_postgres = |args: &[&str]| Run::on(&up, args).env("KEYBEARER_DATABASE", &url);
    fs::create_dir(&up).unwrap();
    fs::copy(data.join("keyring.json"), up.join("keyring.json")).unwrap();
    let import = |options: &[&str]| on_postgres(&[&["import", file.to_str().unwrap(), "--json"], options].concat()).done();
    let tried = summary(&import(&["--dry-run"]));
    assert_eq!(tried, json!({"imported": 0, "present": 0, "refused": 0, "kept": false, "dry_run": true}));
    on_postgres(&["export", "-"]).refused(1, &["no database postgres://"]);
    let done = import(&["--all-or-nothing"]);
    assert_eq!((done.code, done.errors.as_str()), (0, ""), "{done:?}");
    let again = summary(&import(&[]));
    assert_eq!(again, json!({"imported": 0, "present": 12, "refused": 0, "kept": true, "dry_run": false}));

    let second = dir.path().join("second.jsonl");
    on_postgres(&["export", "--with-passwords", second.to_str().unwrap()]).good();
    assert_eq!(rows(&second), rows(&file), "only the first line is another");

    let running = Program::on(&up).env("KEYBEARER_DATABASE", &url).start().await;
    assert_eq!(running.setup_link, None, "the administrator is there");
    let admin = running.admin().await;
    for (key, before) in live.iter().chain(&dead).zip(&before) {
        assert_eq!(verdict(&running, &admin, key).await, *before);
    }
    assert!(running.stop().await.status.success());
    assert!(!up.join("keybearer.db").exists(), "nothing is kept in SQLite meanwhile");

    fs::create_dir(&down).unwrap();
    fs::copy(data.join("keyring.json"), down.join("keyring.json")).unwrap();
    Run::on(&down, ["import", second.to_str().unwrap()]).good();
    let third = dir.path().join("third.jsonl");
    Run::on(&down, ["export", "--with-passwords", third.to_str().unwrap()]).good();
    assert_eq!(rows(&third), rows(&file));
}

#[tokio::test]
async fn a_hundred_thousand_keys_move_up_and_back_and_none_is_made_anew() {
    const KEYS: u32 = 100_000;
    let dir = tempfile::tempdir().unwrap();
    let [data, up, down] = ["data", "up", "down"].map(|name| dir.path().join(name));
    let name = |number| format!("key {number}");
    let line = |number| json!({"type": "key", "token": token(number).token, "name": name(number), "policy": "readers"}).to_string();
    let given_out = file(dir.path(), &std::iter::once(POLICY.to_owned()).chain((0..KEYS).map(line)).collect::<Vec<_>>());
    let url = database::fresh();
    let on_postgres = |args: &[&str]| Run::on(&up, args).env("KEYBEARER_DATABASE", &url);
    let moved = |done: Done| {
        let expected = json!({"imported": KEYS + 1, "present": 0, "refused": 0, "kept": true, "dry_run": false});
        assert_eq!(summary(&done), expected, "{}", done.errors);
    };
    moved(import(&data, &given_out, &["--json"]));
    let [first, second, third] = ["first", "second", "third"].map(|name| dir.path().join(name));
    export(&data, &first);
    for place in [&up, &down] {
        fs::create_dir(place).unwrap();
        fs::copy(data.join("keyring.json"), place.join("keyring.json")).unwrap();
    }
    moved(on_postgres(&["import", first.to_str().unwrap(), "--json"]).done());
    on_postgres(&["export", second.to_str().unwrap()]).good();
    assert!(rows(&second) == rows(&first), "only the first line is another");
    moved(import(&down, &second, &["--json"]));
    export(&down, &third);
    assert!(rows(&third) == rows(&first));

    for program in [Program::on(&up).env("KEYBEARER_DATABASE", &url), Program::on(&down)] {
        let running = program.start().await;
        let asks = token(0).bearer();
        for number in (0..KEYS).step_by(997) {
            let answer = running.post("/v1/verify", &asks, json!({"key": token(number).token})).await.expect(200);
            assert_eq!((&answer["code"], &answer["key"]["name"]), (&json!("VALID"), &json!(name(number))));
        }
        assert!(running.stop().await.status.success());
    }
}
