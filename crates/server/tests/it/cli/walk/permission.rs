//! `keybearer permission`.

use keybearer::cli::Exit;
use serde_json::json;

use super::{Walk, lines};

const MANIFEST: &str =
    r#"[{"name": "orders.read", "description": "See orders"}, {"name": "orders.refund", "description": "Pay an order back"}]"#;

pub(super) async fn walk(walk: &mut Walk) {
    let declared = walk.asked("permission declare", &["shop", "-"]).input(MANIFEST).run().await;
    let table = ["PERMISSION DECLARED DESCRIPTION", "shop:orders.read true See orders", "shop:orders.refund true Pay an order back"];
    assert_eq!(lines(declared.expect(Exit::Done)), table);

    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("manifest.json"), MANIFEST).unwrap();
    let again = walk.asked("permission declare", &["shop", "manifest.json", "--json"]).within(dir.path()).run().await.json(Exit::Done);
    assert_eq!(
        again[1],
        json!({"permission": "shop:orders.refund", "service": "shop", "name": "orders.refund",
        "description": "Pay an order back", "declared": true})
    );
    let absent = walk.asked("permission declare", &["shop", "nowhere.json"]).within(dir.path()).run().await;
    assert!(absent.error(Exit::Failed).starts_with("error: nowhere.json cannot be read: "), "{}", absent.err);
    let wrong = walk.asked("permission declare", &["shop", "-"]).input("{}").run().await;
    assert!(wrong.error(Exit::Failed).starts_with("error: - is not a list of "), "{}", wrong.err);

    assert!(walk.table("permission list", &[]).await.contains(&table[1].to_owned()));
    let all = walk.json("permission list", &[]).await;
    assert!(all.as_array().unwrap().iter().any(|permission| permission["permission"] == "keybearer:verify"), "{all}");
}
