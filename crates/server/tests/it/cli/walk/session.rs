//! `keybearer session`.

use keybearer::cli::Exit;
use serde_json::json;

use super::{Walk, lines};
use crate::support::{Cred, PASSWORD, SECOND};

pub(super) async fn walk(walk: &mut Walk) {
    // Whatever the environment holds, signing in needs none of it.
    let created = walk.asked("session create", &["admin"]).env("KEYBEARER_TOKEN", "of no use").given(&[PASSWORD]).run().await;
    let token = created.expect(Exit::Done).trim_end().to_owned();
    assert_eq!(created.err, "Signed in as admin until 2026-01-01T12:00:01.000Z.\n");
    let mine = Cred::Bearer(token);
    walk.server.advance(SECOND);
    let created = walk.asked("session create", &["ADMIN", "--json"]).given(&[PASSWORD]).run().await.json(Exit::Done);
    assert_eq!(created["account"]["username"], "admin");
    let wrong = walk.asked("session create", &["admin"]).given(&["not the password"]).run().await;
    assert!(wrong.error(Exit::Refused).starts_with("error: User name or password is wrong.\n  request id: "), "{}", wrong.err);
    walk.asked("session create", &["admin", "--token-stdin"]).given(&[PASSWORD]).run().await.error(Exit::Usage);

    let sessions = walk.asked("session list", &["--json"]).with(&mine).run().await.json(Exit::Done);
    let sessions = sessions.as_array().unwrap();
    assert_eq!(sessions.iter().map(|session| &session["current"]).collect::<Vec<_>>(), [&json!(false), &json!(true), &json!(false)]);
    let table = walk.table("session list", &["--account", "1"]).await;
    assert_eq!(table[0], "ID ACCOUNT CREATED EXPIRES CURRENT");
    assert_eq!(table.len(), 4);

    let newest = sessions[0]["id"].as_str().unwrap();
    assert_eq!(lines(walk.ask("session end", &[newest]).await.expect(Exit::Done)), Vec::<String>::new());
    walk.ask("session end", &[newest]).await.error(Exit::NotFound);
    walk.ask("session end", &["last"]).await.error(Exit::Usage);
    let ended = walk.asked("session end", &["current"]).with(&mine).run().await;
    assert_eq!((ended.expect(Exit::Done), &*ended.err), ("", "The session has ended.\n"));
    walk.asked("whoami", &[]).with(&mine).run().await.error(Exit::Refused);
}
