//! `keybearer policy`.

use keybearer::cli::Exit;
use serde_json::json;

use super::Walk;

pub(super) async fn walk(walk: &mut Walk) {
    let made = walk.json("policy create", &["Front Desk", "--permission", "shop:orders.read"]).await;
    assert_eq!((&made["name"], &made["permissions"]), (&json!("Front Desk"), &json!(["shop:orders.read"])));
    let id = made["id"].as_str().unwrap();
    assert!(walk.table("policy create", &["empty"]).await.contains(&"keys 0".to_owned()));

    let table = walk.table("policy list", &[]).await;
    assert_eq!(table[0], "ID NAME KEYS PERMISSIONS");
    assert!(table.contains(&format!("{id} Front Desk 0 shop:orders.read")), "{table:?}");
    assert!(table.iter().any(|line| line.ends_with(" empty 0 -")), "{table:?}");
    assert_eq!(walk.json("policy list", &[]).await.as_array().unwrap().len(), 2);

    // By id, by name, and by the name in another case.
    for name in [id, "Front Desk", "front desk"] {
        assert_eq!(walk.json("policy get", &[name]).await, made);
    }
    assert!(walk.table("policy get", &[id]).await.contains(&"permission shop:orders.read".to_owned()));

    let edited = walk.json("policy edit", &["front desk", "--grant", "shop:orders.refund", "--grant", "shop:orders.read"]).await;
    assert_eq!(edited["permissions"], json!(["shop:orders.read", "shop:orders.refund"]));
    let edited = walk.json("policy edit", &[id, "--withdraw", "shop:orders.read", "--name", "desk"]).await;
    assert_eq!((&edited["name"], &edited["permissions"]), (&json!("desk"), &json!(["shop:orders.refund"])));
    let wrong = walk.ask("policy edit", &["desk", "--withdraw", "shop:orders.raed"]).await;
    assert!(wrong.error(Exit::NotFound).contains("cannot be withdrawn"), "{}", wrong.err);
    walk.ask("policy edit", &["desk"]).await.error(Exit::Usage);

    let put = walk.json("policy put", &["desk", "--permission", "shop:orders.read"]).await;
    assert_eq!((&put["name"], &put["permissions"]), (&json!("desk"), &json!(["shop:orders.read"])));
    assert!(walk.table("policy put", &["desk", "--name", "front desk"]).await.contains(&"name front desk".to_owned()));
    walk.table("policy put", &["front desk", "--permission", "shop:orders.read"]).await;

    let deleted = walk.ask("policy delete", &["empty", "--yes"]).await;
    assert_eq!(deleted.expect(Exit::Done), "");
    let gone = walk.ask("policy delete", &["empty"]).await;
    assert_eq!(gone.error(Exit::NotFound), "error: there is no policy \"empty\"; `keybearer policy list` shows them\n");

    // A policy in use says by whom, and goes only with its keys.
    walk.server.service_key_with("desk 0", id).await;
    let used = walk.ask("policy delete", &["front desk"]).await;
    assert!(used.error(Exit::Conflict).contains("\n  key ") && used.err.contains(" desk 0\n"), "{}", used.err);
    let other = walk.server.policy("other", &[]).await;
    let key = walk.server.service_key_with("desk 9", &other).await;
    walk.ask("policy delete", &["other", "--cascade", "--json"]).await.expect(Exit::Done);
    assert_eq!(walk.server.verdict(&key.token).await, "REVOKED");
}
