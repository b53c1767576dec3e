//! `keybearer account`.

use keybearer::cli::Exit;
use serde_json::json;

use super::Walk;
use crate::support::PASSWORD;

const OTHER: &str = "marble orchard kettle drizzle";

pub(super) async fn walk(walk: &mut Walk) {
    let made = walk.asked("account create", &["bob", "--role", "support", "--email", "bob@example.com", "--set-password", "--json"]);
    let bob = made.given(&[PASSWORD]).run().await.json(Exit::Done);
    assert_eq!((&bob["username"], &bob["role"], &bob["has_password"]), (&json!("bob"), &json!("support"), &json!(true)));
    let number = bob["id"].to_string();

    let table = walk.table("account create", &["shop-42", "--external-id", "42", "--metadata", r#"{"plan":"gold"}"#]).await;
    for line in
        ["username shop-42", "external id 42", r#"metadata {"plan":"gold"}"#, "has password false", "created 2026-01-01T00:00:00.000Z"]
    {
        assert!(table.iter().any(|found| found == line), "{line}: {table:?}");
    }

    let accounts = walk.json("account list", &["--role", "support", "--status", "active"]).await;
    assert_eq!(accounts.as_array().unwrap().iter().map(|account| &account["username"]).collect::<Vec<_>>(), ["bob"]);
    let linked = walk.json("account change", &[&number, "--external-id", "b", "--issuer", "https://app.example"]).await;
    assert_eq!((&linked["external_id"], &linked["issuer"]), (&json!("b"), &json!("https://app.example")));
    let found = walk.json("account list", &["--issuer", "https://app.example", "--external-id", "b"]).await;
    assert_eq!(found.as_array().unwrap().iter().map(|account| &account["username"]).collect::<Vec<_>>(), ["bob"]);
    walk.table("account change", &[&number, "--no-external-id"]).await;
    let table = walk.table("account list", &["--limit", "2"]).await;
    assert_eq!(table[0], "ID USERNAME ROLE LEVEL STATUS CONSENT CREATED");
    assert_eq!(
        table[1..],
        ["1 admin admin 8 active true 2026-01-01T00:00:00.000Z", "2 bob support 6 active true 2026-01-01T00:00:00.000Z"]
    );

    assert_eq!(walk.json("account get", &[&number]).await, bob);
    assert!(walk.table("account get", &[&number]).await.contains(&"email bob@example.com".to_owned()));

    // The holder needs the password so far, which is read before the new one.
    let token = walk.server.sign_in("bob", PASSWORD).await;
    let asked = walk.asked("account change", &[&number, "--current-password", "--set-password", "--email", "b@example.com", "--json"]);
    let changed = asked.with(&crate::support::Cred::Bearer(token)).given(&[PASSWORD, OTHER]).run().await.json(Exit::Done);
    assert_eq!((&changed["email"], &changed["live_keys"]), (&json!("b@example.com"), &json!([])));
    walk.server.sign_in("bob", OTHER).await;

    let changed = walk.json("account change", &[&number, "--no-email", "--external-id", "b", "--metadata", "{}"]).await;
    assert_eq!((changed.get("email"), &changed["external_id"]), (None, &json!("b")));
    let table = walk.table("account change", &[&number, "--no-external-id", "--role", "user", "--status", "locked"]).await;
    assert!(table.contains(&"ended sessions 2".to_owned()), "{table:?}");
    assert!(!table.iter().any(|line| line.starts_with("external id")), "{table:?}");
    walk.table("account change", &[&number, "--status", "active", "--consent", "true"]).await;

    walk.server.sign_in("bob", OTHER).await;
    let revoked = walk.json("account revoke-keys", &[&number, "--reason", "a test"]).await;
    assert_eq!(revoked, json!({"revoked_keys": 0, "ended_sessions": 1}));
    let table = walk.table("account revoke-keys", &[&number, "--reason", "a test", "--yes"]).await;
    assert_eq!(table, ["revoked keys 0", "ended sessions 0"]);

    // The holder gives the password, and may have it wrong.
    let token = crate::support::Cred::Bearer(walk.server.sign_in("bob", OTHER).await);
    let wrong = walk.asked("account delete", &[&number, "--current-password"]).with(&token).given(&[PASSWORD]).run().await;
    assert!(wrong.error(Exit::Refused).contains("\n  /current_password: is not the account's password\n"), "{}", wrong.err);
    let deleted = walk.asked("account delete", &[&number, "--current-password"]).with(&token).given(&[OTHER]).run().await;
    assert_eq!((deleted.expect(Exit::Done), &*deleted.err), ("", &*format!("Account {number} is deleted.\n")));
    walk.ask("account get", &[&number]).await.error(Exit::NotFound);
}
