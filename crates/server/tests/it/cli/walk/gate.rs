//! `keybearer gate`.

use keybearer::cli::Exit;
use serde_json::json;

use super::Walk;

pub(super) async fn walk(walk: &mut Walk) {
    let set = ["orders", "--any-of", "shop:orders.read", "--any-of", "shop:orders.refund", "--carrier", "bearer", "--header", "x-key-id"];
    let made = walk.json("gate set", &set).await;
    assert_eq!((&made["any_of"], &made["carriers"]), (&json!(["shop:orders.read", "shop:orders.refund"]), &json!(["bearer"])));
    assert_eq!(walk.json("gate show", &["orders"]).await, made);
    let shown = walk.table("gate show", &["orders"]).await;
    for line in ["name orders", "requires any of shop:orders.read shop:orders.refund", "carriers bearer", "headers x-key-id"] {
        assert!(shown.contains(&line.to_owned()), "{line}: {shown:?}");
    }

    // A file holds what was shown, or what is to be.
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("gate.json");
    let name = file.to_str().unwrap();
    let rules = json!([{"methods": ["GET", "HEAD"], "path": "/orders", "level": 1}, {"kind": "account"}]);
    std::fs::write(&file, json!({"level": 2, "rules": rules}).to_string()).unwrap();
    let ruled = walk.table("gate set", &["ruled", "--file", name]).await;
    for line in ["requires level 2", "rule GET,HEAD /orders: level 1", "rule * *: kind account"] {
        assert!(ruled.contains(&line.to_owned()), "{line}: {ruled:?}");
    }
    std::fs::write(&file, walk.json("gate show", &["ruled"]).await.to_string()).unwrap();
    assert_eq!(walk.json("gate set", &["copy", "--file", name]).await["rules"], rules);
    let listed = walk.table("gate list", &[]).await;
    assert_eq!(listed[0], "NAME REQUIRES RULES");
    assert!(listed.contains(&"ruled level 2 2".to_owned()), "{listed:?}");
    assert_eq!(walk.json("gate list", &[]).await.as_array().unwrap().len(), 3);

    std::fs::write(&file, "{\"levels\": 2}").unwrap();
    assert!(walk.ask("gate set", &["copy", "--file", name]).await.error(Exit::Usage).contains("no gate as JSON"));
    walk.ask("gate set", &["copy", "--file", name, "--level", "2"]).await.error(Exit::Usage);
    walk.ask("gate set", &["copy", "--carrier", "cookie"]).await.error(Exit::Usage);
    for gate in ["orders", "ruled", "copy"] {
        assert_eq!(walk.ask("gate delete", &[gate, "--yes"]).await.expect(Exit::Done), "");
    }
    walk.ask("gate delete", &["orders"]).await.error(Exit::NotFound);
}
