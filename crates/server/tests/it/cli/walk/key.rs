//! `keybearer key`.

use keybearer::cli::Exit;
use serde_json::{Value, json};

use super::{Walk, lines};
use crate::support::{Cred, SECOND};

const ABSENT: &str = "0198c5a4-9a55-7c6b-8f0e-3f1f2f0c4d11";

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

pub(super) async fn walk(walk: &mut Walk) {
    let laptop = create(walk).await;
    let desk = service(walk).await;
    list(walk, &laptop, &desk).await;
    revoke(walk, &laptop).await;
}

async fn create(walk: &mut Walk) -> Value {
    let asked = ["laptop", "--level", "3", "--expires-in", "1d", "--metadata", r#"{"colour":"blue"}"#, "--json"];
    let made = walk.ask("key create", &asked).await;
    let laptop = made.json(Exit::Done);
    assert_eq!(made.err, "Keep the token, or the pair of id and secret, now: nobody can show it again.\n");
    assert_eq!((&laptop["level"], &laptop["expires_at"]), (&json!(3), &json!("2026-01-02T00:00:00.000Z")));

    // The token alone, to be kept by a script; it is good.
    let token = walk.ask("key create", &["ci", "--level", "0", "--owner", "1", "--token-only"]).await;
    assert_eq!(token.err, "");
    assert_eq!(walk.server.verdict(token.expect(Exit::Done).trim_end()).await, "VALID");
    // The table has both spellings, and both are good.
    let table = walk.table("key create", &["phone", "--level", "1"]).await;
    let field = |name: &str| table.iter().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    assert_eq!(walk.server.verdict(&field("token ")).await, "VALID");
    assert_eq!(walk.server.verdict(&format!("{}:{}", field("id "), field("secret "))).await, "VALID");

    // What a pair in the environment and a token on standard input are.
    let pair = Cred::Basic(text(&laptop, "id").to_owned(), text(&laptop, "secret").to_owned());
    let who = walk.asked("whoami", &["--json"]).with(&pair).run().await.json(Exit::Done);
    assert_eq!((&who["credential"], &who["key"]["name"]), (&json!("account_key"), &json!("laptop")));
    let who = walk.asked("whoami", &["--token-stdin"]).given(&[text(&laptop, "token")]).run().await;
    assert!(lines(who.expect(Exit::Done)).contains(&"level in force 3".to_owned()), "{}", who.out);
    let who = walk.table("whoami", &[]).await;
    assert!(who.contains(&"credential session".to_owned()) && who.contains(&"username admin".to_owned()), "{who:?}");
    laptop
}

async fn service(walk: &mut Walk) -> Value {
    let desk = walk.json("key create", &["desk 1", "--policy", "front desk", "--service", "shop"]).await;
    assert_eq!((&desk["policy"]["name"], &desk["service"], desk.get("expires_at")), (&json!("front desk"), &json!("shop"), None));
    let id = text(&desk, "id");
    walk.server.policy("back office", &[]).await;
    let changed = walk.json("key change", &[id, "--name", "desk one", "--policy", "back office"]).await;
    assert_eq!((&changed["name"], &changed["policy"]["name"]), (&json!("desk one"), &json!("back office")));
    let table = walk.table("key change", &[id, "--policy", "front desk", "--metadata", r#"{"floor":1}"#]).await;
    assert!(table.contains(&r#"metadata {"floor":1}"#.to_owned()), "{table:?}");
    desk
}

async fn list(walk: &mut Walk, laptop: &Value, desk: &Value) {
    let names = |keys: &Value| -> Vec<String> { keys.as_array().unwrap().iter().map(|key| text(key, "name").to_owned()).collect() };
    assert_eq!(names(&walk.json("key list", &["--kind", "account", "--sort", "name"]).await), ["ci", "laptop", "phone"]);
    assert_eq!(names(&walk.json("key list", &["--sort", "-name", "--owner", "1", "--limit", "2"]).await), ["phone", "laptop"]);
    assert_eq!(names(&walk.json("key list", &["--policy", "front desk", "--name", "ONE"]).await), ["desk one"]);
    assert_eq!(names(&walk.json("key list", &["--expires-before", "2026-01-03T00:00:00Z"]).await), ["laptop"]);
    let state = |state| ["--state", state, "--sort", "name", "--kind", "service"];
    assert_eq!(names(&walk.json("key list", &state("active")).await), ["desk 0", "desk one"]);
    assert_eq!(names(&walk.json("key list", &state("revoked")).await), ["desk 9"]);
    // The wall clock, by which durations count, is far beyond the clock of this server.
    assert_eq!(names(&walk.json("key list", &["--kind", "account", "--unused-since", "1s", "--expires-before", "1s"]).await).len(), 3);

    let table = walk.table("key list", &["--sort", "name"]).await;
    assert_eq!(table[0], "ID KIND NAME STATE MAY OWNER EXPIRES LAST USED");
    let row = format!("{} service desk one active front desk - - -", text(desk, "id"));
    assert!(table.contains(&row), "{row}: {table:?}");
    let row = format!("{} account laptop active level 3 1 2026-01-02T00:00:00.000Z 2026-01-01T00:00:00.000Z", text(laptop, "id"));
    assert!(table.contains(&row), "{row}: {table:?}");

    let got = walk.json("key get", &[text(laptop, "id")]).await;
    assert_eq!((&got["id"], &got["metadata"], got.get("secret")), (&laptop["id"], &laptop["metadata"], None));
    assert!(walk.table("key get", &[text(laptop, "id")]).await.contains(&"created by account:1".to_owned()));
}

async fn revoke(walk: &mut Walk, laptop: &Value) {
    let (id, token) = (text(laptop, "id"), text(laptop, "token"));
    assert_eq!(lines(walk.ask("key revoke", &[id]).await.expect(Exit::Done)), ["ID OUTCOME", &format!("{id} revoked")]);
    assert_eq!(walk.server.verdict(token).await, "REVOKED");
    let again = walk.ask("key revoke", &[id, "--yes"]).await;
    assert!(again.error(Exit::NotFound).starts_with("error: There is no such key, or none that you may see.\n"), "{}", again.err);

    // Many: an answer for each, and the worst of them as the exit code.
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(walk.server.account_key(&walk.admin, 4).await);
    }
    let [one, two, three, four] = &*made else { unreachable!() };
    let both = walk.json("key revoke", &[&one.id, &two.id]).await;
    assert_eq!(both["results"], json!([{"id": one.id, "outcome": "revoked"}, {"id": two.id, "outcome": "revoked"}]));
    let some = walk.ask("key revoke", &[&three.id, ABSENT]).await;
    assert_eq!(lines(some.expect(Exit::NotFound))[1..], [format!("{} revoked", three.id), format!("{ABSENT} not_found")]);

    // With what they made, and what that made.
    let child = walk.server.account_key(&four.bearer(), 4).await;
    let grandchild = walk.server.account_key(&child.bearer(), 2).await;
    let other = walk.server.account_key(&walk.admin, 4).await;
    let of_other = walk.server.account_key(&other.bearer(), 1).await;
    walk.ask("key revoke", &[&four.id, "--descendants"]).await.expect(Exit::Done);
    assert_eq!(walk.server.verdict(&grandchild.token).await, "REVOKED");
    let some = walk.ask("key revoke", &[&other.id, ABSENT, "--descendants", "--json"]).await.json(Exit::NotFound);
    assert_eq!(some["results"], json!([{"id": other.id, "outcome": "revoked"}, {"id": ABSENT, "outcome": "not_found"}]));
    assert_eq!(walk.server.verdict(&of_other.token).await, "REVOKED");

    // Somebody else's: hidden from people, so that nobody learns of it.
    let ann = walk.server.person("ann", "user").await;
    let foreign = walk.server.account_key(&walk.admin, 1).await;
    let key = walk.server.account_key(&ann.session(), 4).await;
    walk.asked("key revoke", &[&foreign.id]).with(&key.bearer()).run().await.error(Exit::NotFound);
    let weak = walk.server.account_key(&ann.session(), 3).await;
    walk.asked("key revoke", &[&foreign.id, &key.id]).with(&weak.bearer()).run().await.error(Exit::Refused);
    walk.server.advance(SECOND);
}
